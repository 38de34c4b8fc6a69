"""What staff decide is in the journal first, then in the project's audit, and never told as more than it is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actions.decisions import Decisions
from app.replay.decisions import IN_AUDIT, ONLY_HERE
from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from app.replay.letters import Letters
from app.replay.many import ManyEngine
from services.domain.errors import ConsoleError, NotInstalled, NotReachable, Refused
from services.ports.wishes import DeadLetter
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.waiting import until

BODY = '{"job_id": "j1"}'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "admin")
    for key in ("m1", "m2"):
        made.journal.plan(DeadLetter(key, "r", BODY), actor="desk-1", reason="")
        made.journal.move(key, "unknown")
    yield made
    made.close()


async def decide(world: DeskWorld, key: str = "m1") -> str:
    await world.desk.records.read()
    await world.desk.records.decide(key, sent=True, reason="the queue has it")
    return newest(world)


def newest(world: DeskWorld) -> str:
    return world.desk.operations.newest_first()[0].words


def test_a_decision_is_in_the_audit_with_the_operation_s_id(world: DeskWorld) -> None:
    assert asyncio.run(decide(world)) == IN_AUDIT
    [told] = world.shared.decisions.values()
    assert told.request_id == world.desk.operations.newest_first()[0].id
    assert (told.act, told.target, told.said, told.reason, told.job_id, told.actor) == (
        "decide", "m1", "Send to the main queue: it was sent.", "the queue has it", "j1", "desk-1",
    )  # fmt: skip
    assert world.journal.unsent("desk-1") == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotReachable("The database does not answer."), "does not have it yet: The database does not answer."),
        (NotInstalled("It lacks the function."), "Not recorded centrally"),
        (Refused("Not now."), "does not have it yet: Not now."),
    ],
)
def test_what_the_audit_does_not_take_is_kept_said_and_sent_later(
    world: DeskWorld, error: ConsoleError, words: str
) -> None:
    async def act() -> None:
        world.shared.faults["record"] = error
        said = await decide(world)
        assert said.startswith(ONLY_HERE)
        assert words in said
        entry = world.journal.entry("m1")
        assert entry is not None
        assert entry.state == "delete_unconfirmed"
        # Another start, or an answer that comes back.
        telling = asyncio.create_task(world.decisions.keep_telling())
        await asyncio.sleep(0)
        world.shared.faults.clear()
        await until(lambda: newest(world) == IN_AUDIT)
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling
        assert list(world.shared.decisions) == [world.desk.operations.newest_first()[0].id]
        assert world.desk.operations.newest_first()[0].state == "done"
        assert world.journal.unsent("desk-1") == []

    asyncio.run(act())


def test_nobody_is_named_for_what_somebody_else_has_decided(world: DeskWorld) -> None:
    async def act() -> None:
        world.shared.faults["record"] = NotReachable("The database does not answer.")
        await decide(world)
        world.shared.faults.clear()
        many = ManyEngine(world.queues, world.journal, ReplayEngine(world.queues, world.journal))
        assert await many.send_decisions(world.shared, "desk-2") == {}
        assert world.shared.decisions == {}
        await decide(world, "m2")
        assert {one.target for one in world.shared.decisions.values()} == {"m1", "m2"}

    asyncio.run(act())


def test_a_journal_that_can_not_be_read_is_said(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def full(actor: str) -> None:
        asked.append(actor)
        raise OSError("no disk")

    async def act() -> None:
        monkeypatch.setattr(world.journal, "unsent", full)
        assert "isn't known: The journal" in await decide(world)
        telling = asyncio.create_task(world.decisions.keep_telling())
        await until(lambda: len(asked) >= 4)
        assert not telling.done()
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling

    asyncio.run(act())


def test_that_queues_belong_together_is_in_the_audit_too(world: DeskWorld) -> None:
    async def act() -> None:
        world.queues.named = ""
        await world.desk.dead_letters.scan()
        await world.desk.dead_letters.terms.confirm("admin", reason="set up by hand")
        assert newest(world) == IN_AUDIT
        [told] = world.shared.decisions.values()
        assert (told.act, told.target, told.reason) == ("confirm_target", "dlq", "set up by hand")
        assert told.said == "The dead letters of the main queue come to dlq."

    asyncio.run(act())


def test_without_a_project_the_journal_is_all(world: DeskWorld, tmp_path: Path) -> None:
    async def act() -> None:
        alone = Decisions(world.desk.batches.many, world.desk.operations, None, actor="desk-1")
        assert (alone.name("r1"), await alone.tell("r1")) == ("", ONLY_HERE)
        await alone.keep_telling()
        letters = Letters(world.queues, world.journal, None, "desk-1")
        assert await letters.decide("m1", sent=False, reason="it has none") == ONLY_HERE
        assert world.journal.unsent("desk-1") == []
        told = Letters(world.queues, world.journal, None, "desk-1", shared=world.shared)
        assert await told.decide("m2", sent=True, reason="it has one") == IN_AUDIT
        world.queues.named = ""
        assert await told.confirm_target(reason="set up by hand") == IN_AUDIT

    asyncio.run(act())


def test_a_decision_and_what_the_audit_is_told_reach_the_disk_together(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no disk")

    monkeypatch.setattr("app.replay.decisions.keep", full)
    with pytest.raises(Refused, match="can't be used"):
        asyncio.run(decide(world))
    entry = world.journal.entry("m1")
    assert entry is not None
    assert entry.state == "unknown"
    again = Journal(world.desk.data_dir / "replay.db")
    assert (again.unsent("desk-1"), [step.state for step in again.steps("m1")]) == ([], ["planned", "unknown"])
    again.close()
