"""Runs on desks that wait for a person: which directory, why, for how long still, and who is asked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from services.domain.records import HistoryEvent
from services.domain.times import parse_instant

HELD: Final = "staff_run_held"
RELEASED: Final = "staff_run_released"
_LATE: Final = 30.0
"""Seconds within which the end of a run that nobody came to is told."""
_ENDS: Final = frozenset(
    {RELEASED, "submitting", "submitted", "failed", "unknown", "skipped", "skipped_duplicate", "submission_complete"}
)
_ABOUT: Final = {
    "failed": "a step that failed",
    "captcha": "a captcha",
    "login": "a sign-in",
    "email_code": "a code from an e-mail",
}
_WORDS: Final = "waiting for a person"


def words_of(why: str) -> str:
    """What lists say of a run that waits for this, as its `held` event names it, without the time that is left."""
    return f"Held, {_for(_ABOUT.get(why, ''))}"


def _for(about: str) -> str:
    return f"{_WORDS}: {about}" if about else _WORDS


class Hold(msgspec.Struct, frozen=True, gc=False):
    """A run that waits, until `until` (unix seconds by the server's clock). `who`: whose desk it is on."""

    host: str
    about: str
    """What for, in a few words; "" for a run that somebody paused."""
    since: float | None
    until: float
    who: str = ""

    @property
    def words(self) -> str:
        """What the lists say, without the time that is left."""
        return f"Held, {_for(self.about)}"

    def told(self, left: str) -> str:
        """How long it waits still, as people read it, and what for; what comes last may be cut off."""
        return f"{left} left, {_for(self.about)}"

    def left(self, now: float) -> int:
        """Whole seconds that are left."""
        return max(0, math.ceil(self.until - now))


def hold_of(host: str, events: Iterable[HistoryEvent], now: float) -> Hold | None:
    """What the events of one directory tell, oldest first; None when no run of it waits."""
    newest = next((one for one in reversed(list(events)) if one.event == HELD or one.event in _ENDS), None)
    if newest is None or newest.event != HELD:
        return None
    details = newest.details
    until = parse_instant(details.get("until"))
    if until is None or now > until + _LATE:
        return None
    about = _ABOUT.get(str(details.get("why")), "")
    return Hold(host, about, newest.created_at, until, str(details.get("actor") or ""))


class Holds:
    """Tell of every event that comes; `look` whenever a directory is weighed."""

    def __init__(self) -> None:
        self._jobs: dict[str, dict[str, Hold]] = {}
        """Of the few jobs that ever had one."""

    def event_came(self, event: HistoryEvent) -> None:
        """An event of a directory of a job is there."""
        if event.event == HELD:
            self._jobs.setdefault(event.job_id, {})

    def look(self, job_id: str, host: str, events: Iterable[HistoryEvent], now: float) -> Hold | None:
        """Whether a run of this directory waits now."""
        held = self._jobs.get(job_id)
        if held is None:
            return None
        held.pop(host, None)
        found = hold_of(host, events, now)
        if found is not None:
            held[host] = found
        return found

    def drop(self, job_id: str, host: str) -> None:
        """Something else says how this directory ended."""
        if job_id in self._jobs:
            self._jobs[job_id].pop(host, None)

    def of(self, job_id: str, host: str) -> Hold | None:
        """That of a directory, as it was seen last."""
        held = self._jobs.get(job_id)
        return held.get(host) if held else None

    def first(self, job_id: str) -> Hold | None:
        """Of those of a job, the one that ends first."""
        held = self._jobs.get(job_id)
        return min(held.values(), key=lambda one: one.until) if held else None
