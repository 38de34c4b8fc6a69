"""What the X-ray says of a job is what its replay does: facts from the database, and the flow that works it off."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.replay.xray import FATES, xray
from app.store.link import TableState
from app.store.outcomes import PATIENCE
from app.store.store import Store
from services.domain.keys import idempotency_key
from services.pipeline.database import Pool
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import Bench, Script

pytestmark = pytest.mark.anyio

LIVE = [f"live{n}.localhost" for n in range(6)]
FAILED = ["failed0.localhost", "failed1.localhost"]
DOUBTFUL, RENAMED = "doubtful.localhost", "renamed.localhost"
TABLES = ("customers", "jobs", "directory_submissions", "job_results", "queue_history")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def tried(records: Records, job: str, host: str, outcome: str, *, name: str = "Blue Door Bakery") -> None:
    """A worker tried this directory for a business of this name; `outcome` "" when nobody heard of it again."""
    key = idempotency_key(job, host, {"name": name, "dir": host})
    records.ask("select claim_submission(%s, %s, %s, 'w-0', '{}', %s)", job, host, key, 60 if outcome else 0)
    if outcome:
        records.ask("select record_outcome(%s, %s, %s, 'w-0', %s, '{}', null, null, null, 1)", job, host, key, outcome)


def facts(records: Records, *, later: float) -> Store:
    """What a console knows so many seconds later."""
    store = Store(lambda: time.time() + later)
    for table in TABLES:
        for (row,) in records.ask(f"select to_jsonb(t) from {table} t"):
            store.put(table, row)
        store.set_state(table, TableState(as_of=time.time()))
    store.take_changed()
    return store


async def test_ten_directories_of_every_kind_and_the_replay_does_exactly_that(
    pool: Pool, settings_for: Callable[..., Settings], records: Records
) -> None:
    job = records.job([*LIVE, *FAILED, DOUBTFUL, RENAMED])
    for host in LIVE:
        tried(records, job, host, "submitted")
    for host in FAILED:
        tried(records, job, host, "failed")
    tried(records, job, RENAMED, "failed", name="Blue Door")
    tried(records, job, DOUBTFUL, "")
    wished = [*FAILED, RENAMED]
    store = facts(records, later=20 * 60.0)
    early = xray(job, store.jobs.get(job), store.jobs.directories(job), retry=wished)
    # With all its repeats a try may take this long: nobody knows yet, and nothing is submitted either way.
    assert early.hosts("in_flight") + early.hosts("unknown") == [DOUBTFUL]
    store = facts(records, later=PATIENCE + 1)
    seen = xray(job, store.jobs.get(job), store.jobs.directories(job), retry=wished)
    assert [seen.count(fate) for fate in FATES] == [2, 6, 1, 0, 1]
    assert (seen.hosts("submit"), seen.hosts("unknown"), seen.hosts("blocked")) == (FAILED, [DOUBTFUL], [RENAMED])
    # A retry puts back what the X-ray lets through, and nothing else.
    for host in seen.hosts("submit"):
        records.ask(
            "update directory_submissions set status = 'pending' where private.host_of(directory_url) = %s", host
        )
    records.run_for(job)
    script = Script()
    assert await Bench(pool, settings_for(task_retries=0), script).work()
    assert sorted(script.pressed) == FAILED
