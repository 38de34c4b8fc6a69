"""The engine over the real clients: what the database holds is what the store shows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from app.actions.database_acts import DatabaseActs
from app.actions.jobs import JobActs
from app.actions.operations import Operations
from app.actions.registry import CANCEL_JOB, PAUSE_JOB, REQUEUE
from app.models.activity_feed import ActivityFeed
from app.models.activity_lines import place
from app.store.store import Store
from app.sync.engine import Engine
from app.sync.timings import Timings
from services.clients.supabase_acts import SupabaseActs
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.local.postgres import Postgres
from tests.contract.clients.test_feed import behind_a_relay
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import add_job, until

pytestmark = pytest.mark.stack


def test_live_changes_and_a_delete_reach_the_store(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        job = add_job(owner)
        async with signed_in(server) as session:
            store = Store()
            engine = Engine(SupabaseReads(session), SupabaseFeed(session), store, Timings(page=2))
            running = asyncio.get_running_loop().create_task(engine.run())
            try:
                await until(lambda: store.link.word == "Live")
                store.take_changed()
                assert store.jobs.lines[job].business == "Harbor Bakery"
                more = [add_job(owner, name=f"Business {number}") for number in range(5)]
                owner.execute("update jobs set status = 'in_progress' where id = %s", (job,))
                owner.execute("insert into queue_history (job_id, event) values (%s, 'flow_started')", (job,))
                await until(lambda: store.take_changed() is not None and set(more) <= store.jobs.lines.keys())
                await until(lambda: store.take_changed() is not None and len(store.activity.events) == 1)
                assert store.jobs.lines[job].status == "in_progress"
                assert store.counts().in_progress == 1
                owner.execute("delete from jobs where id = %s", (more[0],))
                await until(lambda: store.take_changed() is not None and more[0] not in store.jobs.lines)
                await until(lambda: engine.settled)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(suite())


def test_a_server_that_is_gone_and_back_is_said_both_times(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with behind_a_relay(server) as (session, between):
            store = Store()
            # A pause of an hour: only its being back can end it.
            timings = Timings(probe=0.5, answer=3.0, come_back=0.2, backoff_first=3600, backoff_most=3600)
            engine = Engine(SupabaseReads(session), SupabaseFeed(session, beat=0.5), store, timings, chance=lambda: 1.0)
            running = asyncio.get_running_loop().create_task(engine.run())
            try:
                await until(lambda: store.link.word == "Live")
                between.freeze()
                await until(lambda: store.link.word == "Offline", limit=60)
                assert store.link.since <= store.now()
                job = await asyncio.to_thread(add_job, owner)
                between.thaw()
                await until(lambda: store.link.word == "Live", limit=60)
                await until(lambda: store.take_changed() is not None and job in store.jobs.lines)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    asyncio.run(suite())


def test_an_act_is_pending_until_its_effect_comes_back(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async def suite() -> None:
        job = add_job(owner, status="in_progress")
        operations, others = Operations(tmp_path / "operations.db"), Operations(tmp_path / "others.db")
        async with signed_in(server) as session:
            store, reads = Store(), SupabaseReads(session)
            engine = Engine(reads, SupabaseFeed(session), store)
            database = DatabaseActs(reads, operations, store.jobs.wishes, actor=session.email)
            acts = JobActs(SupabaseActs(session), database, role=session.role)
            running = asyncio.get_running_loop().create_task(engine.run())
            try:
                await until(lambda: store.link.live and store.take_changed() is not None)
                for act, status in ((REQUEUE, "pending"), (PAUSE_JOB, "paused"), (CANCEL_JOB, "cancelled")):
                    line = store.jobs.lines[job]
                    doing = acts.requeue(line) if act is REQUEUE else acts.set_status(act, line, reason="a test")
                    assert (await doing).state == "done"
                    await until(lambda: store.take_changed() is not None and store.jobs.lines[job].wish is None)
                    assert store.jobs.lines[job].status == status
                # Everybody's console tells of them: the audit and its events come by themselves.
                await until(lambda: len(store.rows("staff_actions")) == 3 and len(store.activity.events) == 3)
                feed = ActivityFeed(store, others)
                feed.catch_up()
                told = [(line.what, line.who, line.why) for line in sorted(feed.lines.values(), key=place)]
                assert told[:2] == [("Cancel", session.email, "a test"), ("Pause", session.email, "a test")]
                assert told[2][:2] == ("Queue again", session.email)
                assert all(line.event and line.action for line in feed.lines.values())
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                operations.close()
                others.close()

    asyncio.run(suite())
