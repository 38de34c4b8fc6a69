"""How far a batch of runs has come: what its items say of each directory."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from app.actions.operations import Operation
from app.actions.registry import REAL_RUN

End = Literal["submitted", "failed", "unknown", "left alone"]
_NAMED: Final = 20
"""So many of those that were not submitted are named."""


class Ended(msgspec.Struct, frozen=True):
    """Directories that were submitted, failed again, are of unknown outcome, or were left alone."""

    done: int = 0
    failed: int = 0
    unknown: int = 0
    left_alone: int = 0

    @property
    def tried(self) -> int:
        """How many need no look any more."""
        return self.done + self.failed + self.unknown + self.left_alone


class Batch:
    """The failed directories of a job, in the order in which they are run."""

    def __init__(self, job_id: str, hosts: Sequence[str]) -> None:
        self.job_id = job_id
        self.hosts = tuple(dict.fromkeys(hosts))
        self.left = deque(self.hosts)
        """Those that are not begun."""
        self._ends: dict[str, tuple[End, str]] = {}
        self.missed = 0
        """How many in a row could not be begun."""
        self.cancelled = False
        self.why = ""
        """Why no further one is begun, as a sentence."""
        self.fault: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.telling = asyncio.Lock()
        self._began = time.monotonic()
        self._before = 0

    @property
    def target(self) -> str:
        """What is kept of it: `read_target` reads it."""
        return "\n".join((self.job_id, *self.hosts))

    def ends_early(self) -> bool:
        """Whether no further one may be begun."""
        return self.cancelled or bool(self.why) or self.fault is not None

    def note(self, host: str, end: End, words: str) -> None:
        """One has ended."""
        self._ends[host] = (end, words)

    def take(self, items: Sequence[Operation]) -> None:
        """Go on from what an earlier start has written down."""
        for item in items:
            host, end = host_of(item), _end_of(item)
            if end is not None and host in self.hosts:
                self.note(host, end, item.words)
        self.left = deque(host for host in self.hosts if host not in self._ends)
        self._before = len(self._ends)

    def ended(self) -> Ended:
        """How far it is."""
        ends = Counter(end for end, _ in self._ends.values())
        return Ended(ends["submitted"], ends["failed"], ends["unknown"], ends["left alone"])

    def rate(self) -> float:
        """Directories a second since this start began with it."""
        return (len(self._ends) - self._before) / max(time.monotonic() - self._began, 0.001)

    def words(self) -> str:
        """The counts, and each that was not submitted with its reason."""
        ended = self.ended()
        parts = [f"{ended.done:,} of {len(self.hosts):,} submitted"]
        named = ("failed", ended.failed), ("of unknown outcome", ended.unknown), ("left alone", ended.left_alone)
        parts += [f"{count:,} {what}" for what, count in named if count]
        begun = ", ".join([*parts, *([f"{len(self.left):,} not begun"] if self.ends_early() and self.left else [])])
        others = [(host, end, why.rstrip(".")) for host, (end, why) in self._ends.items() if end != "submitted"]
        told = "; ".join(f"{host}: {why}" for host, _, why in others[:_NAMED])
        more = f"; and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
        return f"{begun}. {told}{more}" if others else begun


def read_target(target: str) -> tuple[str, tuple[str, ...]]:
    """The job and the directories of a batch that was written down."""
    job_id, *hosts = target.split("\n")
    return job_id, tuple(hosts)


def host_of(item: Operation) -> str:
    """The directory that an item is about."""
    return item.target.partition("/")[2].rpartition("/")[0]


def run_of(item: Operation) -> str:
    """The id of an item's run."""
    return item.target.rpartition("/")[2]


def _end_of(item: Operation) -> End | None:
    """None for one that was never begun."""
    ends: Mapping[str, End] = {"done": "submitted", "failed": "failed", "unknown": "unknown", "running": "unknown"}
    if item.act != REAL_RUN.name:
        return "left alone"
    return ends.get(item.state)
