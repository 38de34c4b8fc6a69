"""The figures on top of the overview, each with what it means."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.actions.dead_letters import Look
from app.desk import Desk
from app.store.store import Store
from app.store.tallies import Tallies
from services.domain.diagnosis import since
from services.domain.statuses import job_status_shape, job_status_word
from widgets.parts.stat import Stat

GOAL: Final = 90.0
"""Per cent of submissions that should succeed."""
_DAY_MINUTES: Final = 1440


def figures(desk: Desk) -> list[Stat]:
    """Eight figures from what is known now; "—" and why where it isn't."""
    store = desk.store
    now = store.now()
    counts = store.counts()
    loaded = store.state("jobs").loaded
    notes = _notes(store.jobs.tallies, now)
    stats = []
    for status in ("pending", "in_progress", "completed", "failed", "paused"):
        value = f"{getattr(counts, status):,}" if loaded else "—"
        note = (
            notes.get(status, "by staff" if counts.paused else "none")
            if loaded
            else (store.state("jobs").problem or "reading")
        )
        stats.append(Stat(status, job_status_word(status), value, note, job_status_shape(status), _tone(store, "jobs")))
    return [*stats, _success(desk, now), _main_queue(desk.dead_letters.look), _dead_letters(desk, now)]


def _notes(tallies: Tallies, now: float) -> dict[str, str]:
    """The oldest pending job, the silent ones, how many ended today."""
    midnight = datetime.fromtimestamp(now).astimezone().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    notes = {status: f"{tallies.ended_since(status, midnight)} today" for status in ("completed", "failed")}
    oldest = tallies.oldest_pending()
    notes["pending"] = f"oldest {since(now - oldest)}" if oldest is not None else "nobody waits"
    notes["in_progress"] = f"{tallies.silent} silent" if tallies.silent else "none silent"
    return notes


def _success(desk: Desk, now: float) -> Stat:
    series = desk.store.rates.per_minute(now, _DAY_MINUTES)
    good = sum(series.submitted)
    tried = good + sum(series.failed) + sum(series.unknown)
    if not tried:
        state = desk.store.state("queue_history")
        note = "nothing was tried" if state.loaded else state.problem or "reading"
        return Stat("success", "Success, 24 h", "—", note)
    share = 100 * good / tried
    tone = _tone(desk.store, "queue_history", "failed" if share < GOAL else "primary")
    return Stat("success", "Success, 24 h", f"{share:.1f} %", f"{good:,}/{tried:,}, goal {GOAL:.0f} %", tone=tone)


def _tone(store: Store, table: str, tone: str = "primary") -> str:
    """Grey for what is older than it should be."""
    return "tertiary" if store.stale(table) else tone


def _main_queue(look: Look) -> Stat:
    if look.main is None:
        return Stat("main", "Main queue", "—", look.problem or "not looked at yet")
    return Stat("main", "Main queue", f"{look.main.visible:,}", f"{look.main.in_flight:,} in flight")


def _dead_letters(desk: Desk, now: float) -> Stat:
    look = desk.dead_letters.look
    if look.figures is None:
        return Stat("dead_letters", "Dead letters", "—", look.problem or "not looked at yet")
    count = look.figures.visible + look.figures.in_flight
    ends = [line.expires_at for line in desk.dead_letters.lines.values() if line.expires_at is not None]
    note = f"first expires in {since(min(ends) - now)}" if ends else "none seen"
    return Stat("dead_letters", "Dead letters", f"{count:,}", note if count else "the queue is empty")
