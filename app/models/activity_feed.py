"""What the Activity page lists: the newest events of the pipeline, and every act of staff that is known."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Final

import msgspec

from app.actions.colleagues import theirs
from app.actions.many_jobs import MANY
from app.actions.operations import FAILURE, Operation, Operations
from app.models.activity_lines import ActivityLine, is_act
from app.store.activity import event_order
from app.store.store import Changes, Store
from services.domain.event_words import event_face
from services.domain.records import HistoryEvent, StaffAction

Changed = dict[str, ActivityLine | None]
"""Lines that are new or say something else, None for one that is listed no more."""

STEP: Final = 1000
"""Events that are listed at first, and that each wish for older ones adds."""


class ActivityFeed:
    """Follows the store and the Operations list; every call gives what changed in `lines`.

    Events of the pipeline are at most `count` (and a fifth): whoever wants older ones asks for `more`. Acts of staff
    are always listed, told once for all who wrote them down.
    """

    def __init__(self, store: Store, operations: Operations) -> None:
        self._store = store
        self._operations = operations
        self._listed: list[tuple[float, str]] = []
        """Time and key of the pipeline's events, the oldest first."""
        self._ended: dict[tuple[str, str], str] = {}
        """The last outcome that was told of a directory of a job."""
        self._seen_operations: dict[str, Operation] = {}
        self._version = -1
        self.count = STEP
        self.lines: dict[str, ActivityLine] = {}

    def take(self, changes: Changes) -> Changed:
        """The store changed."""
        changed: Changed = {}
        if "staff_operations" in changes.tables:
            self._colleagues(changed)
        for key in changes.tables.get("staff_actions", ()):
            self._action(key, self._store.get("staff_actions", key), changed)
        touched = {key: self._store.get("queue_history", key) for key in changes.tables.get("queue_history", ())}
        self._events(sorted((event for event in touched.values() if event is not None), key=event_order), changed)
        for key, event in touched.items():
            if event is None:
                self._drop_event(key, changed)
        self._trim(changed)
        return changed

    def follow_operations(self) -> Changed:
        """The Operations list may have changed."""
        changed: Changed = {}
        if self._operations.version != self._version:
            self._version = self._operations.version
            for operation in self._operations.newest_first():
                # Of an act on many jobs, the audit tells job by job.
                told = operation.act not in (FAILURE, MANY)
                if told and self._seen_operations.get(operation.id) is not operation:
                    self._seen_operations[operation.id] = operation
                    self._witness(f"r:{operation.id}", operation.started_at, changed, operation=operation)
        return changed

    def catch_up(self) -> Changed:
        """Nobody looked for a while: whatever the store holds by now, and no event that it holds no more."""
        changed: Changed = {}
        rows = self._store.rows("queue_history")
        for line in list(self.lines.values()):
            if line.event is not None and line.event.id not in rows:
                self._drop_event(line.event.id, changed)
        for key, action in self._store.rows("staff_actions").items():
            self._action(key, action, changed)
        self._events(reversed(self._store.activity.newest(self.count)), changed)
        self._trim(changed)
        changed.update(self.follow_operations())
        self._colleagues(changed)
        return changed

    def more(self) -> None:
        """List more of the events that are held; `catch_up` gives them."""
        self.count += STEP

    @property
    def oldest(self) -> float | None:
        """The instant of the oldest event listed, None without any."""
        return self._listed[0][0] if self._listed else None

    @property
    def held_older(self) -> bool:
        """True when the store holds events from before those listed that `more` would list."""
        held, held_from = self._store.activity.events, self._store.jobs.history_from or 0.0
        return len(held) - bisect_left(held, held_from, key=lambda event: event.created_at or 0.0) > self.count

    # Own

    def _events(self, events: Iterable[HistoryEvent], changed: Changed) -> None:
        held_from = max(self._store.jobs.history_from or 0.0, self._cut_at())
        for event in events:
            at = event.created_at or 0.0
            if is_act(event) and (request := event.details.get("request_id")):
                self._witness(f"r:{request}", at, changed, event=event)
                continue
            key = f"h:{event.id}"
            # Events of one job may be older than all of the others that are held: there would be gaps between them.
            if key in self.lines or at < held_from or self._said_before(event):
                continue
            insort(self._listed, (at, key))
            self._set(ActivityLine(key, at, event=event), changed)

    def _cut_at(self) -> float:
        return self._listed[0][0] if len(self._listed) >= self.count else 0.0

    def _said_before(self, event: HistoryEvent) -> bool:
        """Whether it only completes an outcome that was a line of its own."""
        if not event.directory_name:
            return False
        where, words = (event.job_id, event.directory_name), event_face(event)[1]
        again = event.event == "submission_complete" and self._ended.get(where) == words
        if len(self._ended) > 20_000:
            self._ended.clear()
        self._ended[where] = words
        return again

    def _trim(self, changed: Changed) -> None:
        """Let go of the oldest events where there are too many, a few at a time."""
        surplus = len(self._listed) - self.count
        if surplus <= self.count // 5:
            return
        for _, key in self._listed[:surplus]:
            self._set_gone(key, changed)
        del self._listed[:surplus]

    def _action(self, key: str, action: StaffAction | None, changed: Changed) -> None:
        if action is not None:
            self._witness(f"r:{action.request_id or key}", action.created_at or 0.0, changed, action=action)

    def _colleagues(self, changed: Changed) -> None:
        """What other consoles do."""
        for operation in theirs(self._store, self._seen_operations):
            if operation.act != FAILURE:
                self._witness(f"r:{operation.id}", operation.started_at, changed, operation=operation)

    def _witness(
        self,
        key: str,
        at: float,
        changed: Changed,
        *,
        event: HistoryEvent | None = None,
        action: StaffAction | None = None,
        operation: Operation | None = None,
    ) -> None:
        """An act, as one more of those who wrote it down tells it. The database's time is the one that counts."""
        held = self.lines.get(key) or ActivityLine(key, at)
        first = event or action or held.event or held.action
        fresh = msgspec.structs.replace(
            held,
            at=(first.created_at if first is not None else at) or at,
            event=event or held.event,
            action=action or held.action,
            operation=operation or held.operation,
        )
        if fresh != self.lines.get(key):
            self._set(fresh, changed)

    def _drop_event(self, event_id: str, changed: Changed) -> None:
        key = f"h:{event_id}"
        line = self.lines.get(key)
        if line is not None:
            self._listed.remove((line.at, key))
            self._set_gone(key, changed)

    def _set(self, line: ActivityLine, changed: Changed) -> None:
        self.lines[line.key] = line
        changed[line.key] = line

    def _set_gone(self, key: str, changed: Changed) -> None:
        self.lines.pop(key, None)
        changed[key] = None
