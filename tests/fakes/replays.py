"""The lease on a dead letter queue and the shared operations in memory, as the database's functions keep them."""

from __future__ import annotations

import asyncio
from typing import Any

from services.domain.errors import ConsoleError, Refused
from services.ports.wishes import Decision, Lease


class FakeReplays:
    """One project; `faults` maps a call's name to what it raises. Time is the loop's."""

    def __init__(self) -> None:
        self.leases: dict[str, tuple[str, str, float]] = {}
        """Queue -> token, machine, until when."""
        self.audit: dict[str, tuple[str, str, int]] = {}
        self.notes: list[tuple[str, str, int]] = []
        self.decisions: dict[str, Decision] = {}
        """The audit's, by request id."""
        self.calls: list[str] = []
        self.faults: dict[str, ConsoleError] = {}

    async def hold(self, *, dlq: str, token: str, machine: str, seconds: int) -> Lease:
        self._begin("hold")
        now = asyncio.get_running_loop().time()
        held = self.leases.get(dlq)
        if held is None or held[0] == token or held[2] <= now:
            held = self.leases[dlq] = (token, machine, now + seconds)
        return Lease(held[0] == token, "desk-2@directory-bolt.example", held[1], held[2] - now)

    async def release(self, *, dlq: str, token: str) -> None:
        self._begin("release")
        if self.leases.get(dlq, ("",))[0] == token:
            del self.leases[dlq]

    async def begin(
        self, *, request_id: str, dlq: str, token: str, act: str, label: str, total: int, reason: str
    ) -> None:
        self._begin("begin")
        if self.leases.get(dlq, ("",))[0] != token:
            raise Refused("The dead letters are not yours to work on at the moment.")
        self.audit[request_id] = (act, label, total)

    async def note(self, *, request_id: str, state: str, words: str, done: int) -> None:
        self._begin("note")
        self.notes.append((request_id, state, done))

    async def record(self, decision: Decision) -> None:
        self._begin("record")
        self.decisions.setdefault(decision.request_id, decision)

    def _begin(self, name: str) -> None:
        self.calls.append(name)
        if name in self.faults:
            raise self.faults[name]


def lease_row(dlq: str, token: str, until: str) -> dict[str, Any]:
    """A row of `replay_leases`."""
    return {"id": dlq, "who": "desk-2@directory-bolt.example", "machine": "tower", "token": token, "held_until": until}
