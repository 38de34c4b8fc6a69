"""One act on many jobs: which of them it fits, and carried out one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from app import tasks
from app.actions.jobs import JobActs
from app.actions.registry import RETRY_FAILED, Act
from app.store.lines import JobLine
from services.domain.errors import ConsoleError

MOST: Final = 500
"""Jobs in one go. Each has a row of its own in the Operations list, which holds so many."""


class Fit(msgspec.Struct, frozen=True):
    """The jobs that an act fits, and why it doesn't fit the others: sentences and how often each holds."""

    jobs: tuple[JobLine, ...]
    others: tuple[tuple[str, int], ...] = ()

    @property
    def why_not(self) -> str:
        """Why the act is off, "" when it may be pressed."""
        if self.jobs:
            return ""
        return self.others[0][0] if self.others else "Choose jobs first."


class Ended(msgspec.Struct, frozen=True):
    """How many jobs it was done for, failed for, and for how many nobody knows yet."""

    done: int = 0
    failed: int = 0
    unknown: int = 0


def fit(jobs: JobActs, act: Act, lines: Sequence[JobLine]) -> Fit:
    """For which of `lines` the act may be pressed."""
    reasons: Counter[str] = Counter()
    fits: list[JobLine] = []
    for line in lines:
        refusal = jobs.why_not_retry(line) if act is RETRY_FAILED else jobs.why_not(act, line)
        if refusal:
            reasons[refusal] += 1
        else:
            fits.append(line)
    return Fit(tuple(fits), tuple(reasons.most_common()))


def start(jobs: JobActs, act: Act, lines: Sequence[JobLine], reason: str, told: Callable[[Ended], None]) -> None:
    """Carry the act out as a task; `told` learns how it ended."""

    async def whole() -> None:
        told(await carry_out(jobs, act, lines, reason=reason))

    tasks.spawn(f"{act.label.lower()}, {len(lines)} jobs", whole())


async def carry_out(jobs: JobActs, act: Act, lines: Sequence[JobLine], *, reason: str = "") -> Ended:
    """Do it for each, in order. One that is refused doesn't keep the others from being tried."""
    ends: Counter[str] = Counter()
    for line in lines:
        try:
            if act is RETRY_FAILED:
                ended = await jobs.retry_failed(line, reason=reason)
            else:
                ended = await jobs.set_status(act, line, reason=reason)
            ends[ended.state] += 1
        except ConsoleError:
            ends["failed"] += 1
    return Ended(ends["done"], ends["failed"], ends["unknown"])
