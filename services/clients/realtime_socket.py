"""The stock realtime client with a receive loop of our own.

The only file that knows the insides of that client; its version is pinned for this reason. Joining, heartbeats
and rejoining stay the library's; row changes go past its validation, which takes fifty times as long as they need.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial
from typing import Final, cast

import websockets
from pydantic import ValidationError
from realtime import AsyncRealtimeClient
from realtime.message import ChannelCloseMessage, Message, ServerMessageAdapter
from websockets.asyncio.client import ClientConnection

from services.clients.feed_connection import FeedConnection
from services.clients.realtime_changes import read_change
from services.ports.facts import Change

_log = logging.getLogger(__name__)
_LARGEST_FRAME: Final = 8 * 1024 * 1024
"""Bytes. Changes are cut by the server at 1 MiB, broadcasts may be three times that."""
_CLOSE_SECONDS: Final = 2.0


class RealtimeSocket(AsyncRealtimeClient):
    """One connection, from `connect` to `end`; it doesn't reconnect by itself.

    `on_change` takes each row change of a topic that is joined, `on_unreadable` a sentence on each one that could
    not be read. Neither may raise: what they raise is logged, and counts as unreadable.
    """

    def __init__(
        self, url: str, key: str, on_change: Callable[[Change], None], on_unreadable: Callable[[str], None]
    ) -> None:
        super().__init__(url, key, auto_reconnect=False, max_retries=1)
        self._on_change = on_change
        self._on_unreadable = on_unreadable
        self.frames = 0
        """How many frames came, of whatever kind."""

    @property
    def listening(self) -> bool:
        """False when nothing would be received any more."""
        return self._listen_task is not None and not self._listen_task.done()

    async def ask_for_a_frame(self) -> None:
        """Send a heartbeat that the other end must answer."""
        await self.send(Message(topic="phoenix", event="heartbeat", payload={}, ref=self._make_ref()))

    async def end(self) -> None:
        """Close without a word to anybody; takes at most two seconds, and leaves nothing when it is called off."""
        running = [task for task in (self._heartbeat_task, self._listen_task) if task is not None]
        connection = self._ws_connection
        # Before anything is waited for: who calls this off would leave a beat behind that nobody ends.
        for task in running:
            task.cancel()
        for channel in self.channels.values():
            channel.rejoin_timer.reset()
            channel.join_push.destroy()
            for push in channel.messages_waiting_for_ack.values():
                push.destroy()
        try:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await self.close()
        finally:
            # The other end may never answer to a close; after a close that went well this does nothing.
            if connection is not None:
                connection.transport.abort()
        await asyncio.gather(*running, return_exceptions=True)

    async def connect(self) -> None:
        """Open the socket, once. Raises what the WebSocket library raises."""
        self._ws_connection = await websockets.connect(
            self.endpoint_url(),
            open_timeout=self.timeout,
            max_size=_LARGEST_FRAME,
            create_connection=cast(type[ClientConnection], partial(FeedConnection, self._take)),
        )
        await self._on_connect()

    async def _listen(self) -> None:
        """Messages come to `_take` by themselves: only the end is waited for."""
        connection = self._ws_connection
        assert connection is not None
        await connection.wait_closed()
        # Also after 1000 and 1001; `end` takes the connection away first, so that it isn't a loss.
        if self._ws_connection is connection:
            self._ws_connection = None
            self._set_channels_errored(connection.protocol.close_exc)

    def _take(self, frame: bytes) -> None:
        """Nothing may leave here: it would end the connection without a sign."""
        self.frames += 1
        try:
            found = read_change(frame)
            if found is None:
                self._hand_on(frame)
            elif found[0] in self.channels:
                self._on_change(found[1])
        except Exception as error:
            _log.exception("a frame of the feed could not be taken")
            self._on_unreadable(f"a message of the feed could not be read ({type(error).__name__})")

    def _hand_on(self, frame: bytes) -> None:
        """Give what isn't a row change to the library."""
        try:
            message = ServerMessageAdapter.validate_json(frame)
        except ValidationError:
            _log.warning("a message of the feed is of no known kind: %r", frame[:200])
            return
        channel = self.channels.get(message.topic)
        if channel is None:
            return
        if isinstance(message, ChannelCloseMessage) and message.ref not in (None, channel.join_push.ref):
            # A close that answers an older join of the same topic: the newer one lives on.
            return
        channel._handle_message(message)
