"""Verdicts that stand and that a person should look at all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from app.store.job_facts import host_of
from services.domain.result import Result
from services.domain.signs import weighed

_MARK: Final = b'"doubt"'
"""What the text of a row has in it whose log tells of a doubt: looking for that spares reading every log."""
_STANDS: Final = frozenset({"submitted", "failed"})
_LOOKED_AT: Final = ("reviewed", "declared")


class Doubt(msgspec.Struct, frozen=True, gc=False):
    """Why the verdict of one result should be looked at."""

    result_id: str
    host: str
    words: str


class Doubts:
    """Tell of every result that comes, changes or goes."""

    def __init__(self) -> None:
        self._by_job: dict[str, dict[str, Doubt]] = {}
        self._count = 0

    def __len__(self) -> int:
        """How many results are doubted."""
        return self._count

    def jobs(self) -> Iterable[str]:
        """Ids of the jobs that have any."""
        return list(self._by_job)

    def of(self, job_id: str) -> dict[str, Doubt]:
        """Those of a job, by the result's id. Read it, don't change it."""
        return self._by_job.get(job_id, {})

    def change(self, old: Result | None, new: Result | None) -> None:
        """A result appeared, changed or (None) went."""
        if old is not None and self.of(old.job_id).pop(old.id, None) is not None:
            self._count -= 1
            if not self._by_job[old.job_id]:
                del self._by_job[old.job_id]
        if new is not None and _MARK in new.seldom and (words := doubt_of(new)):
            self._by_job.setdefault(new.job_id, {})[new.id] = Doubt(new.id, host_of(new.directory_name), words)
            self._count += 1


def doubt_of(result: Result) -> str:
    """Why a person should look at it; "" when nobody has to, or somebody has."""
    if result.status not in _STANDS:
        return ""
    log = result.response_log
    if any(log.get(name) for name in _LOOKED_AT):
        return ""
    found = weighed(log)
    return found.doubt if found is not None else ""
