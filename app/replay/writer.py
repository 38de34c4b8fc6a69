"""One writer for each dead letter queue: the lease that all consoles of a project see, with the record beside it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final, Self

from services.domain.errors import ConsoleError, NotInstalled, NotReachable, Refused
from services.ports.wishes import Queues, SharedReplays

SECONDS: Final = 60
"""How long a lease lasts without being renewed."""
EVERY: Final = 10.0
MARGIN: Final = 20.0
"""Seconds that must be left of it before something is sent: a call may take that long."""
_AGAIN: Final = 2.0

_LACKING: Final = (
    "This project can't keep two consoles from replaying the same dead letters, and keeps no record of it."
)


class Writer:
    """Entered by whoever changes the dead letter queue, for as long as it takes.

    `shared` None: no project is set, so nobody else can be asked. `unrecorded`: in a project that lacks the functions,
    go on without lease and record. `token` is this console's own, the same after a restart.
    """

    def __init__(
        self,
        queues: Queues,
        shared: SharedReplays | None = None,
        *,
        token: str = "",
        machine: str = "",
        unrecorded: bool = False,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._queues = queues
        self._shared = shared
        self._token = token
        self._machine = machine
        self._unrecorded = unrecorded
        self._dlq = ""
        self._wall = wall
        self._lasts = self._renew_at = 0.0
        self._lost: Refused | None = None
        """Why nothing may be sent any more before it is entered anew."""
        self._asked = (0.0, 0.0)
        self._asking = asyncio.Lock()
        self.lacking = False
        """The project lacks lease and record, as far as it was asked."""

    async def __aenter__(self) -> Self:
        """Take the lease. Raises Refused when somebody else has it, or when it can't be had."""
        self._lost = None
        if self._shared is None:
            return self
        if not self._dlq:
            self._dlq = (await self._queues.figures("dlq")).arn or "dlq"
        try:
            await self._take(self._shared)
        except NotInstalled as error:
            self.lacking = True
            if not self._unrecorded:
                hint = "Ask an admin to apply 0008_replays.sql, or to set REPLAY_UNRECORDED=true on this computer."
                raise Refused(_LACKING, hint=hint, raw=error.raw) from error
        except NotReachable as error:
            raise Refused(f"Whether somebody else works on the dead letters isn't known, so nothing is sent: {error}",
                          hint=error.hint, raw=error.raw) from error  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give the lease up; where that fails it runs out by itself."""
        if self._shared is not None and self._lasts:
            self._lasts = 0.0
            with contextlib.suppress(ConsoleError):
                await self._shared.release(dlq=self._dlq, token=self._token)

    async def begin(self, request_id: str, act: str, label: str, *, total: int, reason: str) -> None:
        """Write into the audit that an operation begins. Raises Refused when it can't be: then nothing may be sent."""
        if self._shared is None or not self._lasts:
            return
        try:
            await self._shared.begin(
                request_id=request_id,
                dlq=self._dlq,
                token=self._token,
                act=act,
                label=label,
                total=total,
                reason=reason,
            )
        except ConsoleError as error:
            words = f"The start can't be written into the audit, so nothing is sent: {error}"
            raise Refused(words, hint=error.hint, raw=error.raw) from error

    async def keep(self, request_id: str = "", words: str = "", done: int = 0) -> None:
        """Renew the lease in time, and tell the others how far it is. To be called before each send.

        Raises Refused when the lease may be over: then nothing more may be sent.
        """
        if self._lost is not None:
            raise self._lost
        if self._shared is None or not self._lasts:
            return
        async with self._asking:
            if self._age() >= self._lasts:
                # Somebody may have had it in the meantime, and have sent what is in our hands.
                raise Refused("The lease on the dead letters ran out, as when this computer slept: nothing is sent.")
            if self._age() >= self._renew_at:
                try:
                    await self._take(self._shared)
                except Refused:
                    raise
                except ConsoleError:
                    self._renew_at = self._age() + _AGAIN
                else:
                    if request_id:
                        await self._note(request_id, "running", words, done)
            late = self._age() > self._lasts - MARGIN
        if late:
            raise Refused("The lease on the dead letters could not be renewed, so nothing more is sent.")

    async def end(self, request_id: str, state: str, words: str, done: int) -> None:
        """Tell the others how an operation ended. Where that fails they see that nothing was heard of it since."""
        if self._lasts and request_id:
            await self._note(request_id, state, words, done)

    async def _take(self, shared: SharedReplays) -> None:
        # From before the call: the answer may have been on its way for long.
        asked = (asyncio.get_running_loop().time(), self._wall())
        lease = await shared.hold(dlq=self._dlq, token=self._token, machine=self._machine, seconds=SECONDS)
        if not lease.held:
            self._lasts = 0.0
            self._lost = Refused(
                f"{lease.who} on {lease.machine or 'another machine'} works on these dead letters, "
                f"for at least {max(1, round(lease.seconds))} s more.",
                hint="Wait until that is done: two at once could send a message twice.",
            )
            raise self._lost
        self._asked, self._lasts, self._renew_at = asked, lease.seconds, EVERY

    def _age(self) -> float:
        """Seconds since the lease was asked for. The loop's clock stands still while the machine sleeps, and the one
        on the wall can be set back: the one that says more is believed."""
        loop, wall = self._asked
        return max(asyncio.get_running_loop().time() - loop, self._wall() - wall)

    async def _note(self, request_id: str, state: str, words: str, done: int) -> None:
        assert self._shared is not None
        with contextlib.suppress(ConsoleError):
            await self._shared.note(request_id=request_id, state=state, words=words, done=done)
