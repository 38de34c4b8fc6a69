"""Row changes of the project, over the stock realtime client.

The only file that knows the insides of that client; its version is pinned for this reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimeSubscribeStates
from realtime.message import SuccessSystemPayload
from realtime.types import PostgresChangesPayload, RealtimePostgresChangesListenEvent

from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotReachable
from services.ports.facts import Change, LinkSignal, Table

_log = logging.getLogger(__name__)
_WATCH_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 2.0


class SupabaseFeed:
    """`services.ports.Feed`. Every `open` makes a new socket and a channel with a name never used before.

    The library's own reconnecting is off: it can end in a joined channel that receives nothing.
    """

    def __init__(self, session: SupabaseSession) -> None:
        self._session = session
        self._numbers = itertools.count(1)
        self._life: _Life | None = None
        session.on_token(self._renewed)

    async def open(
        self, tables: Sequence[Table], on_change: Callable[[Change], None], on_signal: Callable[[LinkSignal], None]
    ) -> None:
        """See the port. Raises NotReachable when there is no socket, NotPermitted when the sign-in has ended."""
        await self.close()
        token = await self._session.token()
        life = self._life = _Life(self._session, f"console:{next(self._numbers)}", on_change, on_signal)
        try:
            await life.start(tables, token)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """See the port."""
        life, self._life = self._life, None
        if life is not None:
            await life.end()

    def _renewed(self, token: str) -> None:
        if self._life is not None:
            self._life.token = token


class _Life:
    """One socket with one channel, from joining to its end."""

    def __init__(
        self,
        session: SupabaseSession,
        topic: str,
        on_change: Callable[[Change], None],
        on_signal: Callable[[LinkSignal], None],
    ) -> None:
        url = f"{session.url}/realtime/v1"
        self._client = AsyncRealtimeClient(url, session.key, auto_reconnect=False, max_retries=1)
        self._channel: AsyncRealtimeChannel = self._client.channel(topic)
        self._on_change = on_change
        self._on_signal = on_signal
        self._confirmed = False
        self._over = False
        self._joining: asyncio.Task[Any] | None = None
        self._watching: asyncio.Task[None] | None = None
        self.token = ""

    async def start(self, tables: Sequence[Table], token: str) -> None:
        """Connect and send the join; what comes of it arrives as signals."""
        self.token = token
        try:
            await self._client.connect()
        except Exception as error:
            # The library passes on whatever its socket raised.
            raise NotReachable("The feed does not answer.", hint="Check the network.", raw=repr(error)) from error
        await self._client.set_auth(token)
        for table in tables:
            self._channel.on_postgres_changes(
                RealtimePostgresChangesListenEvent.All, callback=self._changed, table=table, schema="public"
            )
        self._channel.on_system(self._system)
        loop = asyncio.get_running_loop()
        # Both are held here and awaited in `end`: the join must not make `open` wait for the server's answer.
        self._joining = loop.create_task(self._channel.subscribe(self._state), name="feed join")
        self._watching = loop.create_task(self._watch(token), name="feed watch")

    async def end(self) -> None:
        """Leave without a word to anybody; takes at most two seconds."""
        self._over = True
        tasks: list[asyncio.Task[Any]] = [task for task in (self._joining, self._watching) if task is not None]
        for task in tasks:
            task.cancel()
        heart, listener = self._client._heartbeat_task, self._client._listen_task
        self._channel.rejoin_timer.reset()
        self._channel.join_push.destroy()
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._client.close()
        for inner in (heart, listener):
            if inner is not None:
                inner.cancel()
                tasks.append(inner)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _changed(self, payload: PostgresChangesPayload) -> None:
        try:
            self._on_change(change_of(payload["data"]))
        except Exception:
            # An exception here would end the library's listener without a sign.
            _log.exception("a change could not be taken")
            self._lost("a change could not be read")

    def _system(self, payload: SuccessSystemPayload) -> None:
        if payload.extension != "postgres_changes":
            return
        if self._confirmed:
            self._lost("the server subscribed anew: something may be missing")
        else:
            self._confirmed = True
            self._say(LinkSignal("confirmed"))

    def _state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state is not RealtimeSubscribeStates.SUBSCRIBED:
            reasons = {
                RealtimeSubscribeStates.TIMED_OUT: "the server did not answer the join",
                RealtimeSubscribeStates.CLOSED: "the server closed the channel",
            }
            self._lost(reasons.get(state, f"the connection broke: {error}" if error else "the connection broke"))

    def _lost(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._say(LinkSignal("lost", why))

    def _say(self, signal: LinkSignal) -> None:
        try:
            self._on_signal(signal)
        except Exception:
            _log.exception("a signal of the feed could not be taken")

    async def _watch(self, sent: str) -> None:
        """Notice a dead listener, and pass a renewed token on."""
        while not self._over:
            await asyncio.sleep(_WATCH_SECONDS)
            listener = self._client._listen_task
            if listener is None or listener.done():
                self._lost("the connection broke without a sign")
            elif self.token != sent:
                sent = self.token
                try:
                    await self._client.set_auth(sent)
                except Exception as error:
                    self._lost(f"the renewed sign-in could not be sent: {error}")


def change_of(data: Any) -> Change:
    """The change in the `data` of a postgres_changes message."""
    kind = getattr(data["type"], "value", data["type"])
    if kind == "DELETE":
        return Change(data["table"], "DELETE", dict(data.get("old_record") or {}))
    row = dict(data.get("record") or {})
    columns = {column["name"] for column in data.get("columns") or ()}
    complete = bool(columns) and not data.get("errors") and columns <= row.keys()
    return Change(data["table"], "INSERT" if kind == "INSERT" else "UPDATE", row, complete)
