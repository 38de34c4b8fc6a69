"""A replay whose journal or queue fails in the middle: it says so, and what is not known is not sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from services.domain.errors import NotReachable, Refused
from services.ports.wishes import DeadLetter
from tests.unit.app.replay.test_engine import TinyQueues, plan_and_replay


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "replay.db")
    yield made
    made.close()


def test_a_journal_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "replay.db")
    journal.close()
    queues = TinyQueues({"m1": "one"})
    engine = ReplayEngine(queues, journal)
    for act in (engine.entry("m1"), engine.states(), engine.replay("m1")):
        with pytest.raises(Refused, match="can't be read"):
            asyncio.run(act)
    with pytest.raises(Refused, match="can't be written"):
        asyncio.run(engine.undo("m1"))
    assert queues.main == []


def test_what_was_never_planned_is_not_sent(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one"})
    with pytest.raises(Refused, match="never planned"):
        asyncio.run(ReplayEngine(queues, journal).replay("m1"))
    assert queues.main == []


def test_a_letter_that_is_gone_is_not_sent_and_may_be_replayed_when_it_is_back(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one", "m2": "two"})
    engine = ReplayEngine(queues, journal)

    async def act() -> None:
        [letter, _] = (await engine.look()).letters
        await engine.plan(letter, actor="desk-1", reason="")
        del queues.dead["m1"]
        assert (await engine.replay("m1")).outcome == "gone"
        assert queues.main == []
        assert (await engine.states())["m1"] == "skipped"
        queues.dead["m1"] = "one"
        await engine.plan(letter, actor="desk-1", reason="")
        assert (await engine.replay("m1")).outcome == "replayed"

    asyncio.run(act())


def test_letters_that_cannot_be_given_back_now_come_back_by_themselves(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one", "m2": "two"})
    queues.faults["release"] = NotReachable("The queue did not answer.")
    engine = ReplayEngine(queues, journal)
    assert asyncio.run(engine.look()).hidden_for == 0
    assert asyncio.run(plan_and_replay(queues, journal)).outcome == "replayed"


def test_attributes_that_no_queue_has_are_refused_before_anything_is_written(journal: Journal) -> None:
    with pytest.raises(TypeError, match="object"):
        journal.plan(DeadLetter("m1", "", "one", attributes={"odd": object()}), actor="desk-1", reason="")
    assert journal.entry("m1") is None


def test_a_delete_without_an_answer_is_finished_later_and_nothing_sent_again(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one"})
    queues.faults["delete"] = NotReachable("The queue did not answer.")
    answer = asyncio.run(plan_and_replay(queues, journal))
    assert (answer.outcome, answer.new_message_id) == ("duplicate_possible", "new")
    assert journal.states() == {"m1": "delete_unconfirmed"}
    queues.faults.clear()
    assert asyncio.run(ReplayEngine(queues, journal).replay("m1")).outcome == "replayed"
    assert (len(queues.main), queues.dead) == (1, {})
