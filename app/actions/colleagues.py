"""What colleagues do, as the project tells all consoles: who works on the dead letters, and their operations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from app.actions.operations import Operation, State
from app.actions.registry import BY_DATABASE
from app.store.store import Store
from services.domain.records import SharedOperation

SILENT: Final = 60.0
"""Seconds after which nobody believes any more that an operation is running: its console says how far it is."""
_LABELS: Final = {act.name: act.label for act in BY_DATABASE}
_STATES: Final[dict[str, State]] = {
    "running": "running", "done": "done", "failed": "failed", "unknown": "unknown", "undone": "undone",
}  # fmt: skip


def holder(store: Store, token: str) -> Callable[[str], str]:
    """Who but the console with this `token` works on the dead letter queue with a given ARN, as a sentence."""

    def held_by(arn: str) -> str:
        lease = store.get("replay_leases", arn or "dlq")
        if lease is None or lease.token == token or (lease.held_until or 0.0) <= store.now():
            return ""
        until = datetime.fromtimestamp(lease.held_until).astimezone()
        return f"{lease.who} on {lease.machine or 'another machine'} works on the dead letters until {until:%H:%M:%S}."

    return held_by


def unrecorded(store: Store) -> str:
    """What a sheet says where the project records no replays; "" where it does, as far as is known."""
    missing = {store.state(table).kind for table in ("replay_leases", "staff_operations")} == {"not_installed"}
    return "Not recorded centrally, and no other console sees it" if missing else ""


def theirs(store: Store, own: Collection[str]) -> list[Operation]:
    """The operations of other consoles, the newest first; `own`: ids of those of this one."""
    found = [_operation(store, one) for key, one in store.rows("staff_operations").items() if key not in own]
    return sorted(found, key=lambda one: -one.started_at)


def _operation(store: Store, one: SharedOperation) -> Operation:
    state = _STATES.get(one.state, "unknown")
    changed = one.updated_at or 0.0
    words = one.words or {"done": "Done", "running": f"{one.done:,} of {one.total:,}"}.get(one.state, "")
    if state == "running" and store.now() - changed > SILENT:
        state, words = "unknown", "Nothing was heard of it since"
    job = store.jobs.get(one.target.partition("/")[0])
    name = (job.business if job else "") or one.target
    label = one.label or f"{_LABELS.get(one.act, one.act.replace('_', ' ').capitalize())}, {name}"
    return Operation(
        one.id, one.act, label, one.target, one.who, "", state, f"{one.who}: {words}" if words else one.who,
        one.done, one.total, one.started_at or changed, changed,
    )  # fmt: skip
