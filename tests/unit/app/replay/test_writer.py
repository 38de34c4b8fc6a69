"""One writer for each dead letter queue: who has no lease sends nothing, who may have lost it nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from app.replay.line import Line
from app.replay.many import ManyEngine
from app.replay.pace import Options
from app.replay.writer import EVERY, SECONDS, Writer
from services.domain.errors import NotInstalled, NotReachable, Refused
from tests.fakes.replays import FakeReplays
from tests.fakes.unkind_queues import UnkindQueues
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually

FAST = Options(rate=0, ramp=())


class Consoles:
    """Two consoles of one project on the same queues, each with a journal of its own."""

    def __init__(self, folder: Path, letters: int) -> None:
        self.queues = UnkindQueues.holding({f"m{n}": f'{{"job_id": "job-{n}"}}' for n in range(letters)})
        self.shared = FakeReplays()
        self.slept = 0.0
        """Seconds that the machine slept: the clock on the wall went on meanwhile."""
        self.journals = [Journal(folder / f"{name}.db") for name in ("mine", "theirs")]
        self.engines = [self.engine(at) for at in (0, 1)]

    def engine(self, at: int, *, unrecorded: bool = False) -> ReplayEngine:
        journal = self.journals[at]
        writer = Writer(
            self.queues, self.shared, token=journal.token(), machine=f"desk-{at + 1}", unrecorded=unrecorded,
            wall=lambda: self.slept,
        )  # fmt: skip
        return ReplayEngine(self.queues, journal, writer)

    def many(self, at: int) -> ManyEngine:
        return ManyEngine(self.queues, self.journals[at], self.engines[at], now=lambda: 0.0)

    async def plan(self, at: int, options: Options = FAST) -> None:
        letters = (await self.engines[at].look()).letters
        await self.many(at).plan("b1", "replay", letters, actor="desk", reason="why", options=options)

    async def single(self, at: int, key: str = "m0") -> Any:
        letter = next(one for one in (await self.engines[at].look()).letters if one.message_id == key)
        await self.engines[at].plan(letter, actor="desk", reason="why")
        return await self.engines[at].replay(key, request_id="r1")

    def take(self) -> None:
        """The other console holds the queue."""
        until = asyncio.get_running_loop().time() + 40
        self.shared.leases["dlq"] = (self.journals[1].token(), "desk-2", until)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Consoles]]:
    made: list[Consoles] = []

    def make_one(letters: int = 30) -> Consoles:
        made.append(Consoles(tmp_path, letters))
        return made[-1]

    yield make_one
    for one in made:
        for journal in one.journals:
            journal.close()


async def passes(happened: Callable[[], bool]) -> None:
    """Let virtual time pass until it has happened."""
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not happen")


def run(coro: Any) -> Any:
    return run_virtually(coro, ThreadlessLoop)


def test_the_start_is_in_the_audit_before_anything_is_sent(make: Callable[..., Consoles]) -> None:
    world = make()
    order: list[str] = []
    world.queues.step = order.append

    async def act() -> None:
        await world.plan(0)
        begin = world.shared.begin

        async def told(**given: Any) -> None:
            order.append("audit")
            await begin(**given)

        world.shared.begin = told  # type: ignore[method-assign]
        assert (await world.many(0).run("b1")).moved == 30

    run(act())
    assert order.index("audit") < order.index("send: before")
    assert world.shared.audit == {"b1": ("replay", "Replay 30 dead letters", 30)}
    assert world.shared.notes[-1] == ("b1", "done", 30)
    assert world.shared.leases == {}


def test_who_has_no_lease_sends_nothing_and_learns_who_has_it(make: Callable[..., Consoles]) -> None:
    world = make()

    async def act() -> None:
        await world.plan(0)
        world.take()
        with pytest.raises(Refused, match="on desk-2 works on these dead letters, for at least 40 s more"):
            await world.many(0).run("b1")
        with pytest.raises(Refused, match="on desk-2 works"):
            await world.single(0)
        assert world.queues.main == {}
        # It is over when its time is over, and not before.
        await asyncio.sleep(39)
        with pytest.raises(Refused):
            await world.many(0).run("b1")
        await asyncio.sleep(1)
        assert (await world.many(0).run("b1")).moved == 29
        assert (await world.engines[0].replay("m0", request_id="r1")).outcome == "replayed"

    run(act())
    assert len(world.queues.main) == 30


@pytest.mark.parametrize("call", ["hold", "begin"])
def test_no_answer_of_the_project_no_send(make: Callable[..., Consoles], call: str) -> None:
    world = make()

    async def act() -> None:
        await world.plan(0)
        world.shared.faults[call] = NotReachable("The database does not answer.")
        for doing in (world.many(0).run("b1"), world.single(0)):
            with pytest.raises(Refused, match="nothing is sent: The database does not answer"):
                await doing

    run(act())
    assert world.queues.main == {}


def test_a_lease_that_can_not_be_renewed_stops_the_line_in_time(make: Callable[..., Consoles]) -> None:
    world = make(200)

    async def act() -> None:
        await world.plan(0, Options(rate=1, ramp=()))
        lines: list[Line] = []
        running = asyncio.ensure_future(world.many(0).run("b1", on_line=lines.append))
        await passes(lambda: len(world.queues.main) >= 5)
        world.shared.faults["hold"] = NotReachable("The database does not answer.")
        lost = asyncio.get_running_loop().time()
        progress = await running
        assert progress.state == "stopped"
        assert "could not be renewed" in progress.words
        assert asyncio.get_running_loop().time() - lost < SECONDS
        assert len(world.queues.main) == progress.moved < 60
        # It goes on once the project answers.
        world.shared.faults.clear()
        assert (await world.many(0).run("b1")).moved == 200

    run(act())
    assert len(world.queues.main) == 200


@pytest.mark.parametrize(("seconds", "goes_on"), [(SECONDS - 30, True), (SECONDS, False)])
def test_a_lease_that_ran_out_while_the_machine_slept_sends_nothing(
    make: Callable[..., Consoles], seconds: int, goes_on: bool
) -> None:
    world = make(60)

    async def act() -> None:
        await world.plan(0, Options(rate=1, ramp=()))
        running = asyncio.ensure_future(world.many(0).run("b1"))
        await passes(lambda: bool(world.queues.main))
        world.slept, sent = seconds, len(world.queues.main)
        progress = await running
        assert (progress.state == "done", len(world.queues.main) > sent) == (goes_on, goes_on)
        assert goes_on or "as when this computer slept" in progress.words

    run(act())


def test_a_lease_that_somebody_took_stops_the_line(make: Callable[..., Consoles]) -> None:
    world = make(60)

    async def act() -> None:
        await world.plan(0, Options(rate=1, ramp=()))
        running = asyncio.ensure_future(world.many(0).run("b1"))
        await passes(lambda: bool(world.queues.main))
        world.take()
        progress = await running
        assert "desk-2 works on these" in progress.words
        assert progress.waiting == 60 - progress.moved > 0

    run(act())


def test_who_has_lost_it_is_refused_each_time_and_not_only_once(make: Callable[..., Consoles]) -> None:
    world = make(1)

    async def act() -> None:
        async with world.engines[0].writer as writer:
            await asyncio.sleep(EVERY)
            world.take()
            for _ in range(2):
                # Another lane, or the next letter, asks again.
                with pytest.raises(Refused, match="desk-2 works on these"):
                    await writer.keep()
        del world.shared.leases["dlq"]
        async with world.engines[0].writer as writer:
            await writer.keep()

    run(act())


def test_it_is_kept_while_the_line_is_paused_and_the_others_see_how_far_it_is(make: Callable[..., Consoles]) -> None:
    world = make()

    async def act() -> None:
        await world.plan(0, Options(rate=5, ramp=()))
        lines: list[Line] = []
        running = asyncio.ensure_future(world.many(0).run("b1", on_line=lines.append))
        await passes(lambda: bool(world.queues.main))
        lines[0].pause()
        await asyncio.sleep(20 * SECONDS)
        with pytest.raises(Refused):
            await world.single(1, "m29")
        lines[0].go_on()
        assert (await running).moved == 30
        assert world.shared.calls.count("hold") > 20 * SECONDS / EVERY / 2
        assert ("b1", "running", lines[0].progress.moved) not in world.shared.notes[:1]

    run(act())
    assert world.shared.notes[-1] == ("b1", "done", 30)
    assert {state for _, state, _ in world.shared.notes} == {"running", "done"}


def test_a_project_that_has_neither_lease_nor_record(make: Callable[..., Consoles]) -> None:
    world = make(1)
    world.shared.faults["hold"] = NotInstalled("This project lacks staff_hold_dlq.")

    async def act() -> None:
        with pytest.raises(Refused, match="can't keep two consoles") as refused:
            await world.single(0)
        assert "REPLAY_UNRECORDED" in refused.value.hint
        assert world.engines[0].writer.lacking
        world.engines[0] = world.engine(0, unrecorded=True)
        assert (await world.single(0)).outcome == "replayed"

    run(act())
    assert set(world.shared.calls) == {"hold"}


def test_a_console_that_starts_again_has_the_lease_of_the_one_that_was_killed(make: Callable[..., Consoles]) -> None:
    world = make()

    async def act() -> None:
        async with world.engines[0].writer:
            world.shared.faults["release"] = NotReachable("The database does not answer.")
        assert world.shared.leases
        assert (await world.engine(0).writer.__aenter__()).lacking is False
        with pytest.raises(Refused):
            await world.engines[1].writer.__aenter__()

    run(act())
