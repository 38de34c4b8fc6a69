"""The machine's clock is moved, a zone changes to summer time: leases, claims and signs of life stay as they are."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from services.pipeline.database import Pool, open_pool
from services.settings import Settings
from services.submission.outcome import Outcome
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import SENT, Bench, Script

HOUR = 3600.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves this machine's clock by so many seconds from now on."""
    real, moved = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + moved[0])

    def move(seconds: float) -> None:
        moved[0] += seconds

    return move


@pytest.mark.anyio
@pytest.mark.parametrize("hours", [1, -1, 24 * 365])
async def test_the_clock_is_moved_in_the_middle_of_a_flow(
    pool: Pool,
    settings_for: Callable[..., Settings],
    records: Records,
    clock: Callable[[float], None],
    hours: int,
) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)

    def sent_while_it_moves() -> Outcome:
        clock(hours * HOUR)
        return SENT

    script = Script(a=[sent_while_it_moves])
    bench = Bench(pool, settings_for(), script)
    runs = bench.runs("w-1")
    run = runs.claim()
    assert run
    clock(-hours * HOUR)
    runs.renew([run.id])
    runs.beat("running", job, {})
    assert bench.runs("w-2").claim() is None, "its lease holds"
    within = "select {} between clock_timestamp() - interval '1 min' and clock_timestamp() + interval '1 min' from {}"
    assert records.ask(within.format("last_heartbeat", "worker_heartbeats")) == [(True,)]
    assert records.ask(within.format("lease_until", "flow_runs")) == [(True,)]
    assert await bench.flow(run, "w-1")
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert records.ask("select state, lapses from flow_runs") == [("completed", 0)]
    assert records.ask("select duration_ms < 60000 from (select (details ->> 'duration_ms')::int as duration_ms"
                       " from queue_history where event = 'submitted') d") == [(True,), (True,)]  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("jump", ["1 hour", "-1 hour"])
async def test_the_databases_clock_is_moved_in_the_middle_of_a_flow(
    pool: Pool, settings_for: Callable[..., Settings], records: Records, jump: str
) -> None:
    # All that it has written is an hour older, or newer, than it should be.
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)

    def sent_while_it_moves() -> Outcome:
        records.ask(f"update flow_runs set lease_until = lease_until - interval '{jump}'")
        records.ask(f"update job_results set claim_expires_at = claim_expires_at - interval '{jump}'")
        return SENT

    script = Script(a=[sent_while_it_moves])
    bench = Bench(pool, settings_for(), script)
    run = bench.runs("w-1").claim()
    assert run
    await bench.flow(run, "w-1")
    if jump == "1 hour":
        # Its lease looks as if it had run out; nobody took it, so the next beat revives it and it is done.
        bench.runs("w-1").renew([run.id])
    assert await bench.work("w-2") is False, "nothing is left to do, and nothing is done twice"
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert records.events(job).count("a.localhost submitted") == 1
    assert records.ask("select status from jobs") == [("completed",)]


@pytest.mark.anyio
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Australia/Lord_Howe"])
async def test_leases_are_as_long_in_every_zone(
    database_url: str, settings_for: Callable[..., Settings], records: Records, zone: str
) -> None:
    pool = _pool_in(database_url, zone)
    try:
        records.run_for(records.job(["a.localhost"]))
        runs = Bench(pool, settings_for(), Script()).runs("w-1", 100_000)
        run = runs.claim()
        assert run
        runs.renew([run.id])
        left = records.ask("select extract(epoch from lease_until - clock_timestamp())::float from flow_runs")[0][0]
        assert 99_900 < left <= 100_000
    finally:
        pool.close()


def _pool_in(database_url: str, zone: str) -> Pool:
    """One connection, whose session lives in this zone."""
    pool = open_pool(database_url, size=1)
    with pool.connection() as database:
        database.execute("select set_config('timezone', %s, false)", (zone,))
    return pool
