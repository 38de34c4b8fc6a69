"""The items of an act on letters: what did not change since they were asked for last is not made again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actions.letter_items import LetterItems
from app.actions.operations import Operation
from app.actions.registry import REPLAY_MANY
from app.replay.journal import Journal
from app.store.store import Store
from services.ports.wishes import DeadLetter

COUNT = 1_200


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "replay.db")
    letters = [DeadLetter(f"m{n}", "", json.dumps({"job_id": f"job-{n}"})) for n in range(COUNT)]
    letters.append(DeadLetter("odd", "", "no json"))
    made.plan_batch("b1", "replay", letters, actor="desk", reason="")
    made.plan_batch("b2", "replay", [DeadLetter("other", "", "{}")], actor="desk", reason="")
    yield made
    made.close()


def act(key: str) -> Operation:
    return Operation(key, REPLAY_MANY.name, "", "", "desk", "", "running", "", 0, COUNT, 0.0, 0.0)


def test_only_what_has_changed_is_made_again(journal: Journal) -> None:
    store = Store(lambda: 0.0)
    items = LetterItems(journal, store, lambda: 0)

    def read(key: str = "b1") -> dict[str, Operation]:
        return {one.id: one for one in asyncio.run(items.of(act(key)))}

    first = read()
    assert len(first) == COUNT + 1
    assert (first["m7"].label, first["m7"].words) == ("Job job-7", "Waits for its turn")
    assert first["odd"].label == "Text, not JSON, odd"
    again = read()
    assert all(again[key] is one for key, one in first.items())
    journal.move("m7", "sending")
    store.put("customers", {"id": "c1", "business_name": "Alder Bikes"})
    job = {"id": "job-9", "customer_id": "c1", "status": "pending", "package_size": 3}
    store.put("jobs", {**job, "created_at": "2026-11-27T00:00:00+00:00"})
    store.take_changed()
    then = read()
    assert {key for key, one in then.items() if one is not first[key]} == {"m7", "m9"}
    assert (then["m7"].words, then["m9"].label) == ("Sending", "Alder Bikes")
    assert [one.id for one in read("b2").values()] == ["other"]
    assert read() == then
