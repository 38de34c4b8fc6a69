"""A batch knows what became of its letters, also of those that a later wish has taken over."""

from __future__ import annotations

from pathlib import Path

from app.replay.journal import Journal, Move
from services.ports.wishes import DeadLetter

LETTERS = [DeadLetter(key, "", f"body of {key}") for key in ("a", "b", "c")]


def told(journal: Journal, batch_id: str) -> dict[str, tuple[str, str, str]]:
    found = {one.message_id: one for one in journal.batch_letters(batch_id)}
    bodies = journal.bodies([*found, "of no batch"])
    return {key: (one.state, one.why, bodies[key]) for key, one in found.items()}


def test_a_letter_that_a_later_wish_took_over_stays_an_item_of_the_batch(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "replay.db")
    journal.plan_batch("b1", "replay", LETTERS, actor="desk", reason="")
    journal.move_many([Move("a", "deleted"), Move("b", "failed", "refused"), Move("c", "skipped", "Cancelled.")])
    first = told(journal, "b1")
    assert first == {
        "a": ("deleted", "", "body of a"), "b": ("failed", "refused", "body of b"),
        "c": ("skipped", "Cancelled.", "body of c"),
    }  # fmt: skip
    journal.plan_batch("b2", "replay", LETTERS, actor="desk", reason="")
    journal.plan(LETTERS[2], actor="desk", reason="")
    journal.move_many([Move("b", "deleted"), Move("c", "deleted")])
    assert told(journal, "b1") == first
    assert told(journal, "b2") == {"b": ("deleted", "", "body of b"), "c": ("planned", "", "body of c")}
    assert told(journal, "b3") == {}
    journal.close()
    journal = Journal(tmp_path / "replay.db")
    assert told(journal, "b1") == first
    journal.close()
