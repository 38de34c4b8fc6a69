"""The journal forbids a second send, and after a crash says no more than is known."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.replay.journal import SENT, SENT_BEFORE, Journal, Move, State
from services.ports.wishes import DeadLetter

SETTLED: dict[State, tuple[State, str]] = {
    "planned": ("skipped", "The program ended before it was sent."),
    "claimed": ("skipped", "The program ended before it was sent."),
    "sending": ("unknown", "The program ended while it was being sent."),
    "sent": ("delete_unconfirmed", "The program ended before it was deleted."),
    "deleted": ("deleted", "as it was"),
    "skipped": ("skipped", "as it was"),
    "failed": ("failed", "as it was"),
    "delete_unconfirmed": ("delete_unconfirmed", "as it was"),
    "unknown": ("unknown", "as it was"),
    "archiving": ("archiving", "as it was"),
    "archived": ("archived", "as it was"),
    "archive_unconfirmed": ("archive_unconfirmed", "as it was"),
    "putting_back": ("putting_back", "as it was"),
    "put_back": ("put_back", "as it was"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "console" / "replay.db"


@pytest.fixture
def journal(file: Path) -> Iterator[Journal]:
    made = Journal(file)
    yield made
    made.close()


def reach(journal: Journal, state: State, message_id: str = "m1") -> None:
    assert journal.plan(DeadLetter(message_id, "", "body", attributes={}), actor="desk-1", reason="first") == ""
    if state != "planned":
        journal.move(message_id, state, why="as it was", new_message_id="new")


@pytest.mark.parametrize("state", SETTLED)
def test_what_a_killed_program_left(journal: Journal, file: Path, state: State) -> None:
    reach(journal, state)
    journal.close()
    again = Journal(file)
    again.settle_after_crash()
    entry = again.entry("m1")
    assert entry is not None
    assert (entry.state, entry.why) == SETTLED[state]
    assert entry.new_message_id == ("" if state == "planned" else "new")
    assert entry.body == "body"
    again.settle_after_crash()
    assert again.entry("m1") == entry
    again.close()


@pytest.mark.parametrize("state", SETTLED)
def test_only_what_was_not_sent_can_be_planned_again(journal: Journal, state: State) -> None:
    reach(journal, state)
    before = journal.entry("m1")
    planned = not journal.plan(DeadLetter("m1", "", "other", attributes={}), actor="desk-2", reason="second")
    assert planned == (state not in (*SENT, "archiving", "putting_back", "put_back"))
    after = journal.entry("m1")
    assert after is not None
    if planned:
        assert (after.state, after.body, after.actor, after.new_message_id) == ("planned", "other", "desk-2", "")
    else:
        assert after == before


def test_states_are_read_without_the_messages(journal: Journal) -> None:
    reach(journal, "planned", "m1")
    reach(journal, "deleted", "m2")
    assert journal.states() == {"m1": "planned", "m2": "deleted"}


def test_every_step_leaves_a_trace(journal: Journal, file: Path) -> None:
    reach(journal, "deleted")
    with sqlite3.connect(file) as database:
        rows = database.execute("select message_id, state from steps order by rowid").fetchall()
    database.close()
    assert rows == [("m1", "planned"), ("m1", "deleted")]


def test_nobody_else_may_read_the_file(journal: Journal, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_closed_journal_raises_and_writes_nothing(journal: Journal) -> None:
    journal.close()
    with pytest.raises(sqlite3.Error):
        journal.plan(DeadLetter("m1", "", "body", attributes={}), actor="desk-1", reason="")


def test_what_a_batch_wanted_it_still_wants_after_a_crash(journal: Journal) -> None:
    letters = [DeadLetter(key, "", "body") for key in ("m1", "m2", "m3")]
    reach(journal, "deleted", "m3")
    left_out = journal.plan_batch("b1", "replay", letters, actor="desk-1", reason="")
    assert left_out == {"m3": SENT_BEFORE}
    journal.move("m2", "claimed")
    journal.settle_after_crash()
    assert journal.batch_states("b1") == {"m1": "planned", "m2": "planned"}


def test_a_journal_of_an_earlier_version_is_used_on(file: Path) -> None:
    file.parent.mkdir()
    with sqlite3.connect(file) as old:
        columns = "message_id text primary key, state text, body text, attributes text, actor text, reason text"
        more = "new_message_id text default '', why text default '', planned_at real, changed_at real"
        old.execute(f"create table entries ({columns}, {more})")
        old.execute("insert into entries values ('m1', 'unknown', 'body', '{}', 'desk-1', '', '', '', 1, 2)")
    old.close()
    journal = Journal(file)
    entry = journal.entry("m1")
    journal.close()
    assert entry is not None
    assert (entry.state, entry.trace, entry.batch, entry.letter.body) == ("unknown", "", "", "body")


def test_steps_are_written_all_of_them_or_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "replay.db")
    for key in ("a", "b"):
        journal.plan(DeadLetter(key, "", "{}"), actor="desk", reason="")
    bad = Move("b", None)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.IntegrityError):
        journal.move_many([Move("a", "claimed"), bad])
    assert journal.states() == {"a": "planned", "b": "planned"}
    journal.move_many(
        [Move("a", "sending"), Move("b", "failed", "no"), Move("a", "sent", "", "new"), Move("a", "deleted")]
    )
    assert journal.states() == {"a": "deleted", "b": "failed"}
    assert [step.state for step in journal.steps("a")] == ["planned", "sending", "sent", "deleted"]
    entry = journal.entry("a")
    assert entry is not None
    assert entry.new_message_id == "new"
    journal.close()
