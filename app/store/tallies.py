"""Jobs counted: kept by differences, so that a look costs nothing however many there are."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from typing import Final

from app.store.lines import Counts, JobLine

QUARTER: Final = 900
"""Seconds; every zone's midnight is the start of one."""


class Tallies:
    """`lines` is what is counted, by job id; tell of every line that goes or comes."""

    def __init__(self, lines: Mapping[str, JobLine]) -> None:
        self._lines = lines
        self._by_status: Counter[str] = Counter()
        self._ended: Counter[tuple[str, int]] = Counter()
        self._pending: list[tuple[float, str]] = []
        """A heap; it still has some that no longer wait."""
        self.unknown_jobs: dict[str, None] = {}
        """Ids of the jobs with a directory of unknown outcome, in the order in which that came about. Read it, don't
        change it."""
        self._unknown_directories = 0
        self.silent = 0
        """Jobs in progress that fell silent."""

    def move(self, old: JobLine | None, new: JobLine | None) -> None:
        """A job's line is another; None: there was, or is, none."""
        if old is not None and new is not None and _counts_alike(old, new):
            return
        if old is not None:
            self._count(old, -1)
        if new is not None:
            self._count(new, 1)
            if new.status == "pending" and (old is None or old.status != "pending"):
                heapq.heappush(self._pending, (new.created_at or 0.0, new.id))

    def counts(self) -> Counts:
        """Jobs by status, over all lines."""
        known = {name: self._by_status[name] for name in Counts.__struct_fields__ if name in self._by_status}
        return Counts(
            **known,
            unknown=len(self.unknown_jobs),
            unknown_directories=self._unknown_directories,
            total=len(self._lines),
        )

    def ended_since(self, status: str, moment: float) -> int:
        """Jobs that are completed or failed and came to that since the quarter of an hour in which `moment` lies."""
        first = int(moment // QUARTER)
        return sum(count for (name, quarter), count in self._ended.items() if name == status and quarter >= first)

    def oldest_pending(self) -> float | None:
        """When the pending job was made that waits for the longest, unix seconds; None when none waits."""
        while self._pending:
            made, job_id = self._pending[0]
            line = self._lines.get(job_id)
            if line is not None and line.status == "pending" and (line.created_at or 0.0) == made:
                return made
            heapq.heappop(self._pending)
        return None

    def _count(self, line: JobLine, by: int) -> None:
        self._by_status[line.status] += by
        if line.unknown:
            if by > 0:
                self.unknown_jobs[line.id] = None
            else:
                del self.unknown_jobs[line.id]
            self._unknown_directories += by * line.unknown
        if line.status == "in_progress" and line.diagnosis.gap is not None:
            self.silent += by
        if line.status in ("completed", "failed") and line.completed_at is not None:
            key = (line.status, int(line.completed_at // QUARTER))
            self._ended[key] += by
            if not self._ended[key]:
                del self._ended[key]


def _counts_alike(old: JobLine, new: JobLine) -> bool:
    return (
        old.status == new.status
        and old.unknown == new.unknown
        and old.completed_at == new.completed_at
        and (old.diagnosis.gap is None) == (new.diagnosis.gap is None)
    )
