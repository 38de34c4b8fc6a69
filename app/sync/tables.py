"""The tables that the console holds, and in which order each is read."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from services.ports.facts import Table

TABLES: Final[tuple[Table, ...]] = (
    "customers",
    "jobs",
    "directories",
    "directory_submissions",
    "job_results",
    "queue_history",
    "staff_actions",
    "outbox",
    "worker_heartbeats",
    "replay_leases",
    "staff_operations",
    "paused_directories",
    "form_fingerprints",
)
"""In the order in which they are read."""

CURSORS: Final[dict[Table, str]] = {
    "customers": "updated_at",
    "jobs": "updated_at",
    "directories": "updated_at",
    "directory_submissions": "updated_at",
    "job_results": "updated_at",
    "queue_history": "created_at",
    "staff_actions": "created_at",
    "staff_operations": "updated_at",
    "form_fingerprints": "updated_at",
}
"""The column that moves when a row changes. A table without one is always read in full."""

NEWEST_FIRST: Final = frozenset({"jobs", "queue_history", "staff_actions"})
"""What staff look at: the first read begins with what changed last."""

APPEND_ONLY: Final = frozenset({"queue_history", "staff_actions"})
"""A row of these never changes, so that having it is enough. They grow without end: only the newest are read."""


class Depth(IntEnum):
    """How much of a table a read covers."""

    RECENT = 1
    """What changed lately: keys and versions, and then only the rows that differ."""
    GAP = 2
    """What changed since the last read, whole rows."""
    ALL_KEYS = 3
    """The same, then keys and versions of all rows: finds deletes and whatever else is missing."""
    ALL_ROWS = 4
    """Everything."""
