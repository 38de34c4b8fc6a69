"""Every wait and limit of sync, so that tests can shorten them."""

from __future__ import annotations

import msgspec


class Timings(msgspec.Struct, frozen=True):
    """Times are in seconds."""

    open: float = 8.0
    """Limit for sending the join."""
    confirm: float = 15.0
    """How long to wait for the server's confirmation before polling."""
    give_up: float = 60.0
    """How long to wait for a late confirmation before joining anew."""
    poll: float = 5.0
    """How often to read what changed while the feed is silent, and tables that it doesn't tell of."""
    sweeps: int = 12
    """One poll in so many looks for deleted rows too."""
    frame: float = 0.016
    budget: float = 0.004
    """How much of a frame applying changes may take."""
    flush: float = 0.25
    recent: float = 60.0
    """How often to look for recent changes that were lost without a sign, and up to half as long again."""
    overlap: float = 300.0
    """How much older than the newest row a row may be that is not yet seen: the longest transaction, and the clocks."""
    reconcile: float = 720.0
    """How often to compare everything."""
    probe: float = 5.0
    answer: float = 3.0
    """Limit for the answer to a probe; a second one without an answer means that the server is gone."""
    come_back: float = 1.0
    """How often a server that is gone is asked whether it is back."""
    tick: float = 1.0
    tidy: float = 0.03
    """Between two turns of tidying up, each of which packs what 5,000 changes a second bring meanwhile and more; ten
    times as long after one that found nothing to do."""
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
