"""One line of the Activity page: what happened, by whom, why, and what came of it, whoever wrote it down."""

from __future__ import annotations

from typing import Final

import msgspec

from app.actions.operations import Operation
from app.actions.registry import ACTS
from services.domain.event_words import event_face, event_note
from services.domain.records import HistoryEvent, StaffAction
from services.domain.statuses import Shape

_LABELS: Final = {act.name: act.label for act in ACTS} | {
    "retry": "Retry failed",
    "run_here": "Run here",
    "acknowledge": "Acknowledge",
    "accept_form": "Accept the new form",
    "pause_directory": "Pause directory",
    "resume_directory": "Resume directory",
    "run_held": "Run here held, waiting for a person",
    "run_released": "Run here goes on",
}
_SHAPES: Final[dict[str, Shape]] = {
    "planned": "waiting", "running": "running", "done": "ok", "failed": "failed", "unknown": "unknown",
    "undone": "skipped",
}  # fmt: skip
_OF_JOBS: Final = frozenset(
    (
        "retry_failed",
        "requeue",
        "pause",
        "resume",
        "cancel",
        "declare",
        "review",
        "acknowledge",
        "run_here",
        "dry_run",
        "real_run",
    )
)
"""Acts whose target is a job, or a job and a host with "/" between, and a run behind another."""
_WRONG: Final = frozenset({"failed", "unknown", "lost", "blocked"})


class ActivityLine(msgspec.Struct, frozen=True, gc=False):
    """What is known of one happening. An act of staff has up to three witnesses, told as one by their request id.

    `event`: the audit trail's, `action`: the audit of acts, `operation`: this console's own list. `at`: unix seconds.
    """

    key: str
    at: float
    event: HistoryEvent | None = None
    action: StaffAction | None = None
    operation: Operation | None = None

    @property
    def by_staff(self) -> bool:
        """True for an act of a person, False for the pipeline's own steps."""
        return self.event is None or is_act(self.event)

    @property
    def wrong(self) -> bool:
        """True when something went wrong, or nobody knows."""
        return self.shape in _WRONG

    @property
    def what(self) -> str:
        """What was done or happened, in a few words."""
        if not self.by_staff and self.event is not None:
            words = event_face(self.event)[1]
            return words[:1].upper() + words[1:]
        act = self.action.act if self.action else self.operation.act if self.operation else ""
        if not act and self.event is not None:
            act = self.event.event.removeprefix("staff_")
        told = self.operation.label if self.operation is not None else act.replace("_", " ").capitalize()
        return _LABELS.get(act, told)

    @property
    def shape(self) -> Shape:
        """The shape beside it: of an act, how it ended."""
        if self.event is not None and not self.by_staff:
            shape = event_face(self.event)[0]
            # What began then isn't running now because of that.
            return "waiting" if shape == "running" else shape
        if self.event is not None or self.action is not None:
            return "ok"
        return _SHAPES.get(self.operation.state, "unknown") if self.operation else "unknown"

    @property
    def who(self) -> str:
        """The person's e-mail, the worker, or "" when nobody wrote it down."""
        if self.event is not None and not self.by_staff:
            return self.event.worker_id
        named = str(self.event.details.get("actor") or "") if self.event is not None else ""
        if not named and self.operation is not None:
            named = self.operation.actor
        if not named and self.action is not None:
            named = f"{self.action.role} {self.action.actor[:8]}".strip()
        return named

    @property
    def job_id(self) -> str:
        """The job that it is about, "" for none."""
        if self.event is not None:
            return self.event.job_id
        return self._target[0]

    @property
    def directory(self) -> str:
        """The host that it is about, "" for none."""
        if self.event is not None:
            return self.event.directory_name
        host = self._target[1]
        return host if "." in host else ""  # what was acknowledged of a job is no host

    @property
    def why(self) -> str:
        """The reason that a person gave, "" where none was asked for."""
        if not self.by_staff:
            return ""
        reason = str(self.event.details.get("reason") or "") if self.event is not None else ""
        if not reason and self.action is not None:
            reason = self.action.reason
        if not reason and self.operation is not None:
            reason = self.operation.reason
        return reason

    @property
    def result(self) -> str:
        """What came of it: an error, counts, how long it took; "" when there is nothing to say."""
        if not self.by_staff and self.event is not None:
            return event_note(self.event)
        if self.event is None and self.action is None and self.operation is not None:
            words = self._told or self.operation.state
            return words if self.operation.state in ("done", "planned", "running") else f"{words.rstrip('.')}."
        if self.event is not None and self.event.details.get("outcome"):
            return f"declared {self.event.details['outcome']}"
        count = self.action.counts.get("directories") if self.action is not None else None
        if isinstance(count, int):
            return "1 directory" if count == 1 else f"{count:,} directories"
        return self._told

    @property
    def _told(self) -> str:
        """The words of a console. Of another one's they begin with who it is."""
        return self.operation.words.removeprefix(f"{self.operation.actor}: ") if self.operation is not None else ""

    @property
    def _target(self) -> tuple[str, str]:
        """Job and directory of an act that is about them."""
        act, target = "", ""
        if self.action is not None:
            act, target = self.action.act, self.action.target
        elif self.operation is not None:
            act, target = self.operation.act, self.operation.target
        job_id, _, rest = target.partition("/")
        return (job_id, rest.partition("/")[0]) if act in _OF_JOBS else ("", "")


def is_act(event: HistoryEvent) -> bool:
    """True for an event that an act of staff wrote."""
    return event.event.startswith("staff_")


def place(line: ActivityLine) -> tuple[float, float]:
    """Sorts the newest first; of one instant, what was written last."""
    source = line.event or line.action
    number = int(source.id) if source is not None and source.id.isdecimal() else 0
    return (-line.at, -number)
