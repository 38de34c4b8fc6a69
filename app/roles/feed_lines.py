"""What changed in the store, as lines for a terminal or for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app.store.lines import JobLine
from app.store.link import Link
from app.store.store import Store
from services.domain.records import HistoryEvent
from services.domain.statuses import job_status_word
from services.domain.text import one_line
from services.domain.times import to_iso


class FeedLines:
    """Call `take` now and then: it gives what changed since the last time, link first.

    Before the first complete read there is nothing to compare with: jobs are told of only from then on.
    """

    def __init__(self, store: Store, *, as_json: bool, job: str = "") -> None:
        self._store = store
        self._as_json = as_json
        self._job = job
        self._seen: dict[str, JobLine] = {}
        self._ready = False

    def take(self) -> Iterator[str]:
        """The lines, without line ends."""
        changes = self._store.take_changed()
        lines = self._store.jobs.lines
        was_ready, self._ready = self._ready, self._ready or self._store.state("jobs").loaded
        if changes.link:
            yield self._link(self._store.link)
        if self._ready and not was_ready:
            yield self._summary(len(lines))
            self._seen = dict(lines)
            return
        if not self._ready:
            return
        events = [self._store.get("queue_history", key) for key in changes.events]
        for event in sorted((each for each in events if each), key=lambda each: (each.created_at or 0.0, each.id)):
            if self._wanted(event.job_id):
                yield self._event(event, lines.get(event.job_id))
        for key in sorted(changes.jobs):
            line = lines.get(key)
            if self._wanted(key) and line != self._seen.get(key):
                yield self._line(key, line)
            if line is None:
                self._seen.pop(key, None)
            else:
                self._seen[key] = line

    def _wanted(self, job: str) -> bool:
        return not self._job or job == self._job

    def _link(self, link: Link) -> str:
        if self._as_json:
            return self._json("link", link.since, state=link.phase, why=link.why)
        why = f": {link.why}" if link.why and not link.live else ""
        return self._words(link.since, f"{link.word}{why}")

    def _summary(self, jobs: int) -> str:
        counts = self._store.counts()
        if self._as_json:
            return self._json("jobs", None, total=jobs, in_progress=counts.in_progress, failed=counts.failed)
        return self._words(None, f"{jobs} jobs, {counts.in_progress} in progress, {counts.failed} failed")

    def _event(self, event: HistoryEvent, line: JobLine | None) -> str:
        business = line.business if line else ""
        if self._as_json:
            return self._json(
                "event", event.created_at, event=event.event, job_id=event.job_id, business=business,
                directory=event.directory_name,
            )  # fmt: skip
        return self._words(event.created_at, " · ".join(filter(None, (event.event, business, event.directory_name))))

    def _line(self, key: str, line: JobLine | None) -> str:
        if line is None:
            return self._json("job", None, id=key, gone=True) if self._as_json else self._words(None, f"{key} is gone")
        if self._as_json:
            return self._json(
                "job", line.last_event_at, id=key, business=line.business, status=line.status, done=line.done,
                total=line.total, submitted=line.submitted, failed=line.failed, unknown=line.unknown,
                skipped=line.skipped, current=line.current, error=line.error,
            )  # fmt: skip
        parts = [line.business or key, job_status_word(line.status), f"{line.done} of {line.total}"]
        parts += [f"{line.failed} failed"] if line.failed else []
        parts += [f"{line.unknown} unknown"] if line.unknown else []
        return self._words(None, " · ".join(filter(None, [*parts, line.current])))

    def _words(self, at: float | None, words: str) -> str:
        moment = datetime.fromtimestamp(self._store.now() if at is None else at)  # noqa: DTZ006  a person's own clock
        return f"{moment:%H:%M:%S}  {one_line(words)}"

    def _json(self, kind: str, at: float | None, **facts: Any) -> str:
        moment = to_iso(self._store.now() if at is None else at)
        return json.dumps({"kind": kind, "at": moment, **facts})
