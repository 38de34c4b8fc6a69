"""The rows of what is to be checked, brought up to date a portion at a time however many there are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QObject

from app.models.table_model import LinesModel
from app.store.lanes import Lane, LaneLine, lane_lines, waiting_jobs
from app.store.store import Store
from widgets.pages.review import words
from widgets.parts import cell, spans

_PORTION: Final = 0.003
"""Seconds of one frame that this may take."""


class ReviewRows:
    """`model` shows the rows, `counts` has how many each lane has."""

    def __init__(self, store: Store, parent: QObject) -> None:
        self._store = store
        self._todo: dict[str, None] = {}
        """Ids of jobs to be looked at, in their order."""
        self._keys: dict[str, tuple[str, ...]] = {}
        """Of each job, the keys of its rows."""
        self.counts: Counter[Lane] = Counter()
        self.model: LinesModel[LaneLine] = LinesModel(
            key=lambda line: line.key,
            cells=[
                lambda line: cell.status(*words.face(line)),
                lambda line: cell.name(line.directory.host, line.directory.url),
                lambda line: cell.words(line.business, "primary"),
                _why,
                lambda line: cell.words(spans.ago(line.since, store.now()), tip=spans.moment(line.since)),
            ],
            sort_keys=[
                lambda line: line.directory.outcome,
                lambda line: line.directory.host,
                lambda line: line.business.lower(),
                lambda line: line.why,
                lambda line: line.since or 0.0,
            ],
            words=lambda line: f"{words.face(line)[1]}, {line.directory.host} for {line.business}, {line.why}",
            parent=parent,
        )

    @property
    def busy(self) -> bool:
        """Whether there are jobs still to be looked at."""
        return bool(self._todo)

    def look_at(self, job_ids: Iterable[str]) -> None:
        """These jobs have changed; those that had no rows and have none now cost next to nothing."""
        unknown, doubts = self._store.jobs.tallies.unknown_jobs, self._store.doubts
        for job_id in job_ids:
            if job_id in self._keys or job_id in unknown or doubts.of(job_id):
                self._todo[job_id] = None

    def look_at_all(self) -> None:
        """Anything may have changed."""
        self.look_at([*self._keys, *waiting_jobs(self._store)])

    def go_on(self) -> bool:
        """Bring a portion of the rows up to date; whether any changed."""
        until = time.perf_counter() + _PORTION
        changed: dict[str, LaneLine | None] = {}
        while self._todo:
            job_id = next(iter(self._todo))
            del self._todo[job_id]
            self._look(job_id, changed)
            if time.perf_counter() >= until:
                break
        self.model.apply(changed)
        return bool(changed)

    def _look(self, job_id: str, changed: dict[str, LaneLine | None]) -> None:
        fresh = lane_lines(self._store, [job_id])
        old = {key: self.model.by_key(key) for key in self._keys.get(job_id, ())}
        for key in {*old, *fresh}:
            before, now = old.get(key), fresh.get(key)
            if before == now:
                continue
            changed[key] = now
            if before is not None:
                self.counts[before.lane] -= 1
            if now is not None:
                self.counts[now.lane] += 1
        if fresh:
            self._keys[job_id] = tuple(fresh)
        else:
            self._keys.pop(job_id, None)


def _why(line: LaneLine) -> cell.Cell:
    wish = line.directory.wish
    if wish is not None:
        return cell.status(wish.shape, wish.whole(spans.hour(wish.since)), tip=line.why)
    return cell.words(line.why, "primary", tip=line.directory.error or line.why)
