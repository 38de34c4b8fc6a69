"""The archive lists what left the queue, or may have, wherever the program is killed; and gives it back once."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal, Move, State
from app.replay.many import ManyEngine
from app.replay.pace import Options
from app.replay.putting_back import Unanswered
from app.replay.writer import Writer
from services.domain.errors import NotPermitted, Refused
from services.ports.wishes import DeadLetter, Outgoing
from tests.fakes.replay_schedule import watch
from tests.fakes.replays import FakeReplays
from tests.fakes.unkind_queues import Held, Killed, UnkindQueues
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually
from tests.unit.app.replay.test_batch import Desk, bodies, make, run

__all__ = ["make"]

MEMORY = Path("/dev/shm")
FAST = Options(rate=0, ramp=(), claim_seconds=5)
BODIES = {**bodies(4), "binary": "no json"}


class Killable:
    """An archive of all letters, killed after so many steps, then looked at by a second start."""

    def __init__(self, file: Path, kill_after: int | None = None) -> None:
        self.file, self.kill_after, self.steps = file, kill_after, 0
        self.queues = UnkindQueues.holding(BODIES)
        self.queues.dead["binary"].message = Outgoing("no json", {"b": {"DataType": "Binary", "BinaryValue": b"\x00"}})

    def first_start(self) -> None:
        counter = itertools.count(1)

        def step(_: str) -> None:
            self.steps += 1
            if self.kill_after is not None and next(counter) > self.kill_after:
                raise Killed

        journal = Journal(self.file)
        watch(journal, step)
        self.queues.step = step

        async def act() -> None:
            engine = ReplayEngine(self.queues, journal)
            many = ManyEngine(self.queues, journal, engine)
            letters = (await engine.look()).letters
            await many.plan("b1", "archive", letters, actor="desk-1", reason="junk", options=FAST)
            await many.run("b1")

        try:
            run_virtually(act(), ThreadlessLoop)
        except Killed:
            pass
        except BaseExceptionGroup as group:
            if group.split(Killed)[1] is not None:
                raise
        finally:
            journal.close()
            self.queues.step = lambda _: None
            for held in self.queues.dead.values():
                held.visible_at = 0.0

    def second_start(self, end: str) -> Journal:
        """`end`: what the person presses, "give up" or "resume"."""
        journal = Journal(self.file)
        journal.settle_after_crash()
        many = ManyEngine(self.queues, journal, ReplayEngine(self.queues, journal))

        async def act() -> None:
            for batch in await many.unfinished():
                await (many.give_up(batch.id) if end == "give up" else many.run(batch.id))

        run_virtually(act(), ThreadlessLoop)
        return journal

    def nothing_is_lost(self, journal: Journal) -> None:
        """What the queue does not hold, the archive lists with its body and all."""
        kept = {one.message_id: one for one in journal.archived()}
        for key, body in BODIES.items():
            if key not in self.queues.dead:
                assert (kept[key].body, kept[key].actor, kept[key].reason) == (body, "desk-1", "junk")
                assert kept[key].is_out or "may be a dead letter still" in kept[key].why
        if "binary" in kept:
            assert kept["binary"].letter.attributes["b"]["BinaryValue"] == b"\x00"


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder without a disk below it, which a played kill has no need of."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.mark.parametrize("end", ["give up", "resume"])
def test_killed_at_every_step_what_left_the_queue_is_listed(memory: Path, end: str) -> None:
    whole = Killable(memory / "whole.db")
    whole.first_start()
    assert whole.queues.dead == {}
    half = 0
    for step in range(whole.steps + 1):
        world = Killable(memory / f"{step}.db", step)
        world.first_start()
        journal = world.second_start(end)
        world.nothing_is_lost(journal)
        half += any(not one.is_out for one in journal.archived())
        if end == "resume" and journal.unfinished() == [] and journal.archived():
            assert world.queues.dead == {}
        journal.close()
    # Or the schedule would never have hit the moment between a delete and its answer.
    assert bool(half) == (end == "give up")


def half_archived(desk: Desk, *, gone: bool) -> None:
    """m0 as a program leaves it that was killed at its delete, once the rest was given up."""
    letter = DeadLetter("m0", "", desk.queues.dead["m0"].message.body)
    desk.journal.plan_batch("b0", "archive", [letter], actor="desk-1", reason="junk", dlq="dlq")
    desk.journal.move("m0", "archiving")
    if gone:
        del desk.queues.dead["m0"]
    run(desk.many.give_up("b0"))


def test_what_may_have_left_is_put_back_only_when_it_has(make: Callable[..., Desk]) -> None:
    desk = make(bodies(2))
    half_archived(desk, gone=True)

    async def act() -> None:
        desk.queues.dead["m1"].visible_at = 1e9
        with pytest.raises(Refused, match="Somebody holds"):
            await desk.many.put_back("m0")
        desk.queues.dead["m1"].visible_at = 0.0
        desk.queues.faults = [
            "",
            "",
            "",
            "",
            "",
            "",
            "denied",
        ]  # whose queue, one look, what it showed given back, then the send
        with pytest.raises(NotPermitted):
            await desk.many.put_back("m0")
        [kept] = await desk.many.archived()
        assert (kept.state, kept.is_out) == ("archive_unconfirmed", False)
        new_id = await desk.many.put_back("m0")
        assert desk.queues.dead[new_id].message.body == bodies(1)["m0"]
        assert await desk.many.archived() == []

    run(act())


def test_sent_back_and_no_disk_to_write_it_is_unknown_and_keeps_its_archive(
    make: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make(bodies(1))
    run(desk.all(act="archive"))
    write = desk.journal.move_many

    def full(moves: Sequence[Move]) -> None:
        if any(move.state == "put_back" for move in moves):
            raise OSError("The disk is full.")
        write(moves)

    monkeypatch.setattr(desk.journal, "move_many", full)
    with pytest.raises(Unanswered, match="could not be written"):
        run(desk.many.put_back("m0"))
    assert [held.message.body for held in desk.queues.dead.values()] == [bodies(1)["m0"]]
    assert [one.message_id for one in desk.journal.archived()] == ["m0"]


def test_a_letter_that_never_left_is_not_doubled(make: Callable[..., Desk]) -> None:
    desk = make(bodies(2))
    half_archived(desk, gone=False)

    async def act() -> None:
        assert await desk.many.put_back("m0") == "m0"
        assert set(desk.queues.dead) == {"m0", "m1"}
        assert await desk.many.archived() == []
        assert (await desk.all()).moved == 2

    run(act())


def test_a_letter_that_never_left_and_is_replayed_leaves_the_archive(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))
    half_archived(desk, gone=False)
    assert run(desk.all()).moved == 1
    assert desk.journal.archived() == []
    with pytest.raises(Refused, match="not in the archive"):
        run(desk.many.put_back("m0"))


@pytest.mark.parametrize("state", ["planned", "claimed", "archiving", "putting_back"])
def test_what_is_being_worked_on_is_listed_and_not_put_back(make: Callable[..., Desk], state: State) -> None:
    desk = make(bodies(1))
    half_archived(desk, gone=False)
    desk.journal.move("m0", state)
    assert [one.message_id for one in desk.journal.archived()] == ["m0"]
    with pytest.raises(Refused, match="not in the archive"):
        run(desk.many.put_back("m0"))


def test_a_message_that_was_put_back_has_not_forgotten_its_replays(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))

    async def act() -> None:
        for number in range(3):
            await desk.all(batch=f"replay {number}")
            [(key, message)] = desk.queues.main.items()
            desk.queues.main.clear()
            desk.queues.dead[key] = Held(message)
        await desk.all(act="archive", batch="archive")
        new_id = await desk.many.put_back(key)
        letters = (await desk.engine.look()).letters
        left_out = await desk.many.plan("last", "replay", letters, actor="desk-1", reason="", options=FAST)
        assert "quarantined" in left_out[new_id]

    run(act())


def test_an_earlier_version_s_archive_is_listed_and_its_lost_letters_are_found_again(tmp_path: Path) -> None:
    file = tmp_path / "replay.db"
    journal = Journal(file)
    letters = [DeadLetter(key, "", key) for key in ("kept", "lost", "never")]
    journal.plan_batch("b1", "archive", letters, actor="desk-1", reason="junk")
    for key, state in (("kept", "archiving"), ("lost", "archiving"), ("kept", "archived"), ("lost", "skipped")):
        journal.move(key, state)  # type: ignore[arg-type]
    journal.close()
    with sqlite3.connect(file) as old:
        old.execute("drop table archive")
    old.close()
    again = Journal(file)
    assert {(one.message_id, one.is_out) for one in again.archived()} == {("kept", True), ("lost", False)}
    again.close()


def test_a_letter_goes_back_to_the_queue_that_it_came_from_and_to_no_other(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))
    ours, theirs = "arn:aws:sqs:us-east-2:1:DirectoryBolt-dlq", "arn:aws:sqs:us-east-2:2:DirectoryBolt-dlq"
    desk.queues.arn = desk.queues.named = ours
    run(desk.all(act="archive"))
    [kept] = desk.journal.archived()
    assert kept.dlq == ours
    for other, words in (("arn:aws:sqs:us-east-2:1:Staging-dlq", "came from DirectoryBolt-dlq, and"), (theirs, ours)):
        desk.queues.arn = desk.queues.named = other
        with pytest.raises(Refused, match=words):
            run(desk.many.put_back("m0", here=True))
        assert desk.queues.dead == {}
    desk.queues.arn = desk.queues.named = ours
    assert run(desk.many.put_back("m0")) in desk.queues.dead
    assert desk.journal.archived() == []


def test_where_nobody_wrote_down_a_letter_s_queue_a_person_is_asked(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))
    run(desk.all(act="archive"))
    desk.journal.close()
    with sqlite3.connect(desk.journal_file) as old:
        for table in ("archive", "entries"):
            old.execute(f"alter table {table} drop column dlq")
    old.close()
    later = Desk(desk.journal_file, desk.queues)
    assert [one.dlq for one in later.journal.archived()] == [""]
    with pytest.raises(Refused, match="isn't known which queue it came from"):
        run(later.many.put_back("m0"))
    assert desk.queues.dead == {}
    assert run(later.many.put_back("m0", here=True)) in desk.queues.dead
    later.journal.close()


def test_what_is_put_back_is_under_the_lease_and_in_the_audit_first(make: Callable[..., Desk]) -> None:
    desk = make(bodies(3))
    shared = FakeReplays()
    run(desk.all(act="archive"))
    engine = ReplayEngine(desk.queues, desk.journal, Writer(desk.queues, shared, token="mine", machine="tower"))
    many = ManyEngine(desk.queues, desk.journal, engine)

    async def act() -> None:
        shared.faults["begin"] = Refused("The audit can't be written.")
        with pytest.raises(Refused, match="nothing is sent"):
            await many.put_back_many(["m0"], request_id="r1", reason="why")
        assert desk.queues.dead == {}
        shared.faults.clear()
        answers = await many.put_back_many(["m0", "nowhere", "m1"], request_id="r2", reason="why")
        assert isinstance(answers["nowhere"], Refused)
        assert sorted(desk.queues.dead) == sorted(str(answers[key]) for key in ("m0", "m1"))
        assert shared.audit == {"r2": ("put_back", "Put back 3 archived letters", 3)}
        assert shared.notes[-1] == ("r2", "failed", 2)
        assert shared.leases == {}
        await many.put_back_many(["m2"], request_id="r3")
        assert shared.notes[-1] == ("r3", "done", 1)

    run(act())
