"""Outcomes over time: how many a minute, and how many per directory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec


class Series(msgspec.Struct, frozen=True):
    """Outcomes a minute, oldest first; all lists have the same length. `minutes` are unix seconds of each start."""

    minutes: list[float]
    submitted: list[int]
    failed: list[int]
    unknown: list[int]


class DirectoryRate(msgspec.Struct, frozen=True):
    """Outcomes of one directory over all jobs that are held."""

    host: str
    submitted: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    running: int = 0
    waiting: int = 0

    @property
    def tried(self) -> int:
        """How often it ended in submitted, failed or unknown."""
        return self.submitted + self.failed + self.unknown


Mark = tuple[int, str]
"""One ended try: its minute (unix seconds // 60) and its outcome."""


class Rates:
    """Counters that the jobs view adjusts by differences; reading them costs nothing but the answer."""

    def __init__(self) -> None:
        self._minutes: dict[int, Counter[str]] = {}
        self._hosts: dict[str, Counter[str]] = {}

    @property
    def hosts(self) -> Mapping[str, Counter[str]]:
        """The directories of all jobs, now or before, with how many jobs have which outcome there."""
        return self._hosts

    def move_marks(self, gone: Iterable[Mark], come: Iterable[Mark]) -> None:
        """Take `gone` out of the minutes, put `come` in."""
        for minute, outcome in gone:
            counts = self._minutes[minute]
            counts[outcome] -= 1
            if not counts[outcome] and not any(counts.values()):
                del self._minutes[minute]
        for minute, outcome in come:
            counted = self._minutes.get(minute)
            if counted is None:
                counted = self._minutes[minute] = Counter()
            counted[outcome] += 1

    def move_outcome(self, host: str, gone: str, come: str) -> None:
        """A directory of some job went from outcome `gone` to `come`; "" means not there."""
        counts = self._hosts.get(host)
        if counts is None:
            counts = self._hosts[host] = Counter()
        if gone:
            counts[gone] -= 1
        if come:
            counts[come] += 1

    def per_minute(self, now: float, minutes: int = 60) -> Series:
        """The last `minutes` minutes up to that of `now` (unix seconds), the current one included."""
        last = int(now // 60)
        span = range(last - minutes + 1, last + 1)
        none: Counter[str] = Counter()
        found = [self._minutes.get(minute, none) for minute in span]
        return Series(
            [minute * 60.0 for minute in span],
            [one["submitted"] for one in found],
            [one["failed"] for one in found],
            [one["unknown"] for one in found],
        )

    def busiest(self, count: int) -> list[DirectoryRate]:
        """The directories that were tried most often, at most `count`, those never tried left out."""
        tried = (
            (-counts["submitted"] - counts["failed"] - counts["unknown"], host) for host, counts in self._hosts.items()
        )
        return [_rate(host, self._hosts[host]) for total, host in heapq.nsmallest(count, tried) if total]


def _rate(host: str, counts: Counter[str]) -> DirectoryRate:
    return DirectoryRate(host, **{outcome: count for outcome, count in counts.items() if count})
