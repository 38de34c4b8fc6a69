"""A console under 200 changes/s while everything around it is killed, frozen, cut off and restarted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from psycopg.types.json import Jsonb

from app.sync.timings import Timings
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import ConsoleError
from services.domain.passwords import hash_password
from services.local.postgres import Postgres, free_port
from tests.contract.gateway.running import KEY, PASSWORD, SECRET, SERVICE_KEY, Address, spoil, strike
from tests.fakes.relay import Relay, relay
from tests.live_store import synced, until_equal
from tests.live_writer import Writer
from tests.local_stack import ROOT
from tests.postgres import running_postgres

PER_SECOND: Final = 200.0
QUIET_LIMIT: Final = 240.0
TIMINGS: Final = Timings(recent=20.0, reconcile=90.0)
_PERSON: Final = "operator@directory-bolt.example"
_LOUD: Final = 40.0
"""Seconds of writing and striking between two quiet points."""


class Gateway:
    """The role `endpoints` as a process that can be frozen, killed and started again on its port."""

    def __init__(self, server: Postgres, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file = folder / "endpoints.json"
        self._log = folder / "endpoints.log"
        self._process: subprocess.Popen[bytes] | None = None
        config = {
            "database_url": server.url, "authenticator_url": server.authenticator_url, "gateway_port": self.port,
            "queue_port": free_port(), "practice_port": free_port(), "jwt_secret": SECRET, "publishable_key": KEY,
            "service_role_key": SERVICE_KEY, "practice_log": str(folder / "practice.jsonl"),
        }  # fmt: skip
        self._file.write_text(json.dumps(config))

    def start(self) -> None:
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "main.py"), "endpoints", "--config", str(self._file), "--end-with-parent"],
                stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 90
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/auth/v1/health", headers={"apikey": KEY}, timeout=1).status_code == 200:
                    return
            assert time.monotonic() < deadline, self._log.read_text()[-2000:]
            time.sleep(0.2)

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)

    def end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


class Scene:
    """All that can be struck."""

    def __init__(self, server: Postgres, gateway: Gateway, between: Relay, chance: random.Random) -> None:
        self._server = server
        self._gateway = gateway
        self._address = Address(gateway.url)
        self._between = between
        self._chance = chance
        self.strikes: Counter[str] = Counter()

    async def strike(self) -> None:
        """One blow; it is over when this returns."""
        chance = self._chance
        what = chance.choice(
            ["socket killed", "gateway frozen", "gateway restarted", "cut off", "hung up", "tokens expired",
             "postgres restarted", "postgres killed", "spoilt", "resubscribed"]
        )  # fmt: skip
        self.strikes[what] += 1
        if what == "socket killed":
            await strike(self._address, "kill", code=chance.choice([1000, 1001, 1006, 1012]))
        elif what == "gateway frozen":
            self._gateway.send(signal.SIGSTOP)
            await asyncio.sleep(chance.uniform(1, 15))
            self._gateway.send(signal.SIGCONT)
        elif what == "gateway restarted":
            await asyncio.to_thread(self._gateway.end)
            await asyncio.sleep(chance.uniform(0, 5))
            await asyncio.to_thread(self._gateway.start)
        elif what == "cut off":
            self._between.freeze()
            await asyncio.sleep(chance.uniform(1, 20))
            self._between.thaw()
        elif what == "hung up":
            self._between.hang_up()
        elif what == "tokens expired":
            await strike(self._address, "expire")
        elif what in ("postgres restarted", "postgres killed"):
            await asyncio.to_thread(self._server.stop if what == "postgres restarted" else self._server.kill)
            await asyncio.sleep(chance.uniform(0, 3))
            await asyncio.to_thread(self._server.start)
        elif what == "resubscribed":
            await strike(self._address, "resubscribe", seconds=chance.uniform(0, 3))
        else:
            rates: dict[str, Any] = {name: chance.choice([0.0, 0.05]) for name in ("drop", "repeat", "cut", "refuse")}
            await spoil(self._address, **rates, slow_reads=chance.choice([0.0, 0.5]), stale_reads=0.2, shuffle=True)

    async def calm(self) -> None:
        """Nothing is wrong any more."""
        await spoil(self._address)


def run(minutes: float, seed: int) -> Mapping[str, int | float | str]:
    """200 changes/s into one console while sockets, gateway, network, tokens and PostgreSQL are struck."""
    with running_postgres() as server, serving(server) as gateway:
        return asyncio.run(_run(server, gateway, minutes, seed))


async def _run(server: Postgres, gateway: Gateway, minutes: float, seed: int) -> dict[str, int | float | str]:
    chance = random.Random(seed)
    writer = Writer(server.url, seed, per_second=PER_SECOND)
    await asyncio.to_thread(writer.prepare)
    settled: list[float] = []
    memory: list[float] = []
    until = time.monotonic() + minutes * 60
    async with relay("127.0.0.1", gateway.port) as between, signed_in(between.url) as session:
        scene = Scene(server, gateway, between, chance)
        async with synced(session, TIMINGS) as store:
            while time.monotonic() < until:
                writer.start()
                try:
                    loud = time.monotonic() + _LOUD
                    while time.monotonic() < loud:
                        await asyncio.sleep(chance.uniform(2, 8))
                        await scene.strike()
                finally:
                    await asyncio.to_thread(writer.stop)
                await scene.calm()
                settled.append(await until_equal(store, server.url, QUIET_LIMIT))
                memory.append(_resident())
    # The first points still grow: pages of code, the history up to its limit.
    early = memory[: max(1, len(memory) // 2)]
    growth = max(memory) - max(early)
    assert growth < 40, f"memory grew by {growth:.0f} MB: {memory}"
    return {
        "changes written": writer.written,
        "quiet points, all equal to a select": len(settled),
        "worst seconds until equal": max(settled),
        "memory at the first point, MB": memory[0],
        "memory at the last point, MB": memory[-1],
        "growth in the second half, MB": growth,
        **{f"strikes: {what}": count for what, count in sorted(scene.strikes.items())},
    }


@contextmanager
def serving(server: Postgres) -> Iterator[Gateway]:
    """A gateway of its own process on this database, with a person who may sign in."""
    with psycopg.connect(server.url) as connection:
        connection.execute(
            "insert into auth.users (email, password_hash, app_metadata) values (%s, %s, %s)",
            (_PERSON, hash_password(PASSWORD), Jsonb({"role": "operator"})),
        )
    with tempfile.TemporaryDirectory(prefix="directory-bolt-soak-") as folder:
        gateway = Gateway(server, Path(folder))
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.end()


@asynccontextmanager
async def signed_in(url: str) -> AsyncIterator[SupabaseSession]:
    """That person's session, kept fresh."""
    session = await SupabaseSession.sign_in(url, KEY, _PERSON, PASSWORD)

    async def fresh() -> None:
        # In the console a sign-in that ended needs a person; here the tokens are renewed by the next read.
        with contextlib.suppress(ConsoleError):
            await session.keep_fresh()

    keeping = asyncio.get_running_loop().create_task(fresh())
    try:
        yield session
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await session.close()
        assert threading.active_count() < 40


def _resident() -> float:
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
