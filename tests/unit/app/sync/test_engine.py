"""The engine against a simulated server, hours in milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.store.merge import RECORDS
from app.store.store import Store
from app.sync.engine import Engine
from app.sync.tables import TABLES
from app.sync.timings import Timings
from services.domain.errors import NotInstalled, NotPermitted
from tests.fakes.server import EPOCH, FakeServer
from tests.fakes.virtual_time import run_virtually

QUICK = Timings(page=4, batch=3, history=1000, overflow=12, reconcile=600.0)


def sync(
    scene: Callable[[FakeServer, Store, Engine], Awaitable[None]], timings: Timings = QUICK, seed: int = 0
) -> tuple[FakeServer, Store]:
    async def main() -> tuple[FakeServer, Store]:
        loop = asyncio.get_running_loop()
        server, store = FakeServer(seed), Store(lambda: EPOCH + loop.time())
        engine = Engine(server, server, store, timings, chance=lambda: 0.5, wall=loop.time)
        running = loop.create_task(engine.run())
        try:
            await scene(server, store, engine)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return server, store

    return run_virtually(main())


def same(server: FakeServer, store: Store, *tables: str) -> None:
    for table in tables or TABLES:
        truth = {key: RECORDS[table].from_row(row) for key, row in server.tables[table].items()}
        assert dict(store.rows(table)) == truth, table


def word(store: Store) -> str:
    return store.link.word


def fill(server: FakeServer, jobs: int = 10) -> None:
    for n in range(jobs):
        server.write("customers", f"c{n}", business_name=f"Business {n}")
        server.write("jobs", f"j{n}", customer_id=f"c{n}", status="pending", package_type="starter")
        server.write("queue_history", str(n), job_id=f"j{n}", event="queue_claimed", details={})


def test_first_read_brings_everything_over_several_pages() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        assert word(store) == "Live"
        same(server, store)
        assert store.state("jobs").loaded

    sync(scene)


def test_a_change_shows_within_a_frame_or_two() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        reads = server.reads
        server.write("jobs", "j3", status="in_progress")
        await asyncio.sleep(0.04)
        store.take_changed()
        assert store.jobs.lines["j3"].status == "in_progress"
        assert server.reads == reads

    sync(scene)


def test_no_confirmation_means_polling_and_a_late_one_means_live() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.confirm_delay = 40.0
        fill(server)
        await asyncio.sleep(25)
        assert word(store) == "Polling"
        same(server, store)
        server.write("jobs", "j1", status="failed")
        await asyncio.sleep(6)
        same(server, store)
        await asyncio.sleep(20)
        assert word(store) == "Live"

    sync(scene)


def test_after_a_loss_everything_is_read_again() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.kill_feed()
        server.write("jobs", "j1", status="failed")
        server.delete("jobs", "j2")
        await asyncio.sleep(0.1)
        assert word(store) == "Reconnecting since"
        assert store.link.why == "socket closed"
        await asyncio.sleep(2)
        assert word(store) == "Live"
        assert server.opened == 2
        same(server, store)

    sync(scene)


def test_a_second_confirmation_is_a_gap() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.lose = 1.0
        server.write("jobs", "j1", status="failed")
        server.lose = 0.0
        server.resubscribe()
        await asyncio.sleep(2)
        same(server, store)

    sync(scene)


def test_silence_of_the_server_says_offline_and_comes_back() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.unreachable = True
        server.kill_feed()
        await asyncio.sleep(30)
        assert word(store) == "Offline"
        assert len(store.rows("jobs")) == 10
        server.unreachable = False
        await asyncio.sleep(120)
        assert word(store) == "Live"
        same(server, store)

    sync(scene)


def test_a_feed_that_looks_alive_over_a_dead_database_is_not_live() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        server.unreachable = True
        await asyncio.sleep(6)
        assert word(store) in ("Reconnecting since", "Offline")

    sync(scene)


def test_a_frozen_server_is_called_live_for_seconds_only() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.frozen = True
        await asyncio.sleep(11)
        assert word(store) == "Reconnecting since"
        assert store.link.why == "the database does not answer"
        assert store.link.since > EPOCH + 6
        await asyncio.sleep(20)
        assert word(store) == "Offline"
        assert store.link.why == "the server does not answer"
        server.frozen = False
        await asyncio.sleep(12)
        assert word(store) == "Live"
        same(server, store)

    sync(scene)


def test_one_late_answer_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    async def late_once() -> float:
        monkeypatch.undo()
        await asyncio.sleep(10)
        return 0.0

    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        monkeypatch.setattr(server, "server_offset", late_once)
        await asyncio.sleep(30)
        assert word(store) == "Live"
        assert server.opened == 1

    sync(scene)


def test_a_server_that_is_back_is_joined_at_once() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.unreachable = True
        server.kill_feed()
        await asyncio.sleep(600)
        assert word(store) == "Offline"
        server.unreachable = False
        await asyncio.sleep(2)
        assert word(store) == "Live"
        same(server, store)

    sync(scene)


def test_a_feed_that_alone_is_gone_is_tried_ever_more_rarely() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.feed_unreachable = True
        server.kill_feed()
        await asyncio.sleep(600)
        assert 10 <= server.tried <= 30
        assert word(store) == "Polling"
        server.write("jobs", "j1", status="failed")
        await asyncio.sleep(7)
        same(server, store)
        server.feed_unreachable = False
        await asyncio.sleep(61)
        assert word(store) == "Live"

    sync(scene)


def test_a_missing_table_leaves_the_rest_working() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.errors["outbox"] = NotInstalled("The table outbox is missing here.")
        fill(server)
        await asyncio.sleep(2)
        assert word(store) == "Live"
        assert store.state("outbox").kind == "not_installed"
        assert not store.state("outbox").loaded
        same(server, store, "jobs", "customers")

    sync(scene)


def test_jobs_that_may_not_be_read_say_so() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.errors["jobs"] = NotPermitted("This sign-in may not read jobs.")
        await asyncio.sleep(2)
        assert word(store) == "Not permitted"

    sync(scene)


def test_changes_lost_without_a_sign_are_found_by_the_reconcile() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.lose = 1.0
        server.write("jobs", "j1", status="failed")
        server.delete("customers", "c2")
        await asyncio.sleep(10)
        with pytest.raises(AssertionError):
            same(server, store)
        await asyncio.sleep(600)
        same(server, store)

    sync(scene)


def test_only_the_newest_events_are_read_and_the_rest_on_request() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server, 20)
        await asyncio.sleep(2)
        assert len(store.rows("queue_history")) == 6
        assert not store.state("queue_history").complete
        assert not store.jobs.holds_all_events("j0")
        await engine.load_job("j0")
        assert [event.id for event in store.jobs.history("j0")] == ["0"]
        assert store.jobs.holds_all_events("j0")

    sync(scene, Timings(page=4, history=6))


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_moved_reads_everything_again_at_once(jump: float) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        moved = [0.0]
        server, store = FakeServer(), Store(lambda: EPOCH + loop.time())
        engine = Engine(server, server, store, chance=lambda: 1.0, wall=lambda: loop.time() + moved[0])
        running = loop.create_task(engine.run())
        await asyncio.sleep(100)
        assert server.opened == 1
        server.lose = 1.0
        fill(server, 1)
        moved[0] = jump
        await asyncio.sleep(1.5)
        assert server.opened == 2
        assert word(store) == "Live"
        same(server, store)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_virtually(main())


def test_a_flood_that_can_not_be_taken_in_is_read_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sync.inbox.MOST_WAITING", 30)

    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        before = server.opened
        fill(server, 100)
        await asyncio.sleep(10)
        assert server.opened == before + 1
        assert word(store) == "Live"
        same(server, store)

    sync(scene)
