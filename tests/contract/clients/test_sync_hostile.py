"""The real clients on a real gateway that does its worst: at the end the store equals a select."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import psycopg
import pytest

from app.sync.timings import Timings
from services.local.postgres import Postgres
from tests.contract.clients.test_feed import behind_a_relay
from tests.contract.gateway.running import Address, spoil, strike
from tests.fakes.relay import Relay
from tests.leaks.logs import Logged
from tests.live_store import synced, until_equal
from tests.live_writer import Writer

pytestmark = pytest.mark.stack
HASTY = Timings(
    page=50, batch=20, overflow=60, flush=0.05, recent=1.0, reconcile=3.0, probe=0.5, answer=1.0, come_back=0.1,
    confirm=1.0, give_up=3.0, poll=0.5, backoff_first=0.1, backoff_most=0.5, open=3.0,
)  # fmt: skip


async def do_something_bad(gateway: Address, between: Relay, chance: random.Random) -> None:
    """One act of a schedule."""
    what = chance.choice(["spoil", "spoil", "kill", "resubscribe", "expire", "freeze", "hang up", "late", "calm"])
    if what == "spoil":
        rates: dict[str, Any] = {
            name: chance.choice([0.0, 0.1, 0.5]) for name in ("drop", "repeat", "cut", "refuse")
        }  # fmt: skip
        waits = {name: chance.choice([0.0, 0.2]) for name in ("slow_reads", "stale_reads")}
        await spoil(gateway, **rates, **waits, shuffle=chance.random() < 0.5, seed=chance.randrange(1000))
    elif what == "kill":
        await strike(gateway, "kill", code=chance.choice([1000, 1001, 1006, 1012]))
    elif what == "resubscribe":
        await strike(gateway, "resubscribe", seconds=chance.random())
    elif what == "expire":
        await strike(gateway, "expire")
    elif what == "freeze":
        between.freeze()
        asyncio.get_running_loop().call_later(chance.random() * 2, between.thaw)
    elif what == "hang up":
        between.hang_up()
    elif what == "late":
        await spoil(gateway, confirm_after=chance.choice([0.5, 2.0]))
    else:
        await spoil(gateway)


@pytest.mark.parametrize("seed", range(3))
def test_a_hostile_schedule_ends_with_the_truth(
    server: Postgres, owner: psycopg.Connection, seed: int, logged: Logged
) -> None:
    # A token may be over, or the gateway frozen, just while a join is on its way: the library logs it, the feed hears
    # of it as a loss and joins anew.
    logged.allow("join push")

    async def suite() -> None:
        chance = random.Random(seed)
        async with behind_a_relay(server) as (session, between):
            # The switches are turned past the relay, which may be frozen.
            gateway = Address(between.target_url)
            writer = Writer(server.url, seed, per_second=100, jobs=10)
            await asyncio.to_thread(writer.prepare)
            async with synced(session, HASTY, beat=0.2) as store:
                writer.start()
                try:
                    for _ in range(12):
                        await do_something_bad(gateway, between, chance)
                        await asyncio.sleep(chance.random())
                finally:
                    await asyncio.to_thread(writer.stop)
                between.thaw()
                await spoil(gateway)
                await until_equal(store, server.url, 60)
                assert writer.written > 100

    asyncio.run(suite())
