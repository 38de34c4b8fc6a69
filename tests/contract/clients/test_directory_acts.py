"""A directory paused and something acknowledged, from the press to the fact that comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from app.actions.acknowledge import NeedActs
from app.actions.database_acts import DatabaseActs
from app.actions.directories import DirectoryActs
from app.actions.operations import Operations
from app.actions.registry import PAUSE_DIRECTORY, RESUME_DIRECTORY
from app.store.needs import job_need
from app.store.store import Store
from app.sync.engine import Engine
from services.clients.supabase_acts import SupabaseActs
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.local.postgres import Postgres
from tests.contract.clients.test_reads import signed_in
from tests.contract.gateway.running import add_job, until

pytestmark = pytest.mark.stack


def test_facts_come_back_and_go_again(server: Postgres, owner: psycopg.Connection, tmp_path: Path) -> None:
    owner.execute("insert into directories (name, submission_url) values ('A', 'http://a.localhost:9/add')")
    job = add_job(owner, status="failed")
    owner.execute("update jobs set error_message = 'All 3 failed' where id = %s", (job,))

    async def suite() -> None:
        operations = Operations(tmp_path / "operations.db")
        async with signed_in(server) as session:
            store, reads, acts = Store(), SupabaseReads(session), SupabaseActs(session)
            engine = Engine(reads, SupabaseFeed(session), store)
            database = DatabaseActs(reads, operations, store.jobs.wishes, actor=session.email)
            directories = DirectoryActs(acts, database, store, lambda: session.role)
            needs = NeedActs(acts, database, lambda: session.role)
            running = asyncio.get_running_loop().create_task(engine.run())
            try:
                await until(lambda: store.link.live and store.take_changed() is not None)
                assert directories.act_for("a.localhost") is PAUSE_DIRECTORY
                await directories.set_paused("a.localhost", True, reason="its form changed")
                await until(lambda: directories.act_for("a.localhost") is RESUME_DIRECTORY)
                paused = directories.paused("a.localhost")
                assert paused is not None
                assert paused.reason == "its form changed"
                assert paused.created_at is not None
                await directories.set_paused("a.localhost", False, reason="mended")
                await until(lambda: directories.act_for("a.localhost") is PAUSE_DIRECTORY)
                need = job_need(store.jobs.lines[job], False, store.jobs.unknown_directories)
                assert need is not None
                await needs.acknowledge(need)
                await until(lambda: store.take_changed() is not None and store.jobs.lines[job].wish is None)
                await until(lambda: store.acknowledged.covers_job(need, store.jobs.lines[job]))
                owner.execute("insert into queue_history (job_id, event) values (%s, 'job_failed')", (job,))
                await until(
                    lambda: (
                        store.take_changed() is not None
                        and not store.acknowledged.covers_job(need, store.jobs.lines[job])
                    )
                )
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
        operations.close()

    asyncio.run(suite())
