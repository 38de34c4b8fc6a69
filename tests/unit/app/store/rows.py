"""Rows of the tables as the server would send them, around one moment."""

from __future__ import annotations

from typing import Any

from app.store.store import Store
from services.domain.times import to_iso

NOW = 1_000_000.0


def at(ago: float) -> str:
    """The instant `ago` seconds before NOW, as the server writes it."""
    return to_iso(NOW - ago)


def new_store() -> Store:
    """A store whose clock stands at NOW."""
    return Store(lambda: NOW)


def job(status: str = "in_progress", job_id: Any = "j1", **more: Any) -> dict[str, Any]:
    """A row of `jobs`."""
    return {"id": job_id, "customer_id": "c1", "status": status, "package_type": "starter", "version": 1, **more}


def result(status: str, ago: float = 10, host: str = "a.localhost", key: str = "r1", **more: Any) -> dict[str, Any]:
    """A row of `job_results`."""
    row = {"id": key, "job_id": "j1", "directory_name": host, "status": status}
    return {**row, "created_at": at(ago), "updated_at": at(ago), **more}


def event(number: int, kind: str, ago: float = 10, host: str | None = "a.localhost", **details: Any) -> dict[str, Any]:
    """A row of `queue_history`."""
    row = {"id": number, "job_id": "j1", "directory_name": host, "event": kind, "details": details}
    return {**row, "created_at": at(ago)}


def counts(store: Store, job_id: str = "j1") -> dict[str, int]:
    """The numbers of a job's line that aren't 0."""
    store.take_changed()
    line = store.jobs.lines[job_id]
    names = ("submitted", "failed", "unknown", "skipped", "running", "waiting", "total", "done")
    return {name: getattr(line, name) for name in names if getattr(line, name)}
