"""Every wait and limit of sync, so that tests can shorten them."""

from __future__ import annotations

from typing import Final

import msgspec

from services.ports.facts import Table


class Timings(msgspec.Struct, frozen=True):
    """Times are in seconds."""

    open: float = 8.0
    """Limit for sending the join."""
    confirm: float = 15.0
    """How long to wait for the server's confirmation before polling."""
    give_up: float = 60.0
    """How long to wait for a late confirmation before joining anew."""
    poll: float = 5.0
    frame: float = 0.016
    budget: float = 0.004
    """How much of a frame applying changes may take."""
    flush: float = 0.25
    reconcile: float = 600.0
    probe: float = 5.0
    answer: float = 3.0
    """Limit for the answer to a probe; a second one without an answer means that the server is gone."""
    come_back: float = 1.0
    """How often a server that is gone is asked whether it is back."""
    tick: float = 5.0
    backoff_first: float = 1.0
    backoff_most: float = 60.0
    steady: float = 60.0
    """Live for so long, and the next pause is a short one again."""
    late: float = 5.0
    """A tick this late, or a clock that moved this much against it, means that the machine slept."""
    page: int = 1000
    batch: int = 100
    """Keys per point read: they travel in the address."""
    history: int = 5000
    """The newest events that a full read takes."""
    overflow: int = 2000
    """More keys in doubt than this, and the whole table is read again."""


TABLES: Final[tuple[Table, ...]] = (
    "customers",
    "jobs",
    "directories",
    "directory_submissions",
    "job_results",
    "queue_history",
    "outbox",
    "worker_heartbeats",
)
"""The tables that the console holds, in the order in which they are read."""

ORDERS: Final[dict[Table, tuple[str, bool]]] = {
    "jobs": ("updated_at", True),
    "queue_history": ("created_at", True),
    "worker_heartbeats": ("worker_id", False),
}
"""Order column and whether descending, where it isn't the key ascending: what staff look at comes first."""
