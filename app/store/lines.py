"""What a row of the screens shows, derived from the facts: frozen values, made anew when something in them changes."""

from __future__ import annotations

from typing import Final

import msgspec

from app.store.holds import Hold
from app.store.pending import Wish
from services.domain.diagnosis import Diagnosis
from services.domain.result import Result

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
"""Statuses after which nothing more happens by itself."""


class JobLine(msgspec.Struct, frozen=True, gc=False):
    """One job as the lists show it. Times are unix seconds by the server's clock, None when not known.

    The six outcome numbers count directories and add up to `total`. `done` is submitted + failed + skipped:
    an unknown outcome isn't done. `current` is the host being worked on, "" when none is.
    """

    id: str
    customer_id: str = ""
    """Key of the customer's row."""
    customer: str = ""
    """The customer's public number, such as DIR-20261123-AB12CD."""
    business: str = ""
    email: str = ""
    package: str = ""
    """starter, growth, professional or enterprise."""
    package_size: int = 0
    status: str = "pending"
    """In our spelling; `services.domain.statuses` has its word and shape."""
    priority: int = 3
    submitted: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    running: int = 0
    waiting: int = 0
    total: int = 0
    done: int = 0
    current: str = ""
    created_at: float | None = None
    started_at: float | None = None
    completed_at: float | None = None
    last_event_at: float | None = None
    last_event: str = ""
    error: str = ""
    """The job's own error message, raw."""
    diagnosis: Diagnosis = Diagnosis()
    wish: Wish | None = None
    """The newest act on it that the rows don't show yet; everything else here is as the rows say."""
    hold: Hold | None = None
    """Of the runs of its directories that wait for a person, the one that ends first."""
    folded: str = ""
    """Name, e-mail and customer's number in lower case: what a search looks at, and how names sort."""

    @property
    def package_word(self) -> str:
        """What staff read for the package."""
        return self.package.capitalize() or "—"

    @property
    def ended(self) -> bool:
        """True once nothing more will happen by itself."""
        return self.status in ENDED

    def elapsed(self, now: float) -> float | None:
        """Seconds from start to end, or to `now` while it runs; None before it started."""
        if self.started_at is None:
            return None
        until = self.completed_at if self.ended and self.completed_at is not None else now
        return max(0.0, until - self.started_at)

    def matches(self, needle: str) -> bool:
        """True when `needle` (already lower case) is part of the name, e-mail, customer number or an id."""
        return needle in self.folded or needle in self.id or needle in self.customer_id


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One try at one directory. `outcome`: running, submitted, failed, unknown or skipped."""

    outcome: str
    started_at: float | None = None
    ended_at: float | None = None
    duration_ms: int | None = None
    worker_id: str = ""
    error: str = ""
    screenshot_url: str = ""


class DirectoryLine(msgspec.Struct, frozen=True, gc=False):
    """One directory of one job. `outcome`: waiting, running, submitted, failed, unknown or skipped."""

    job_id: str
    host: str
    name: str = ""
    """The directory's own name, its host where that isn't known."""
    url: str = ""
    outcome: str = "waiting"
    words: str = ""
    """Why it failed, or what proves the outcome, as one sentence; "" while there is nothing to say."""
    error: str = ""
    """The raw error text."""
    attempts: tuple[Attempt, ...] = ()
    """Newest first."""
    duration_ms: int | None = None
    screenshot_url: str = ""
    listing_url: str = ""
    when: float | None = None
    """When the newest thing happened to it."""
    unknown_since: float | None = None
    """Since when its outcome is unknown; None for one that is known, or where nothing tells."""
    result: Result | None = None
    """The row behind it, with payload and response, None before the first try."""
    wish: Wish | None = None
    """The newest act that aims at it and that the rows don't show yet."""
    hold: Hold | None = None
    """Its run waits for a person on somebody's desk; the outcome is "running" then."""


class Counts(msgspec.Struct, frozen=True, gc=False):
    """Jobs by status. `unknown` counts jobs with at least one unknown outcome, whatever their status."""

    pending: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    paused: int = 0
    cancelled: int = 0
    unknown: int = 0
    unknown_directories: int = 0
    total: int = 0
