"""One client of the ingest benchmark, in a process of its own: prints what it took and what it holds at the end.

argv: kind (ours, websockets, kept, realtime), URL of the server, number of changes, seed.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from services.ports.facts import Table
from tests.bench.ingest_server import JOBS, customer_of, job_id

TABLES = ("jobs", "job_results", "queue_history")


class Clock:
    """From the first change to the last."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.seen = 0
        self.done = asyncio.Event()
        self._wall = self._cpu = 0.0
        self._took = (0.0, 0.0)

    def start(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self._took = time.perf_counter() - self._wall, time.process_time() - self._cpu
        self.done.set()

    def tick(self) -> None:
        """One more change."""
        if not self.seen:
            self.start()
        self.seen += 1
        if self.seen == self.count:
            self.stop()

    def result(self, held: Mapping[str, Any]) -> dict[str, Any]:
        wall, cpu = self._took
        return {"per_second": self.count / wall, "cpu_us": cpu / self.count * 1e6, "count": self.seen, **held}


async def websockets_and_orjson(url: str, count: int, *, keeps: bool) -> dict[str, Any]:
    """The floor: a socket, a JSON decoder, and a dict of the rows by id if it `keeps` them."""
    import orjson
    from websockets.asyncio.client import connect

    clock = Clock(count)
    held: dict[Any, Any] = {}
    join = {"topic": "realtime:feed", "event": "phx_join", "ref": "1", "payload": {"config": {}}}
    address = f"{url.replace('http', 'ws')}/realtime/v1/websocket?vsn=1.0.0"
    last: dict[str, Any] = {}
    async with connect(address, compression=None, max_size=None, ping_interval=None) as socket:
        await socket.send(json.dumps(join))
        while clock.seen < count:
            message = orjson.loads(await socket.recv(decode=False))
            if message["event"] == "postgres_changes":
                last = message["payload"]["data"]["record"]
                if keeps:
                    held[last["id"]] = last
                clock.tick()
    return clock.result({"last": last["progress"]})


async def stock_realtime(url: str, count: int) -> dict[str, Any]:
    """The library as it comes, with a callback that only counts."""
    from realtime import AsyncRealtimeClient, RealtimePostgresChangesListenEvent

    clock = Clock(count)
    last: list[dict[str, Any]] = [{}]

    def take(payload: Any) -> None:
        last[0] = payload["data"]["record"]
        clock.tick()

    client = AsyncRealtimeClient(f"{url}/realtime/v1", "key")
    channel = client.channel("feed")
    for table in TABLES:
        channel.on_postgres_changes(RealtimePostgresChangesListenEvent.All, take, table=table, schema="public")
    await channel.subscribe()
    await clock.done.wait()
    await client.close()
    return clock.result({"last": last[0]["progress"]})


class SignedIn:
    """A sign-in that needs nobody."""

    key = "key"

    def __init__(self, url: str) -> None:
        self.url = url

    def on_token(self, listener: Callable[[str], None]) -> None: ...

    async def token(self) -> str:
        return "token"

    async def renew(self, refused: str) -> str:
        return "token"


class JobsOnly:
    """Reads of a database that has the benchmark's jobs and nothing else."""

    def __init__(self, seed: int) -> None:
        self._ids = [job_id(seed, number) for number in range(JOBS)]

    async def page(
        self, table: Table, *, order: str, descending: bool = False, limit: int = 1000,
        after: tuple[str, str] | None = None, equals: Mapping[str, str] | None = None, since: str | None = None,
        columns: Sequence[str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        if table != "jobs":
            return []
        start = self._ids.index(after[1]) + 1 if after else 0
        stamp = "2026-11-26T09:00:00+00:00"
        return [
            {"id": each, "customer_id": customer_of(each), "status": "pending", "package_size": 300,
             "directories_total": 300, "directories_done": 0, "progress": 0, "created_at": stamp,
             "updated_at": stamp, "version": 1}
            for each in self._ids[start : start + limit]
        ]  # fmt: skip

    async def by_ids(self, table: Table, ids: Sequence[str]) -> list[dict[str, Any]]:
        return []

    async def server_offset(self) -> float:
        return 0.0


async def our_store(url: str, count: int, seed: int) -> dict[str, Any]:
    """The console's feed, sync, store and pump, inside Qt's loop."""
    from app.models.pump import Pump
    from app.store.store import Store
    from app.sync.engine import Engine
    from services.clients.supabase_feed import SupabaseFeed

    clock, store = Clock(count), Store()
    engine = Engine(JobsOnly(seed), SupabaseFeed(SignedIn(url)), store)
    pump = Pump(store)
    pump.start()
    running = asyncio.get_running_loop().create_task(engine.run())
    inbox = engine._inbox
    await inbox.arrived.wait()
    clock.start()
    while True:
        clock.seen = sum(inbox.arrivals(table) for table in TABLES)
        if clock.seen >= count and not inbox and not store.jobs.pending:
            break
        await asyncio.sleep(0.001)
    clock.stop()
    pump.stop()
    store.take_changed()
    last = max(store.rows("jobs").values(), key=lambda job: job.updated_at or 0.0)
    line = store.jobs.lines[last.id]
    result = clock.result(
        {
            "last": last.progress,
            "results": len(store.rows("job_results")),
            "events": len(store.rows("queue_history")),
            "derived": sum(each.done + each.running + each.unknown for each in store.jobs.lines.values()),
            "line": line.total,
        }
    )  # fmt: skip
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return result


def main() -> None:
    kind, url, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if kind != "ours":
        work: Coroutine[Any, Any, dict[str, Any]] = (
            stock_realtime(url, count)
            if kind == "realtime"
            else websockets_and_orjson(url, count, keeps=kind == "kept")
        )
        print(json.dumps(asyncio.run(work)), flush=True)
        return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtWidgets import QApplication

    from app.loop import run_in_qt

    async def life(_: object) -> int:
        gc.collect()
        gc.freeze()
        print(json.dumps(await our_store(url, count, seed)), flush=True)
        return 0

    profiling = os.environ.get("INGEST_PROFILE")
    if profiling:
        import cProfile

        profile = cProfile.Profile()
        profile.runcall(run_in_qt, QApplication([]), life)
        profile.dump_stats(profiling)
        return
    run_in_qt(QApplication([]), life)


if __name__ == "__main__":
    main()
