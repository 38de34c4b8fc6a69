"""How far a batch of runs has come: what its items say of each directory."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from app.actions.operations import Operation, State
from app.actions.registry import REAL_RUN
from app.actions.run_state import BEGUN, NOT_BEGUN
from app.actions.speed import Speed
from app.store.lines import DirectoryLine
from services.domain.records import HistoryEvent

End = Literal["submitted", "failed", "unknown", "left alone"]
_NAMED: Final = 20
"""So many of those that were not submitted are named."""


class Ended(msgspec.Struct, frozen=True):
    """Directories that were submitted, failed again, are of unknown outcome, or were left alone.

    `not_begun`: those that were tried and could not even be begun; they are still to be done.
    """

    done: int = 0
    failed: int = 0
    unknown: int = 0
    left_alone: int = 0
    not_begun: int = 0

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
        self._not_begun: dict[str, str] = {}
        """Those that could not be begun, and why, as a sentence."""
        self.missed = 0
        """How many in a row could not be begun."""
        self.cancelled = False
        self.why = ""
        """Why no further one is begun, as a sentence."""
        self.fault: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.telling = asyncio.Lock()
        self._speed = Speed()

    @property
    def target(self) -> str:
        """What is kept of it: `read_target` reads it."""
        return "\n".join((self.job_id, *self.hosts))

    def ends_early(self) -> bool:
        """Whether no further one may be begun."""
        return self.cancelled or bool(self.why) or self.fault is not None

    def note(self, host: str, end: End, words: str) -> None:
        """One has ended."""
        self._not_begun.pop(host, None)
        self._ends[host] = (end, words)

    def note_not_begun(self, host: str, why: str) -> None:
        """One could not be begun: nothing was sent, and it is still to be done."""
        self._not_begun[host] = why

    def is_not_begun(self, host: str) -> bool:
        """Whether this one was tried and could not be begun."""
        return host in self._not_begun

    def take(self, items: Sequence[Operation]) -> None:
        """Go on from what an earlier start has written down."""
        for item in items:
            host, end = host_of(item), _end_of(item)
            if host not in self.hosts:
                continue
            if end is not None:
                self.note(host, end, item.words)
            elif item.words and host not in self._ends:
                self.note_not_begun(host, item.words)
        self.left = deque(host for host in self.hosts if host not in self._ends)
        self._speed = Speed(len(self._ends))

    def ended(self) -> Ended:
        """How far it is."""
        ends = Counter(end for end, _ in self._ends.values())
        return Ended(ends["submitted"], ends["failed"], ends["unknown"], ends["left alone"], len(self._not_begun))

    def rate(self) -> float:
        """Directories a second since this start began with it; 0 while nothing can be said of it."""
        return self._speed.rate(len(self._ends))

    def words(self) -> str:
        """The counts, and each that was not submitted with its reason."""
        ended = self.ended()
        # Those that wait for their turn are not begun for good only once no further one is.
        not_begun = len(self.hosts) - ended.tried if self.ends_early() else ended.not_begun
        named = (
            ("failed", ended.failed), ("of unknown outcome", ended.unknown), ("left alone", ended.left_alone),
            ("not begun", not_begun),
        )  # fmt: skip
        counts = [f"{ended.done:,} of {len(self.hosts):,} submitted", *(f"{n:,} {what}" for what, n in named if n)]
        whys = {host: why for host, (end, why) in self._ends.items() if end != "submitted"} | self._not_begun
        told = [f"{host}: {why.rstrip('.')}" for host, why in list(whys.items())[:_NAMED]]
        told += [f"and {len(whys) - _NAMED:,} more"] if len(whys) > _NAMED else []
        return ". ".join([", ".join(counts), *(["; ".join(told)] if told else [])])


def read_target(target: str) -> tuple[str, tuple[str, ...]]:
    """The job and the directories of a batch that was written down."""
    job_id, *hosts = target.split("\n")
    return job_id, tuple(hosts)


def host_of(item: Operation) -> str:
    """The directory that an item is about."""
    return item.target.partition("/")[2].rpartition("/")[0]


def resolved(item: Operation, line: DirectoryLine, history: Iterable[HistoryEvent]) -> tuple[State, str] | None:
    """What the facts say by now of a run that was cut off; None while they say nothing.

    One that never claimed its directory, or had no browser for it, is undone: nothing was sent.
    """
    run_id = item.target.rpartition("/")[2]
    log = line.result.response_log if line.result is not None else {}
    if line.outcome == "failed" and log.get("run_id") == run_id and not log.get(BEGUN, True):
        return "undone", f"{NOT_BEGUN}{line.words}"
    if line.outcome in ("submitted", "failed") and any(run_id in event.worker_id for event in history):
        return ("done", "Submitted.") if line.outcome == "submitted" else ("failed", line.words)
    return ("undone", f"{NOT_BEGUN}It had not claimed the directory.") if line.outcome == "failed" else None


def _end_of(item: Operation) -> End | None:
    """None for one that was never begun."""
    ends: Mapping[str, End] = {"done": "submitted", "failed": "failed", "unknown": "unknown", "running": "unknown"}
    if item.act != REAL_RUN.name:
        return "left alone"
    return ends.get(item.state)
