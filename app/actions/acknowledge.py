"""Saying that somebody has seen to what needs a person."""

from __future__ import annotations

from collections.abc import Callable

from app.actions.database_acts import DatabaseActs
from app.actions.operations import Operation
from app.actions.registry import ACKNOWLEDGE, why_not
from app.store.needs import Need
from services.domain.errors import ConsoleError
from services.ports.wishes import Acknowledgements


class NeedActs:
    """What staff do to a line of "Needs you". `role` tells whose hands these are."""

    def __init__(self, acts: Acknowledgements, database: DatabaseActs, role: Callable[[], str | None]) -> None:
        self._acts = acts
        self._database = database
        self._role = role

    def why_not(self, need: Need | None, none: str = "Choose a line first.") -> str:
        """Why it can't be acknowledged; "" when it may be pressed, `none` where there is nothing."""
        if need is None:
            return none
        if refusal := why_not(ACKNOWLEDGE, self._role()):
            return refusal
        if self._database.is_asking(need.target):
            return "An act on this is running."
        return ""

    async def acknowledge(self, need: Need, *, reason: str = "", undo_seconds: float = 0.0) -> Operation:
        """Note it for everybody; the operation as it stands at the end. `undo_seconds`: for so long it can be taken
        back. Raises ConsoleError when the act is off."""
        if refusal := self.why_not(need):
            raise ConsoleError(refusal)
        return await self._database.carry_out(
            ACKNOWLEDGE,
            f"Acknowledge {need.name}: {need.words}",
            need.target,
            lambda request: self._acts.acknowledge(request_id=request, target=need.target, reason=reason),
            lambda _: ("Noted: it needs nobody until something new happens", 1),
            job_id=need.job_id,
            reason=reason,
            undo_seconds=undo_seconds,
        )
