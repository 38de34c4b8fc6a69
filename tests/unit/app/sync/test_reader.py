"""What is read at each depth, how reads share their turn, and what a project that lacks something makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.store.link import TableState
from app.store.store import Store
from app.sync.inbox import Inbox
from app.sync.reader import Reader
from app.sync.tables import APPEND_ONLY, Depth
from app.sync.timings import Timings
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused, SignedOut
from services.domain.records import HistoryEvent, Job
from services.ports.facts import Change
from tests.fakes.server import EPOCH, FakeServer
from tests.fakes.virtual_time import run_virtually

SMALL = Timings(page=4, batch=3, history=6, overlap=10.0)


class World:
    """A reader, what it reads from and what it reads into."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = FakeServer()
        self.store = Store(lambda: EPOCH + loop.time())
        self.inbox = Inbox(self.store)
        self.reader = Reader(self.server, self.store, self.inbox, SMALL)

    def jobs(self, count: int) -> None:
        for number in range(count):
            self.server.write("jobs", f"j{number:02}", customer_id="c", status="pending")

    @property
    def doubted(self) -> set[str]:
        return set(self.inbox.dirty.get("jobs", ()))


def play(scene: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        await scene(World())

    run_virtually(main())


def test_a_gap_brings_what_changed_and_keys_find_the_rest() -> None:
    async def scene(world: World) -> None:
        world.jobs(12)
        assert await world.reader.table("jobs", Depth.GAP) == ""
        assert len(world.store.rows("jobs")) == 12
        await asyncio.sleep(100)
        world.jobs(1)
        await world.reader.table("jobs", Depth.GAP)
        world.jobs(1)
        world.server.tables["jobs"]["j05"]["version"] = 9
        del world.server.tables["jobs"]["j06"]
        asked = world.server.asked["jobs"]
        await world.reader.table("jobs", Depth.GAP)
        # One page with one row: the others are older than the overlap.
        assert world.server.asked["jobs"] == asked + 1
        assert world.store.get("jobs", "j00").version == 3
        assert world.doubted == set()
        await world.reader.table("jobs", Depth.ALL_KEYS)
        assert world.doubted == {"j05", "j06"}
        await world.reader.points("jobs")
        assert world.store.get("jobs", "j06") is None
        assert world.store.get("jobs", "j05").version == 9

    play(scene)


def test_recent_rows_are_compared_before_they_are_fetched() -> None:
    async def scene(world: World) -> None:
        world.jobs(3)
        await world.reader.table("jobs", Depth.ALL_ROWS)
        world.jobs(4)
        await world.reader.table("jobs", Depth.RECENT)
        assert world.doubted == {"j00", "j01", "j02", "j03"}
        assert world.store.get("jobs", "j00").version == 1

    play(scene)


def test_a_row_ahead_of_its_time_does_not_hide_later_ones() -> None:
    async def scene(world: World) -> None:
        world.jobs(1)
        world.server.tables["jobs"]["j00"]["updated_at"] = "2090-01-01T00:00:00+00:00"
        await world.reader.table("jobs", Depth.ALL_ROWS)
        await asyncio.sleep(60)
        world.jobs(2)
        await world.reader.table("jobs", Depth.GAP)
        assert set(world.store.rows("jobs")) == {"j00", "j01"}

    play(scene)


def test_who_asks_while_a_read_waits_shares_it_at_the_greater_depth() -> None:
    async def scene(world: World) -> None:
        world.jobs(3)
        world.server.read_delay = 1.0
        depths = [Depth.RECENT, Depth.RECENT, Depth.ALL_KEYS, Depth.GAP]
        async with asyncio.TaskGroup() as group:
            first = group.create_task(world.reader.table("jobs", Depth.ALL_ROWS))
            await asyncio.sleep(0)
            others = [group.create_task(world.reader.table("jobs", depth)) for depth in depths]
        assert [task.result() for task in (first, *others)] == [""] * 5
        # The first read, then the changed rows and all keys, once.
        assert world.server.asked["jobs"] == 3
        assert world.server.most_at_once == 1

    play(scene)


def test_one_who_gives_up_takes_nobody_along() -> None:
    async def scene(world: World) -> None:
        world.jobs(3)
        world.server.read_delay = 1.0
        loop = asyncio.get_running_loop()
        first, queued, sharing = (loop.create_task(world.reader.table("jobs", Depth.GAP)) for _ in range(3))
        last = loop.create_task(world.reader.table("jobs", Depth.GAP))
        await asyncio.sleep(0)
        queued.cancel()
        last.cancel()
        assert await first == ""
        assert await sharing == ""
        await asyncio.gather(queued, last, return_exceptions=True)
        assert queued.cancelled()
        assert last.cancelled()
        assert not world.reader._queued

    play(scene)


def test_a_read_that_is_ended_while_under_way_leaves_the_next_one_free() -> None:
    async def scene(world: World) -> None:
        world.server.read_delay = 10.0
        reading = asyncio.get_running_loop().create_task(world.reader.table("jobs", Depth.GAP))
        await asyncio.sleep(0.1)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert await world.reader.table("jobs", Depth.GAP) == ""

    play(scene)


@pytest.mark.parametrize("table", ["jobs", "customers", "queue_history", "staff_actions"])
def test_a_project_without_the_time_of_change_is_read_by_its_keys(table: str) -> None:
    async def scene(world: World) -> None:
        world.server.missing[table] = "created_at" if table in APPEND_ONLY else "updated_at"
        for number in range(5):
            world.server.write(table, f"{number}", status="pending", event="x", details={})
        assert await world.reader.table(table, Depth.GAP) == ""  # type: ignore[arg-type]
        assert len(world.store.rows(table)) == 5
        world.server.write(table, "9", status="pending", event="x", details={})
        await world.reader.table(table, Depth.RECENT)  # type: ignore[arg-type]
        assert len(world.store.rows(table)) == 6

    play(scene)


def test_a_row_without_a_time_is_not_left_out() -> None:
    async def scene(world: World) -> None:
        world.jobs(9)
        world.server.tables["jobs"]["j04"]["updated_at"] = None
        assert await world.reader.table("jobs", Depth.GAP) == ""
        assert len(world.store.rows("jobs")) == 9

    play(scene)


def test_a_time_that_can_not_be_read_later_on_means_reading_by_keys() -> None:
    async def scene(world: World) -> None:
        world.jobs(2)
        await world.reader.table("jobs", Depth.GAP)
        world.jobs(3)
        world.server.tables["jobs"]["j02"]["updated_at"] = "somewhen"
        assert await world.reader.table("jobs", Depth.GAP) == ""
        assert len(world.store.rows("jobs")) == 3

    play(scene)


def test_a_failed_read_keeps_what_was_in_doubt() -> None:
    async def scene(world: World) -> None:
        world.inbox.doubt("jobs", "j")
        world.server.errors["jobs"] = NotReachable("no")
        assert await world.reader.table("jobs", Depth.ALL_ROWS) == "not_reachable"
        assert await world.reader.points("jobs") == "not_reachable"
        assert world.doubted == {"j"}
        for error, kind in ((Refused("no"), "refused"), (SignedOut("over"), "signed_out")):
            world.server.errors["jobs"] = error
            assert await world.reader.points("jobs") == kind
            assert world.doubted == {"j"}
        assert world.store.state("jobs").kind == "not_permitted"
        world.server.errors["jobs"] = SignedOut("over")
        assert await world.reader.table("jobs", Depth.GAP) == "signed_out"
        assert world.store.state("jobs").kind == "not_permitted"
        world.server.errors["jobs"] = NotInstalled("no table")
        assert await world.reader.points("jobs") == "not_installed"
        assert world.doubted == set()
        assert await world.reader.table("jobs", Depth.GAP) == "not_installed"
        del world.server.errors["jobs"]
        assert await world.reader.points("jobs") == ""

    play(scene)


def test_a_table_that_changes_without_a_word_is_known_until_it_speaks() -> None:
    async def scene(world: World) -> None:
        world.jobs(2)
        await world.reader.table("jobs", Depth.ALL_ROWS)
        assert not world.reader.unannounced
        world.jobs(3)
        await world.reader.table("jobs", Depth.RECENT)
        assert world.reader.unannounced == {"jobs"}
        assert world.store.state("jobs").polled
        world.inbox.arrive(Change("jobs", "UPDATE", dict(world.server.tables["jobs"]["j00"])))
        await world.reader.table("jobs", Depth.RECENT)
        assert not world.reader.unannounced
        assert not world.store.state("jobs").polled

    play(scene)


def test_of_the_history_only_the_newest_part_is_compared() -> None:
    async def scene(world: World) -> None:
        for number in range(20):
            world.server.write("queue_history", f"{number:02}", job_id="j", event="x", details={})
            await asyncio.sleep(1)
        await world.reader.table("queue_history", Depth.GAP)
        assert sorted(world.store.rows("queue_history")) == [f"{number:02}" for number in range(14, 20)]
        assert not world.store.state("queue_history").complete
        await world.reader.of_job("j")
        assert len(world.store.rows("queue_history")) == 20
        del world.server.tables["queue_history"]["03"]
        del world.server.tables["queue_history"]["16"]
        await world.reader.table("queue_history", Depth.ALL_KEYS)
        assert set(world.inbox.dirty["queue_history"]) == {"16"}

    play(scene)


def test_of_the_acts_of_staff_only_the_newest_are_read() -> None:
    async def scene(world: World) -> None:
        for number in range(9):
            world.server.write("staff_actions", f"{number}", request_id=f"r{number}", act="retry_failed", target="j")
            await asyncio.sleep(1)
        await world.reader.table("staff_actions", Depth.GAP)
        assert sorted(world.store.rows("staff_actions")) == ["3", "4", "5", "6", "7", "8"]
        assert not world.store.state("staff_actions").complete
        world.server.write("staff_actions", "9", request_id="r9", act="pause", target="j", reason="asked to")
        await world.reader.table("staff_actions", Depth.ALL_KEYS)
        assert not world.inbox.dirty
        act = world.store.get("staff_actions", "9")
        assert (act.request_id, act.act, act.target, act.reason) == ("r9", "pause", "j", "asked to")

    play(scene)


def test_older_events_come_page_by_page_until_there_are_no_more() -> None:
    async def scene(world: World) -> None:
        for number in range(0, 20, 2):
            # Two of each instant: the key tells which comes first.
            transaction = world.server.begin()
            for each in (number, number + 1):
                transaction.write("queue_history", f"{each:02}", job_id=f"j{each}", event="x", details={})
            world.server.commit(transaction)
        await world.reader.table("queue_history", Depth.GAP)
        await world.reader.of_job("j0")
        held = [7, 12, 17, 20]
        for count in held:
            assert len(world.store.rows("queue_history")) == count
            assert await world.reader.older_events(5) is (count < 17)
            assert world.store.state("queue_history").complete is (count >= 17)
        assert world.store.jobs.history_from is None

    play(scene)


def test_a_change_during_a_sweep_is_no_doubt_and_during_a_read_it_is() -> None:
    async def scene(world: World) -> None:
        number = world.inbox.begin_read("jobs")
        world.inbox.arrive(Change("jobs", "INSERT", {"id": "new", "version": 1}))
        world.inbox.apply(1.0)
        assert world.inbox.sweep("jobs", ["new", "old"]) == 1
        assert world.doubted == {"old"}
        assert world.inbox.read_rows("jobs", [{"id": "new", "version": 1}], number) == 0
        assert world.doubted == {"old", "new"}

    play(scene)


def kept_from_before(world: World, *tables: str) -> None:
    """What an earlier start held: job j00, which is still there, and job j99, which is gone."""
    world.store.keep("jobs", [Job("j00", status="pending", version=0), Job("j99", status="pending", version=1)])
    events = [HistoryEvent(f"e{age}", job_id="j00", created_at=world.store.now() - age) for age in (900, 800, 1)]
    world.store.keep("queue_history", events)
    for table in tables:
        world.store.set_state(table, TableState(world.store.now() - 600, kept=True))


def test_the_first_read_takes_the_place_of_what_was_kept() -> None:
    async def scene(world: World) -> None:
        await asyncio.sleep(1000)
        world.jobs(3)
        for number in range(8):
            world.server.write("queue_history", f"n{number}", job_id="j00", event="submitting")
        kept_from_before(world, "jobs", "queue_history")
        for table in ("jobs", "queue_history"):
            assert await world.reader.table(table, Depth.GAP) == ""
            assert not world.store.state(table).kept
        assert world.doubted == {"j99"}
        await world.reader.points("jobs")
        assert set(world.store.rows("jobs")) == {"j00", "j01", "j02"}
        assert world.store.get("jobs", "j00").version == 1
        # Between the oldest event that was read and what was kept there may be others.
        assert world.store.jobs.history_from == pytest.approx(world.store.now(), abs=0.01)
        assert {key[0] for key in world.store.rows("queue_history")} == {"n"}

    play(scene)


def test_events_that_are_all_read_need_not_go() -> None:
    async def scene(world: World) -> None:
        await asyncio.sleep(1000)
        kept_from_before(world, "queue_history")
        for key in ("e900", "e800", "e1"):
            world.server.write("queue_history", key, job_id="j00")
        await world.reader.table("queue_history", Depth.GAP)
        assert len(world.store.rows("queue_history")) == 3

    play(scene)


def test_a_change_during_the_first_read_wins_over_what_was_kept() -> None:
    async def scene(world: World) -> None:
        world.jobs(1)
        kept_from_before(world, "jobs")
        world.server.read_delay = 5.0
        reading = asyncio.get_running_loop().create_task(world.reader.table("jobs", Depth.GAP))
        await asyncio.sleep(0.001)
        row = {"id": "j00", "status": "in_progress", "version": 2, "customer_id": "c"}
        world.inbox.arrive(Change("jobs", "UPDATE", row))
        world.inbox.apply(1.0)
        await reading
        assert world.store.get("jobs", "j00").status == "in_progress"
        assert world.doubted == {"j00", "j99"}

    play(scene)


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (SignedOut("No."), 0), (NotPermitted("No."), 0), (NotInstalled("No."), 0),
        (NotReachable("No."), 2), (Refused("No."), 2),
    ],
)  # fmt: skip
def test_what_may_no_longer_be_read_is_no_longer_shown(error: ConsoleError, left: int) -> None:
    async def scene(world: World) -> None:
        kept_from_before(world, "jobs")
        world.server.errors["jobs"] = error
        await world.reader.table("jobs", Depth.GAP)
        state = world.store.state("jobs")
        assert (len(world.store.rows("jobs")), state.loaded, state.kept) == (left, left > 0, left > 0)
        assert state.problem == "No."

    play(scene)
