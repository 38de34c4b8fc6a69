"""The engine over the real clients: what the database holds is what the store shows."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from app.store.store import Store
from app.sync.engine import Engine
from app.sync.timings import Timings
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
