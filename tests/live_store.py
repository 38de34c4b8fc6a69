"""A console's sync on a real gateway, and how its store differs from the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.rows import dict_row

from app.store.merge import RECORDS, key_of, same
from app.store.store import Store
from app.sync.engine import Engine
from app.sync.tables import TABLES
from app.sync.timings import Timings
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.clients.supabase_session import SupabaseSession


@asynccontextmanager
async def synced(session: SupabaseSession, timings: Timings, *, beat: float = 1.0) -> AsyncIterator[Store]:
    """A store that is kept true while the block runs."""
    store = Store()
    engine = Engine(SupabaseReads(session), SupabaseFeed(session, beat=beat), store, timings)
    running = asyncio.get_running_loop().create_task(engine.run())
    try:
        yield store
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def differences(store: Store, database_url: str) -> dict[str, list[str]]:
    """The keys of each table whose rows are other than a select says; of the history, its newest part only."""
    found: dict[str, list[str]] = {}
    held_from = store.jobs.history_from or 0.0
    with psycopg.connect(database_url, row_factory=dict_row, options="-c timezone=UTC") as connection:
        for table in TABLES:
            rows = connection.execute(f"select to_jsonb(t) as row from {table} t").fetchall()
            truth = {key_of(table, each["row"]): RECORDS[table].from_row(each["row"]) for each in rows}
            held = dict(store.rows(table))
            if table == "queue_history":
                truth = {key: row for key, row in truth.items() if row.created_at > held_from}
                held = {key: row for key, row in held.items() if row.created_at > held_from}
            differing = [
                key
                for key in truth.keys() | held.keys()
                if key not in truth or key not in held or not same(held[key], truth[key])
            ]
            if differing:
                found[table] = differing
    return found


async def until_equal(store: Store, database_url: str, limit: float) -> float:
    """Wait until the link is live and nothing differs; how many seconds that took. AssertionError after `limit`."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:
        store.take_changed()
        differing = await asyncio.to_thread(differences, store, database_url) if store.link.live else {"link": []}
        if not differing:
            return loop.time() - began
        shown = {table: keys[:3] for table, keys in differing.items()}
        assert loop.time() - began < limit, f"{store.link}; still other after {limit:g} s: {shown}"
        await asyncio.sleep(0.5)
