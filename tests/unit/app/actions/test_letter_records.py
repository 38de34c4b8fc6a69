"""Acts on the records of letters that a killed program has left: none of them goes on for ever in the list."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from app.actions.dead_letters import DeadLetterActs
from app.actions.decisions import Decisions
from app.actions.letter_batches import LetterBatches
from app.actions.letter_records import LetterRecords
from app.actions.operations import Operations
from app.actions.registry import CONFIRM_TARGET, DECIDE, PUT_BACK
from app.replay.journal import Journal
from app.store.store import Store
from services.ports.wishes import DeadLetter
from tests.fakes.queues import FakeQueues


def alone(batches: LetterBatches) -> Decisions:
    """Without a project."""
    return Decisions(batches.many, batches._operations, None, actor="desk-1")


def test_what_a_crash_cut_off_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "operations.db"
    before = Operations(file)
    journal = Journal(tmp_path / "replay.db")
    for key in ("noted", "open"):
        journal.plan(DeadLetter(key, "r", "{}"), actor="desk-1", reason="")
        journal.move(key, "unknown")
    journal.move("noted", "skipped")
    planned = {
        name: before.plan(act.name, "", target, actor="desk-1").id
        for name, act, target in (
            ("put back", PUT_BACK, ""), ("confirm", CONFIRM_TARGET, ""), ("decided", DECIDE, "noted"),
            ("not decided", DECIDE, "open"),
        )
    }  # fmt: skip
    before.close()
    operations, store, queues = Operations(file), Store(time.time), FakeQueues({}, time.time)
    letters = DeadLetterActs(queues, journal, operations, actor="desk-1", role="operator")
    batches = LetterBatches(queues, journal, letters, operations, store, actor="desk-1")
    records = LetterRecords(journal, batches.many, letters, operations, store, actor="desk-1", decisions=alone(batches))
    for _ in range(2):
        asyncio.run(records.settle())
    ends = {one.id: one.state for one in operations.newest_first()}
    assert {name: ends[key] for name, key in planned.items()} == {
        "put back": "unknown", "confirm": "unknown", "decided": "done", "not decided": "failed",
    }  # fmt: skip
    assert operations.open() == []
    operations.close()
    journal.close()


def test_what_nobody_foresaw_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operations, store, queues = Operations(tmp_path / "operations.db"), Store(time.time), FakeQueues({}, time.time)
    journal = Journal(tmp_path / "replay.db")
    journal.plan(DeadLetter("m0", "r", "{}"), actor="desk-1", reason="")
    journal.move("m0", "unknown")
    letters = DeadLetterActs(queues, journal, operations, actor="desk-1", role="operator")
    batches = LetterBatches(queues, journal, letters, operations, store, actor="desk-1")
    records = LetterRecords(journal, batches.many, letters, operations, store, actor="desk-1", decisions=alone(batches))

    async def act() -> None:
        await records.read()
        with pytest.raises(RuntimeError, match="odd"):
            await records.decide("m0", sent=False, reason="the queue has none")

    async def odd(*_: object, **more: object) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(batches.many, "decide", odd)
    asyncio.run(act())
    assert [one.state for one in operations.newest_first()] == ["unknown"]
    operations.close()
    journal.close()
