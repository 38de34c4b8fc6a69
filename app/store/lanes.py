"""What staff work down one by one: submissions of unknown outcome, and verdicts in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from app.store.lines import DirectoryLine
from app.store.store import Store

Lane = Literal["unknown", "doubt"]
_SILENT: Final = "It has been submitting for longer than a try may take, and no outcome was written"


class LaneLine(msgspec.Struct, frozen=True, gc=False):
    """One submission to look at. `why`: one sentence; the outcome that stands is its directory's."""

    lane: Lane
    business: str
    why: str
    directory: DirectoryLine

    @property
    def since(self) -> float | None:
        """Since when it is to be looked at, unix seconds."""
        return self.directory.unknown_since or self.directory.when

    @property
    def key(self) -> str:
        """Job and host."""
        return key_of(self.directory.job_id, self.directory.host)


def key_of(job_id: str, host: str) -> str:
    """What names a line."""
    return f"{job_id}/{host}"


def waiting_jobs(store: Store) -> set[str]:
    """Ids of all jobs that have such lines."""
    return {*store.jobs.tallies.unknown_jobs, *store.doubts.jobs()}


def waiting_count(store: Store) -> int:
    """About how many lines there are, at no cost; where two results tell of one directory, a doubt may count twice."""
    return store.counts().unknown_directories + len(store.doubts)


def lane_lines(store: Store, job_ids: Iterable[str]) -> Mapping[str, LaneLine]:
    """The lines of these jobs by key."""
    found: dict[str, LaneLine] = {}
    for job_id in job_ids:
        job = store.jobs.get(job_id)
        if job is None:
            continue
        business = job.business or job_id
        lines = [
            LaneLine("unknown", business, line.words[:1].upper() + line.words[1:] or _SILENT, line)
            for line in store.jobs.unknown_directories(job_id)
        ]
        doubts = store.doubts.of(job_id)
        for line in store.jobs.directories(job_id) if doubts else ():
            doubt = doubts.get(line.result.id) if line.result is not None else None
            if doubt is not None and line.result is not None and line.outcome == line.result.status:
                lines.append(LaneLine("doubt", business, doubt.words, line))
        found.update({line.key: line for line in lines})
    return found
