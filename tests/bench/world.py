"""A project in numbers: its rows at the start, then changes without end, the same ones for the same seed."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from typing import Any, Final

from services.domain.times import to_iso

NOW: Final = 1_780_000_000.0
"""The server's clock when the changes begin."""
PACKAGES: Final = (("starter", 50), ("growth", 100), ("professional", 300), ("enterprise", 500))
HOSTS: Final = 600
_STATUSES: Final = ("in_progress",) * 5 + ("pending", "completed", "completed", "failed", "paused")
_OUTCOMES: Final = ("submitted",) * 9 + ("failed",)
_NAMES: Final = ("Harbor", "Maple", "Old Mill", "Quick", "North", "Silver", "Green", "Union", "River", "Summit")
_TRADES: Final = ("Bakery", "Florist", "Pizza", "Dental", "Plumbing", "Motors", "Books", "Legal", "Yoga", "Roofing")

Change = tuple[str, str, dict[str, Any]]
"""Table, INSERT or UPDATE, row with every column."""


class World:
    """`jobs` and `customers` are the rows at the start; `changes()` begins anew with each call.

    `jobs` many jobs, of which the first `hot` ones change. 70 % of the changes are new results, 20 % new events
    of history, 10 % jobs; a job's results are of different directories.
    """

    def __init__(self, jobs: int = 100_000, hot: int = 10_000, seed: int = 1) -> None:
        chance = random.Random(seed)
        self._seed = seed
        self.hot = min(hot, jobs)
        self.customers: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        for number in range(jobs):
            customer = _uuid(chance)
            self.customers.append(_customer(customer, number, chance))
            self.jobs.append(_job(_uuid(chance), customer, number, self.hot, chance))

    def changes(self) -> Iterator[Change]:
        """Every change after the start, in order."""
        chance = random.Random(self._seed + 1)
        jobs = [dict(row) for row in self.jobs[: self.hot]]
        tried = [0] * self.hot
        number = 0
        while True:
            number += 1
            which = chance.randrange(self.hot)
            job = jobs[which]
            roll = chance.random()
            at = to_iso(NOW + number / 1000)
            if roll < 0.7 and tried[which] < job["package_size"]:
                host = f"directory-{tried[which]}.example"
                tried[which] += 1
                yield "job_results", "INSERT", _result(number, job, host, chance.choice(_OUTCOMES), at, chance)
            elif roll < 0.9:
                yield "queue_history", "INSERT", _event(number, job, f"directory-{tried[which]}.example", at)
            else:
                job["version"] += 1
                job["directories_done"] = tried[which]
                job["progress"] = 100 * tried[which] // job["package_size"]
                job["updated_at"] = at
                yield "jobs", "UPDATE", dict(job)


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _customer(key: str, number: int, chance: random.Random) -> dict[str, Any]:
    name = f"{chance.choice(_NAMES)} {chance.choice(_TRADES)} {number}"
    return {
        "id": key, "customer_id": f"DIR-20260528-{number:06X}", "business_name": name,
        "email": f"{name.lower().replace(' ', '.')}@customer.example",
    }  # fmt: skip


def _job(key: str, customer: str, number: int, hot: int, chance: random.Random) -> dict[str, Any]:
    package, size = chance.choice(PACKAGES)
    status = "in_progress" if number < hot else chance.choice(_STATUSES)
    made = NOW - chance.random() * 86400 * 30
    started = None if status == "pending" else to_iso(made + 60)
    ended = to_iso(made + 4000) if status in ("completed", "failed") else None
    return {
        "id": key, "customer_id": customer, "status": status, "package_type": package, "package_size": size,
        "priority_level": 1, "directories_total": size, "directories_done": 0, "progress": 0, "started_at": started,
        "completed_at": ended, "created_at": to_iso(made), "updated_at": to_iso(made + 60), "error_message": None,
        "metadata": {}, "version": 1,
    }  # fmt: skip


def _result(
    number: int, job: dict[str, Any], host: str, status: str, at: str, chance: random.Random
) -> dict[str, Any]:  # fmt: skip
    business = {"name": "Harbor Bakery", "phone": "555 0100", "city": "Springfield", "categories": ["food", "bread"]}
    steps = [{"action": "fill", "selector": f"#field-{step}", "value": "x" * 8} for step in range(4)]
    return {
        "id": f"{number:08x}-0000-4000-8000-{chance.getrandbits(48):012x}", "job_id": job["id"],
        "directory_name": host, "status": status, "idempotency_key": f"{chance.getrandbits(256):064x}",
        "payload": {"business": business, "plan": steps}, "response_log": {"reasons": ["the page says thank you"]},
        "screenshot_url": f"https://pictures.example/{number}.png", "listing_url": None,
        "error_message": "no phone" if status == "failed" else None, "created_at": at, "updated_at": at, "version": 1,
        "attempt": 1, "worker_id": "worker-1", "duration_ms": 1200,
    }  # fmt: skip


def _event(number: int, job: dict[str, Any], host: str, at: str) -> dict[str, Any]:
    return {
        "id": number, "job_id": job["id"], "directory_name": host, "event": "submitting",
        "details": {"idem": f"{number:064x}"}, "worker_id": "worker-1", "created_at": at, "customer_id": None,
        "status_from": None, "status_to": None, "directories_processed": None, "directories_failed": None,
        "error_message": None, "metadata": None, "updated_at": at, "attempt": 1,
    }  # fmt: skip
