"""Row changes of the project as the port `Feed`, over one socket for each opening."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from realtime import RealtimeSubscribeStates
from realtime.message import SuccessSystemPayload
from realtime.types import RealtimeChannelOptions, RealtimePostgresChangesListenEvent

from services.clients.feed_pulse import Pulse
from services.clients.realtime_socket import RealtimeSocket
from services.domain.errors import NotReachable
from services.domain.redaction import redact
from services.ports.facts import Change, LinkSignal, Table

_log = logging.getLogger(__name__)
_ECHO: Final = "echo"
_SEND_SECONDS: Final = 2.0
_LOST: Final = {
    RealtimeSubscribeStates.TIMED_OUT: "the server did not answer the join",
    RealtimeSubscribeStates.CLOSED: "the server closed the channel",
}


class SignIn(Protocol):
    """What the feed needs of `SupabaseSession`."""

    @property
    def url(self) -> str: ...
    @property
    def key(self) -> str: ...
    def on_token(self, listener: Callable[[str], None]) -> None: ...
    async def token(self) -> str: ...
    async def renew(self, refused: str) -> str: ...


class SupabaseFeed:
    """`services.ports.Feed`. Every `open` makes a new socket and a channel with a name never used before.

    The library's own reconnecting is off: it can end in a joined channel that receives nothing.
    A socket on which nothing comes in is asked for a sign of life after two beats and given up after six; the
    channel is asked each minute, by a message to itself, and given up when two stay away. `beat` is in seconds.
    """

    def __init__(self, session: SignIn, *, beat: float = 1.0) -> None:
        self._session = session
        self._beat = beat
        self._numbers = itertools.count(1)
        self._life: _Life | None = None
        self._refused = ""
        session.on_token(self._renewed)

    async def open(
        self, tables: Sequence[Table], on_change: Callable[[Change], None], on_signal: Callable[[LinkSignal], None]
    ) -> None:
        """See the port. Raises NotReachable when there is no socket, SignedOut when the sign-in has ended."""
        await self.close()
        # A channel that the server closed may have been closed for its token, whatever our clock says of that.
        token = await (self._session.renew(self._refused) if self._refused else self._session.token())
        self._refused = ""
        life = self._life = _Life(
            self._session, f"console:{next(self._numbers)}", tables, on_change, on_signal, self._beat
        )
        try:
            await life.start(token)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """See the port."""
        life, self._life = self._life, None
        if life is not None:
            self._refused = life.token if life.refused else ""
            await life.end()

    def _renewed(self, token: str) -> None:
        if self._life is not None:
            self._life.token = token


class _Life:
    """One socket with one channel, from joining to its end."""

    def __init__(
        self,
        session: SignIn,
        topic: str,
        tables: Sequence[Table],
        on_change: Callable[[Change], None],
        on_signal: Callable[[LinkSignal], None],
        beat: float,
    ) -> None:
        self._socket = RealtimeSocket(f"{session.url}/realtime/v1", session.key, on_change, self._lost)
        options: RealtimeChannelOptions = {
            "config": {
                "broadcast": {"ack": False, "self": True},
                "presence": {"key": "", "enabled": False},
                "private": False,
            }
        }
        self._channel = self._socket.channel(topic, options)
        for table in tables:
            self._channel.on_postgres_changes(
                # Changes don't come this way: the socket hands them to `on_change` itself.
                RealtimePostgresChangesListenEvent.All, callback=lambda _: None, table=table, schema="public",
            )  # fmt: skip
        self._channel.on_system(self._system)
        self._channel.on_broadcast(_ECHO, self._heard)
        self._on_signal = on_signal
        self._beat = beat
        self._echoes = 0
        self._confirmed = False
        self._over = False
        self._joining: asyncio.Task[Any] | None = None
        self._watching: asyncio.Task[None] | None = None
        self.token = ""
        self.refused = False
        """True when the server ended the channel, or refused the join, and not the network."""

    async def start(self, token: str) -> None:
        """Connect and send the join; what comes of it arrives as signals."""
        self.token = token
        try:
            await self._socket.connect()
        except Exception as error:
            # The library passes on whatever its socket raised.
            raise NotReachable("The feed does not answer.", hint="Check the network.", raw=repr(error)) from error
        await self._socket.set_auth(token)
        loop = asyncio.get_running_loop()
        # Both are held here and awaited in `end`: the join must not make `open` wait for the server's answer.
        self._joining = loop.create_task(self._channel.subscribe(self._state), name="feed join")
        self._watching = loop.create_task(self._watch(token), name="feed watch")

    async def end(self) -> None:
        """Leave without a word to anybody; takes at most two seconds."""
        self._over = True
        tasks = [task for task in (self._joining, self._watching) if task is not None]
        for task in tasks:
            task.cancel()
        await self._socket.end()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _system(self, payload: SuccessSystemPayload) -> None:
        if payload.extension != "postgres_changes":
            return
        if self._confirmed:
            self._lost("the server subscribed anew: something may be missing")
        else:
            self._confirmed = True
            self._say(LinkSignal("confirmed"))

    def _heard(self, _: object) -> None:
        self._echoes += 1

    def _state(self, state: RealtimeSubscribeStates, error: Exception | None) -> None:
        if state is not RealtimeSubscribeStates.SUBSCRIBED:
            # Errors of the socket come with its own exception, those of the channel with the server's words.
            self.refused |= state is RealtimeSubscribeStates.CLOSED or "oken" in str(error)
            self._lost(_LOST.get(state, f"the connection broke: {error}" if error else "the connection broke"))

    def _lost(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._say(LinkSignal("lost", redact(why)))

    def _say(self, signal: LinkSignal) -> None:
        try:
            self._on_signal(signal)
        except Exception:
            # An exception here would end the library's listener without a sign.
            _log.exception("a signal of the feed could not be taken")

    async def _watch(self, sent: str) -> None:
        """Notice a dead listener and a silent server, and pass a renewed token on."""
        socket, channel = Pulse(ask_after=2, dead_after=6), Pulse(ask_after=60, dead_after=150)
        while not self._over:
            await asyncio.sleep(self._beat)
            if not self._socket.listening:
                self._lost("the connection broke without a sign")
                return
            try:
                verdict = socket.beat(self._socket.frames)
                if verdict == "dead":
                    self._lost("the server does not answer")
                elif verdict == "ask":
                    await self._send(self._socket.ask_for_a_frame())
                if self._confirmed:
                    verdict = channel.beat(self._echoes)
                    if verdict == "dead":
                        self._lost("the channel does not answer")
                    elif verdict == "ask":
                        await self._send(self._channel.send_broadcast(_ECHO, {}))
                if self.token != sent:
                    sent = self.token
                    await self._send(self._socket.set_auth(sent))
            except Exception as error:
                self._lost(f"the connection broke: {error!r}")

    async def _send(self, sending: Any) -> None:
        """A socket whose other end is frozen takes what is sent until its buffers are full, then waits for ever."""
        async with asyncio.timeout(_SEND_SECONDS):
            await sending
