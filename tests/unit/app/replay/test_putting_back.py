"""Archived letters go back ten at a time: each is judged alone, and wherever it is killed none is lost or doubled."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal, Move
from app.replay.many import ManyEngine
from app.replay.putting_back import Unanswered
from app.replay.writer import EVERY, Writer
from services.domain.errors import ConsoleError, Refused
from tests.fakes.replay_schedule import watch
from tests.fakes.replays import FakeReplays
from tests.fakes.unkind_queues import Killed, UnkindQueues
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually
from tests.unit.app.replay.test_archive import MEMORY
from tests.unit.app.replay.test_batch import FAST, Desk, bodies, make, run

__all__ = ["make"]

MANY = 23


def archived(make: Callable[..., Desk], count: int = MANY) -> Desk:
    desk = make(bodies(count))
    assert run(desk.all(act="archive")).moved == count
    desk.queues.calls.clear()
    return desk


def back(desk: Desk, keys: Sequence[str]) -> dict[str, str | ConsoleError]:
    answers: dict[str, str | ConsoleError] = run(desk.many.put_back_many(keys))
    return answers


def test_many_take_a_call_for_each_ten_and_each_gets_its_own_new_id(make: Callable[..., Desk]) -> None:
    desk = archived(make)
    answers = back(desk, [*bodies(MANY), "m0"])
    assert desk.queues.calls.count("send") == 3
    for key, body in bodies(MANY).items():
        new_id = answers[key]
        assert isinstance(new_id, str)
        assert desk.queues.dead[new_id].message.body == body
        entry = desk.journal.entry(key)
        assert entry is not None
        assert (entry.state, entry.new_message_id) == ("put_back", new_id)
    assert (len(desk.queues.dead), desk.journal.archived()) == (MANY, [])


def test_of_ten_each_is_judged_alone(make: Callable[..., Desk]) -> None:
    desk = archived(make, 10)
    desk.queues.failing = {3, 7}
    answers = back(desk, list(bodies(10)))
    assert {key for key, answer in answers.items() if isinstance(answer, Refused)} == {"m3", "m7"}
    assert {one.message_id: one.state for one in desk.journal.archived()} == {"m3": "archived", "m7": "archived"}
    desk.queues.failing = set()
    assert all(isinstance(answer, str) for answer in back(desk, ["m3", "m7"]).values())
    assert Counter(one.message.body for one in desk.queues.dead.values()) == Counter(bodies(10).values())


def test_ten_that_are_answered_wrongly_or_not_at_all_are_unknown_and_the_next_ten_go(make: Callable[..., Desk]) -> None:
    desk = archived(make)
    # Whose queue it is, then the three sends.
    desk.queues.faults = ["", "flipped", "lost_reply", ""]
    answers = back(desk, list(bodies(MANY)))
    unknown = {key for key, answer in answers.items() if isinstance(answer, Unanswered)}
    assert unknown == set(list(bodies(MANY))[:20])
    assert {one.message_id for one in desk.journal.archived() if one.state == "putting_back"} == unknown


def test_what_was_sent_and_could_not_be_written_is_unknown_and_what_was_refused_is_not(
    make: Callable[..., Desk],
) -> None:
    desk = archived(make, 3)
    desk.queues.failing = {1}
    write = desk.journal.move_many
    written: list[Sequence[Move]] = []

    def write_once(moves: Sequence[Move]) -> None:
        written.append(moves)
        if len(written) > 1:
            raise OSError("The disk is full.")
        write(moves)

    desk.journal.move_many = write_once  # type: ignore[method-assign]
    answers = back(desk, ["m0", "m1", "m2"])
    assert {key for key, answer in answers.items() if isinstance(answer, Unanswered)} == {"m0", "m2"}
    assert isinstance(answers["m1"], Refused)
    assert len(desk.queues.dead) == 2


def test_a_lease_that_is_lost_while_the_journal_is_written_sends_none(make: Callable[..., Desk]) -> None:
    desk = archived(make, 2)
    shared = FakeReplays()
    slept = 0.0
    writer = Writer(desk.queues, shared, token="mine", machine="tower", wall=lambda: slept)
    many = ManyEngine(desk.queues, desk.journal, ReplayEngine(desk.queues, desk.journal, writer))
    write = desk.journal.move_many

    def meanwhile(moves: Sequence[Move]) -> None:
        nonlocal slept
        write(moves)
        slept += EVERY
        shared.leases["dlq"] = ("another", "desk-2", 1e9)

    desk.journal.move_many = meanwhile  # type: ignore[method-assign]
    answers = run(many.put_back_many(["m0", "m1"]))
    assert all("desk-2 works on these dead letters" in str(answer) for answer in answers.values())
    assert desk.queues.dead == {}
    assert {one.state for one in desk.journal.archived()} == {"archived"}


class Killable:
    """A putting back of twelve, killed after so many steps; then a person says what became of each, and goes on."""

    def __init__(self, file: Path, kill_after: int | None) -> None:
        self.queues = UnkindQueues.holding(bodies(12))
        self.file, self.kill_after, self.steps = file, kill_after, 0
        self.decided = 0
        self._start(self._archive)

    def put_back(self) -> None:
        counter = itertools.count(1)

        def step(_: str) -> None:
            self.steps += 1
            if self.kill_after is not None and next(counter) > self.kill_after:
                raise Killed

        try:
            self._start(self._put_back, step)
        except Killed:
            pass
        finally:
            self.queues.step = lambda _: None

    def go_on(self) -> None:
        self._start(self._decide)
        self._start(self._put_back)

    def nothing_is_lost(self) -> None:
        journal = Journal(self.file)
        here = {one.message.body for one in self.queues.dead.values()} | {one.body for one in journal.archived()}
        journal.close()
        assert here == set(bodies(12).values())

    def _start(
        self,
        work: Callable[[ManyEngine, Journal], Coroutine[Any, Any, None]],
        step: Callable[[str], None] | None = None,
    ) -> None:
        journal = Journal(self.file)
        if step is not None:
            watch(journal, step)
            self.queues.step = step
        try:
            journal.settle_after_crash()
            many = ManyEngine(self.queues, journal, ReplayEngine(self.queues, journal))
            run_virtually(work(many, journal), ThreadlessLoop)
        finally:
            journal.close()

    async def _archive(self, many: ManyEngine, journal: Journal) -> None:
        letters = (await ReplayEngine(self.queues, journal).look()).letters
        await many.plan("b1", "archive", letters, actor="desk-1", reason="junk", options=FAST)
        await many.run("b1")

    async def _put_back(self, many: ManyEngine, journal: Journal) -> None:
        await many.put_back_many([one.message_id for one in journal.archived()])

    async def _decide(self, many: ManyEngine, journal: Journal) -> None:
        for one in journal.archived():
            if one.state == "putting_back":
                arrived = any(held.message.body == one.body for held in self.queues.dead.values())
                await many.decide(one.message_id, sent=arrived, actor="desk-1")
                self.decided += 1


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder without a disk below it, which a played kill has no need of."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


def test_killed_at_every_step_none_is_lost_and_none_is_doubled(memory: Path) -> None:
    whole = Killable(memory / "whole.db", None)
    whole.put_back()
    decided = set()
    for step in range(whole.steps + 1):
        world = Killable(memory / f"{step}.db", step)
        world.put_back()
        world.nothing_is_lost()
        world.go_on()
        assert Counter(one.message.body for one in world.queues.dead.values()) == Counter(bodies(12).values())
        decided.add(world.decided)
    # A kill in the middle of a ten leaves all of it to the person, and nothing else.
    assert decided == {0, 2, 10}
