"""Three observers of one random writer: supabase-js, the stock realtime client and our store must agree at the end."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
from realtime import AsyncRealtimeClient, RealtimePostgresChangesListenEvent

from services.local.postgres import Postgres
from tests.contract.gateway.running import SERVICE_KEY
from tests.live_store import synced, until_equal
from tests.live_writer import Writer
from tests.postgres import running_postgres
from tests.soak.sync_live import TIMINGS, Gateway, serving, signed_in

TABLES: Final = ("jobs", "job_results", "directory_submissions", "queue_history")
PER_SECOND: Final = 100.0
_LIMIT: Final = 60.0
_SCRIPT: Final = Path(__file__).with_name("observer.js")

Held = dict[str, dict[str, int]]
"""Table -> key -> version (1 where a row has none)."""


def run(minutes: float, seed: int) -> Mapping[str, int | float | str]:
    """supabase-js, stock realtime and our store beside one random writer; all must end as the database."""
    with running_postgres() as server, serving(server) as gateway:
        return asyncio.run(_run(server, gateway, minutes, seed))


async def _run(server: Postgres, gateway: Gateway, minutes: float, seed: int) -> dict[str, int | float | str]:
    writer = Writer(server.url, seed, per_second=PER_SECOND)
    await asyncio.to_thread(writer.prepare)
    start = truth(server.url)
    compared = 0
    async with (
        signed_in(gateway.url) as session,
        synced(session, TIMINGS) as store,
        _stock(gateway.url, start) as stock,
        _javascript(gateway.url, start) as javascript,
    ):
        await until_equal(store, server.url, _LIMIT)
        chance = random.Random(seed)
        until = time.monotonic() + minutes * 60
        while time.monotonic() < until:
            writer.start()
            try:
                await asyncio.sleep(min(chance.uniform(5, 20), max(1.0, until - time.monotonic())))
            finally:
                await asyncio.to_thread(writer.stop)
            await until_equal(store, server.url, _LIMIT)
            end = truth(server.url)
            await _until_equal(stock, end)
            if javascript is not None:
                await _until_said(javascript, start, end)
            compared += 1
    return {
        "changes written": writer.written,
        "comparisons, all equal": compared,
        "rows at the end": sum(len(rows) for rows in truth(server.url).values()),
        "supabase-js": "took part" if javascript is not None else "not here",
    }


def truth(database_url: str) -> Held:
    """What the database holds."""
    with psycopg.connect(database_url) as connection:
        return {
            table: {
                str(key): int(version)
                for key, version in connection.execute(
                    f"select id::text, coalesce((to_jsonb(t) ->> 'version')::int, 1) from {table} t"
                )
            }
            for table in TABLES
        }


@asynccontextmanager
async def _stock(url: str, start: Held) -> AsyncIterator[Held]:
    """The stock client, which begins with what there was."""
    held: Held = {table: dict(rows) for table, rows in start.items()}
    confirmed = asyncio.Event()

    def taker(table: str) -> Callable[[Any], None]:
        def take(payload: Any) -> None:
            data = payload["data"]
            if data["type"] == "DELETE":
                held[table].pop(str(data["old_record"]["id"]), None)
            else:
                held[table][str(data["record"]["id"])] = data["record"].get("version", 1)

        return take

    client = AsyncRealtimeClient(f"{url}/realtime/v1", SERVICE_KEY)
    channel = client.channel("stock")
    for table in TABLES:
        channel.on_postgres_changes(
            RealtimePostgresChangesListenEvent.All, taker(table), table=table, schema="public"
        )  # fmt: skip
    channel.on_system(lambda _: confirmed.set())
    await channel.subscribe()
    try:
        await asyncio.wait_for(confirmed.wait(), _LIMIT)
        yield held
    finally:
        await client.close()


@asynccontextmanager
async def _javascript(url: str, start: Held) -> AsyncIterator[asyncio.subprocess.Process | None]:
    """supabase-js in node, its package installed into a folder of its own; None where that can't be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="observer-") as folder:
        (Path(folder) / "package.json").write_text('{"name": "observer", "private": true}')
        install = [npm, "install", "--no-audit", "--no-fund", "@supabase/supabase-js", "ws"]
        done = await asyncio.to_thread(subprocess.run, install, cwd=folder, capture_output=True, timeout=180)
        if done.returncode != 0:
            yield None
            return
        process = await asyncio.create_subprocess_exec(
            node, str(_SCRIPT), url, SERVICE_KEY,
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**26,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            said = await asyncio.wait_for(process.stdout.readline(), _LIMIT)
            assert said.strip() == b"ready", said
            yield process
        finally:
            process.stdin.close()
            await process.wait()


async def _until_said(process: asyncio.subprocess.Process, start: Held, end: Held) -> None:
    """Ask until it holds of the changes what the database does; it never saw what nobody touched."""
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = time.monotonic() + _LIMIT
    while True:
        process.stdin.write(b"\n")
        held: Held = json.loads(await process.stdout.readline())
        # Its map began empty: rows of the start that were never changed are not in it.
        whole = {table: {**_kept(start[table], end[table]), **held[table]} for table in TABLES}
        if whole == end:
            return
        assert time.monotonic() < deadline, "supabase-js holds something else"
        await asyncio.sleep(0.5)


def _kept(start: dict[str, int], end: dict[str, int]) -> dict[str, int]:
    return {key: version for key, version in start.items() if end.get(key) == version}


async def _until_equal(stock: Held, end: Held) -> None:
    deadline = time.monotonic() + _LIMIT
    while stock != end:
        assert time.monotonic() < deadline, "the stock client holds something else"
        await asyncio.sleep(0.2)
