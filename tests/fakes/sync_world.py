"""A server, a console's sync and a clock of their own, driven step by step, with what must hold after each step."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Final

import msgspec

from app.store.link import Link
from app.store.merge import RECORDS
from app.store.store import Store
from app.sync.engine import Engine
from app.sync.tables import TABLES
from app.sync.timings import Timings
from services.domain.errors import NotPermitted
from tests.fakes.server import EPOCH, FakeServer, Transaction
from tests.fakes.virtual_time import VirtualLoop

HASTY: Final = Timings(
    frame=0.05, page=4, batch=3, history=1000, overflow=12, recent=6.0, overlap=30.0, reconcile=60.0, probe=4.0,
    answer=2.0, confirm=1.0, give_up=4.0, poll=2.0, come_back=2.0, flush=0.5, backoff_most=4.0, open=3.0, steady=10.0,
)  # fmt: skip
WRITTEN: Final = ("jobs", "customers", "job_results", "directory_submissions", "worker_heartbeats", "outbox")
STATUSES: Final = ("pending", "in_progress", "completed", "failed")
_ENDED: Final = frozenset({"completed", "failed"})


class SyncWorld:
    """Steps are methods; each one ends with the invariants that hold at any time. `close` it at the end.

    I2 a row whose delete has settled doesn't come back; I3 no job goes from an end to before it unless the server's
    did; I4 no event twice in the feed; I5 live means that every row written longer ago than the overlap is there;
    I6 one read of a table at a time. `settle` asserts I1: once nothing happens any more, store and server are equal,
    also (I7) when the server never confirms the feed.

    A `honest` server loses nothing without a sign (it breaks, cuts, repeats, delays and lies stale all the same).
    There the console compares nothing now and then, and must be right all the same.
    """

    def __init__(self, seed: int, *, honest: bool) -> None:
        self._honest = honest
        self._timings = msgspec.structs.replace(HASTY, recent=1e9, reconcile=1e9) if honest else HASTY
        self._deleted: set[tuple[str, str]] = set()
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        self._loop = self._runner.get_loop()
        self._numbers = random.Random(seed)
        self._open: list[Transaction] = []
        self._done: set[str] = set()
        self._events = 0
        self._lives: Counter[tuple[str, int]] = Counter()
        self._settled_deletes: set[tuple[str, str]] = set()
        self._ended: dict[str, int] = {}
        self._runner.run(self._start(seed))

    async def _start(self, seed: int) -> None:
        self.server = FakeServer(seed)
        self.store = Store(lambda: EPOCH + self._loop.time())
        self.engine = Engine(
            self.server, self.server, self.store, self._timings, chance=self._numbers.random, wall=self._loop.time
        )  # fmt: skip
        self._running = self._loop.create_task(self.engine.run())

    def close(self) -> None:
        """End it."""
        self._runner.run(self._end())
        self._runner.close()

    async def _end(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    # Steps

    def begin(self, table: str, key: int, status: str) -> None:
        """A transaction that writes one row and isn't committed yet."""
        self._run(self._begin(table, key, status))

    def commit(self, which: int) -> None:
        """One of the open transactions becomes visible, in any order."""
        self._run(self._commit(which))

    def write(self, table: str, key: int, status: str) -> None:
        """One row, written and visible at once."""
        self._run(self._write(table, [key], status))

    def write_many(self, table: str, status: str) -> None:
        """One transaction over twenty rows."""
        self._run(self._write(table, list(range(20)), status))

    def event(self, job: int) -> None:
        """A line of history."""
        self._run(self._event(job))

    def delete(self, table: str, key: int) -> None:
        """A row goes."""
        self._run(self._delete(table, key))

    def hostile(self, lose: float, repeat: float, cut: float, refuse: float, delay: float, read_delay: float) -> None:
        """From now on the feed and the reads are like this."""
        server = self.server
        server.repeat, server.cut = repeat, cut
        if not self._honest:
            server.lose, server.refuse = lose, refuse
        server.delay, server.read_delay = delay, read_delay
        self._run(asyncio.sleep(0))

    def disconnect(self, seconds: float) -> None:
        """No network for so long."""
        self._run(self._disconnect(seconds))

    def strike(self, what: str) -> None:
        """One of kill, expire, resubscribe, mute, speak, unpublish, freeze, thaw."""
        self._run(self._strike(what))

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self._run(asyncio.sleep(seconds))

    def settle(self, confirms: bool = True) -> None:
        """All writes end, the network is fine again: store and server must become equal."""
        self._run(self._settle(confirms))
        self._same()
        if confirms:
            assert self.store.link.word == "Live", self.store.link
        else:
            assert self.store.link.word == "Polling", self.store.link
        for table in TABLES:
            held = self.store.rows(table)
            self._settled_deletes |= {each for each in self._deleted if each[0] == table and each[1] not in held}
        self._deleted.clear()

    # What the steps do

    async def _begin(self, table: str, key: int, status: str) -> None:
        transaction = self.server.begin()
        transaction.write(table, self._key(table, key), status=status, job_id="k1", customer_id="k1", details={})
        self._open.append(transaction)
        # Nothing stays open for longer than the overlap allows for, and the time until it is read.
        self._loop.call_later(HASTY.overlap / 2, self._make, transaction)

    async def _commit(self, which: int) -> None:
        if self._open:
            self._make(self._open[which % len(self._open)])

    def _make(self, transaction: Transaction) -> None:
        if transaction in self._open:
            self._open.remove(transaction)
        elif transaction.stamp in self._done:
            return
        self._done.add(transaction.stamp)
        # An update of a row that went meanwhile finds nothing.
        transaction.writes = [each for each in transaction.writes if self._current(each[0], each[1])]
        for table, key, _ in transaction.writes:
            # A worker that starts again has its old name.
            self._settled_deletes.discard((table, key))
            self._deleted.discard((table, key))
        self.server.commit(transaction)

    async def _write(self, table: str, keys: list[int], status: str) -> None:
        transaction = self.server.begin()
        for key in keys:
            transaction.write(table, self._key(table, key), status=status, job_id="k1", customer_id="k1", details={})
        self._make(transaction)

    async def _event(self, job: int) -> None:
        self._events += 1
        transaction = self.server.begin()
        transaction.write("queue_history", f"{self._events:06}", job_id=f"k{job}", event="submitting", details={})
        self._make(transaction)

    async def _delete(self, table: str, key: int) -> None:
        name = self._key(table, key)
        if name in self.server.tables[table]:
            self.server.delete(table, name)
            self._deleted.add((table, name))
            self._lives[table, key] += 1

    def _current(self, table: str, name: str) -> bool:
        key, _, life = name.removeprefix("k").partition(".")
        return not life or table == "queue_history" or int(life) == self._lives[table, int(key)]

    def _key(self, table: str, key: int) -> str:
        """The row's key: one that was deleted is never used again, except by workers, who have names."""
        return f"k{key}" if table == "worker_heartbeats" else f"k{key}.{self._lives[table, key]}"

    async def _disconnect(self, seconds: float) -> None:
        self.server.unreachable = True
        self.server.kill_feed("the network is gone")
        await asyncio.sleep(seconds)
        self.server.unreachable = False

    async def _strike(self, what: str) -> None:
        server = self.server
        if what == "kill":
            server.kill_feed()
        elif what == "expire":
            server.kill_feed("Token has expired")
            server.signed_out = NotPermitted("JWT expired")
            self._loop.call_later(self._numbers.random() * 5, self._sign_in)
        elif what == "resubscribe":
            server.resubscribe(self._numbers.random() * 3)
        elif what in ("mute", "speak"):
            server.confirms = what == "speak"
        elif what == "unpublish":
            if not self._honest:
                server.unpublished ^= {self._numbers.choice(WRITTEN)}
        else:
            server.frozen = what == "freeze"

    def _sign_in(self) -> None:
        self.server.signed_out = None

    async def _settle(self, confirms: bool) -> None:
        server = self.server
        for transaction in list(self._open):
            self._make(transaction)
        server.unreachable = server.frozen = False
        server.signed_out = None
        server.confirms = confirms
        server.lose = server.cut = server.refuse = server.delay = server.read_delay = 0.0
        server.unpublished.clear()
        if not confirms:
            server.kill_feed("the server restarts")
        # Long enough to join again, and for the only cure of what was lost without a sign.
        await asyncio.sleep(15 if self._honest else 15 + HASTY.reconcile)
        if not confirms:
            # Until a poll that looks for deletes too.
            await asyncio.sleep(HASTY.poll * HASTY.sweeps)

    # What must hold

    def _run(self, step: object) -> None:
        assert asyncio.iscoroutine(step)
        self._runner.run(step)
        self._check()

    def _same(self) -> None:
        for table in TABLES:
            truth = {key: RECORDS[table].from_row(row) for key, row in self.server.tables[table].items()}
            held = dict(self.store.rows(table))
            assert held == truth, (table, {k for k in held.keys() | truth.keys() if held.get(k) != truth.get(k)})
        self.store.take_changed()
        assert set(self.store.jobs.lines) == set(self.server.tables["jobs"])
        assert [event.id for event in self.store.activity.events] == sorted(self.server.tables["queue_history"])

    def _check(self) -> None:
        self.store.take_changed()
        for table, key in self._settled_deletes:
            assert self.store.get(table, key) is None, f"I2: {table} {key} came back"
        for key, job in self.store.rows("jobs").items():
            if job.status in _ENDED:
                self._ended[key] = max(self._ended.get(key, 0), job.version or 0)
            elif key in self._ended and key in self.server.tables["jobs"]:
                assert (job.version or 0) > self._ended[key] or (job.version or 0) == self._version(key), f"I3: {key}"
        for key in self._ended.keys() - self.store.rows("jobs").keys():
            del self._ended[key]
        ids = [event.id for event in self.store.activity.events]
        assert len(ids) == len(set(ids)), "I4"
        self._complete(self.store.link)
        assert self.server.most_at_once <= 1, "I6"

    def _version(self, key: str) -> int:
        version: int = self.server.tables["jobs"][key]["version"]
        return version

    def _complete(self, link: Link) -> None:
        """I5, once the link has been live for as long as finding a lost change takes."""
        now = self._loop.time()
        if (
            self._honest
            or not link.live
            or now - (link.since - EPOCH) < HASTY.overlap
            or self.server.unreachable
            or self.server.frozen
        ):
            return
        for (table, key), at in self.server.committed.items():
            if now - at > HASTY.overlap and key in self.server.tables[table]:
                assert self.store.get(table, key) is not None, f"I5: {table} {key} is missing"


def random_schedule(seed: int) -> None:
    """Forty steps by chance, then quiet. Raises AssertionError when something didn't hold."""
    chance = random.Random(seed)
    world = SyncWorld(seed, honest=chance.random() < 0.5)
    try:
        for _ in range(40):
            _random_step(world, chance)
        world.settle(confirms=chance.random() < 0.8)
        for _ in range(10):
            _random_step(world, chance)
        world.settle()
    finally:
        world.close()


def _random_step(world: SyncWorld, chance: random.Random) -> None:
    table, key, status = chance.choice(WRITTEN), chance.randrange(6), chance.choice(STATUSES)
    step = chance.choices(
        ["write", "begin", "commit", "many", "event", "delete", "hostile", "disconnect", "strike", "wait"],
        [6, 4, 4, 1, 4, 3, 2, 1, 4, 8],
    )[0]
    if step == "write":
        world.write(table, key, status)
    elif step == "begin":
        world.begin(table, key, status)
    elif step == "commit":
        world.commit(chance.randrange(100))
    elif step == "many":
        world.write_many(table, status)
    elif step == "event":
        world.event(key)
    elif step == "delete":
        world.delete(table, key)
    elif step == "hostile":
        rates = [chance.choice([0.0, 0.0, 0.1, 0.5]) for _ in range(4)]
        delays = [chance.choice([0.0, 0.05, 2.0]) for _ in range(2)]
        world.hostile(*rates, *delays)
    elif step == "disconnect":
        world.disconnect(chance.choice([0.0, 1.0, 10.0, 30.0, 30.0, 600.0]))
    elif step == "strike":
        world.strike(
            chance.choice(["kill", "kill", "expire", "resubscribe", "resubscribe", "mute", "speak", "speak",
                           "unpublish", "freeze", "thaw", "thaw"])
        )  # fmt: skip
    else:
        world.wait(chance.choice([0.0, 0.01, 0.3, 3.0, 10.0, 45.0]))
