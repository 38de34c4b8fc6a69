"""A project's lease on the dead letters as it fails: nobody answers, answers are lost or late, the machine sleeps and
somebody else takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from services.domain.errors import NotReachable
from services.ports.wishes import Lease
from tests.fakes.replays import FakeReplays

LeaseFault = Literal["", "unreachable", "lost_reply", "late", "slept", "slept_and_taken"]
LEASE_FAULTS: Final[tuple[LeaseFault, ...]] = ("unreachable", "lost_reply", "late", "slept", "slept_and_taken")
LATE: Final = 70.0
NAP: Final = 90.0
THEIRS: Final = "theirs"


class UnkindReplays(FakeReplays):
    """`faults_to_come`: what happens to the next calls, in their order. `sleep`: the machine sleeps for so long.

    Time is the database's, which goes on meanwhile: `now`. Only a lease that is over is taken.
    """

    def __init__(self, now: Callable[[], float], sleep: Callable[[float], None]) -> None:
        super().__init__()
        self.faults_to_come: list[LeaseFault] = []
        self._now = now
        self._sleep = sleep

    def is_held_by(self, dlq: str, token: str) -> bool:
        """Whether the queue is this console's, as the database sees it."""
        held = self.leases.get(dlq)
        return held is not None and held[0] == token and held[2] > self._now()

    def pass_by(self, seconds: float) -> None:
        """So much time has passed while nothing ran, and a new loop counts from 0."""
        self.leases = {dlq: (token, where, until - seconds) for dlq, (token, where, until) in self.leases.items()}

    def take(self, dlq: str) -> None:
        """Another console takes the queue for a while, where its lease is over."""
        if self.leases.get(dlq, ("", "", 0.0))[2] <= self._now():
            self.leases[dlq] = (THEIRS, "tower", self._now() + 30.0)

    async def hold(self, *, dlq: str, token: str, machine: str, seconds: int) -> Lease:
        fault = self._fault()
        if fault in ("slept", "slept_and_taken"):
            self._sleep(NAP)
        if fault == "slept_and_taken":
            self.take(dlq)
        self._begin("hold")
        held = self.leases.get(dlq)
        if held is None or held[0] == token or held[2] <= self._now():
            held = self.leases[dlq] = (token, machine, self._now() + seconds)
        answer = Lease(held[0] == token, "desk-2@directory-bolt.example", held[1], max(0.0, held[2] - self._now()))
        await self._after(fault)
        return answer

    async def begin(
        self, *, request_id: str, dlq: str, token: str, act: str, label: str, total: int, reason: str
    ) -> None:
        fault = self._fault()
        await super().begin(
            request_id=request_id, dlq=dlq, token=token, act=act, label=label, total=total, reason=reason
        )
        await self._after(fault)

    def _fault(self) -> LeaseFault:
        fault = self.faults_to_come.pop(0) if self.faults_to_come else ""
        if fault == "unreachable":
            raise NotReachable("The database does not answer.")
        return fault

    async def _after(self, fault: LeaseFault) -> None:
        if fault == "late":
            await asyncio.sleep(LATE)
        if fault == "lost_reply":
            raise NotReachable("The database does not answer.")
