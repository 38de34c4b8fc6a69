"""What a replay refuses, and what it says, when its journal or its message isn't there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from services.domain.errors import NotReachable, Refused
from tests.unit.app.replay.test_engine import TinyQueues, plan_and_replay


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "replay.db")
    yield made
    made.close()


def letters(engine: ReplayEngine) -> dict[str, Any]:
    return {letter.message_id: letter for letter in asyncio.run(engine.look()).letters}


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda engine: engine.entry("m1"), "can't be read"),
        (lambda engine: engine.states(), "can't be read"),
        (lambda engine: engine.replay("m1"), "can't be read"),
        (lambda engine: engine.undo("m1"), "can't be written"),
    ],
)
def test_without_a_journal_nothing_is_known_and_nothing_sent(
    journal: Journal, ask: Callable[[ReplayEngine], Awaitable[object]], words: str
) -> None:
    queues = TinyQueues({"m1": "a"})
    engine = ReplayEngine(queues, journal)
    journal.close()

    async def act() -> None:
        await ask(engine)

    with pytest.raises(Refused, match=words):
        asyncio.run(act())
    assert queues.main == []


def test_a_replay_that_was_not_planned_is_refused(journal: Journal) -> None:
    queues = TinyQueues({"m1": "a"})
    with pytest.raises(Refused, match="never planned"):
        asyncio.run(ReplayEngine(queues, journal).replay("m1"))
    assert (queues.main, list(queues.dead)) == ([], ["m1"])


def test_a_message_that_is_gone_is_not_sent(journal: Journal) -> None:
    queues = TinyQueues({"m1": "a"})
    engine = ReplayEngine(queues, journal)
    asyncio.run(engine.plan(letters(engine)["m1"], actor="desk-1", reason=""))
    queues.dead.clear()
    assert asyncio.run(engine.replay("m1")).outcome == "gone"
    assert queues.main == []
    assert asyncio.run(engine.states()) == {"m1": "skipped"}


def test_a_message_that_cannot_be_given_back_does_not_stop_the_others(journal: Journal) -> None:
    queues = TinyQueues({"m1": "a", "m2": "b", "m3": "c"})
    queues.faults["release"] = NotReachable("The queue did not answer.")
    assert asyncio.run(plan_and_replay(queues, journal, "m3")).outcome == "replayed"
    assert queues.main[0][0] == "c"


def test_attributes_that_cannot_be_kept_are_not_planned(journal: Journal) -> None:
    with pytest.raises(TypeError, match="set"):
        journal.plan("m1", "a", {"odd": {1, 2}}, actor="desk-1", reason="")
    assert journal.states() == {}
