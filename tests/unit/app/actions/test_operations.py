"""The Operations list: written before the act, kept over restarts, held within bounds."""

from __future__ import annotations

import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actions import operations as module
from app.actions.operations import Operations, State
from services.domain.errors import Refused


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "console" / "operations.db"


@pytest.fixture
def operations(file: Path) -> Iterator[Operations]:
    made = Operations(file)
    yield made
    made.close()


def again(operations: Operations, file: Path) -> Operations:
    """As the next start finds the list."""
    operations.close()
    return Operations(file)


def test_a_wish_is_on_the_disk_before_plan_returns(operations: Operations, file: Path) -> None:
    made = operations.plan("retry_failed", "Retry 2", "j1", actor="desk-1", reason="site is back", total=2)
    other = Operations(file)
    assert other.newest_first() == [made]
    assert (made.state, made.ended, made.reason, made.total) == ("planned", False, "site is back", 2)
    other.close()


def test_an_end_is_kept_with_its_words(operations: Operations, file: Path) -> None:
    made = operations.plan("replay", "Replay 1", "m1", actor="desk-1")
    before = operations.version
    moved = operations.move(made.id, "done", "Sent.", done=1)
    assert operations.version > before
    assert operations.open() == []
    reopened = again(operations, file)
    assert reopened.newest_first() == [moved]
    assert (moved.state, moved.words, moved.done) == ("done", "Sent.", 1)
    reopened.close()


def test_progress_that_is_not_given_stays(operations: Operations) -> None:
    made = operations.plan("replay", "Replay 3", "m1", actor="desk-1", total=3)
    operations.move(made.id, "running", done=2)
    assert operations.move(made.id, "unknown", "No answer.").done == 2


def test_nobody_else_may_read_the_file(operations: Operations, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_list_that_cannot_be_written_refuses_the_wish(operations: Operations) -> None:
    operations.close()
    with pytest.raises(Refused, match="nothing was done"):
        operations.plan("replay", "Replay 1", "m1", actor="desk-1")
    assert operations.newest_first() == []


def test_an_end_that_cannot_be_written_is_known_until_the_program_ends(operations: Operations) -> None:
    made = operations.plan("replay", "Replay 1", "m1", actor="desk-1")
    operations.close()
    with pytest.raises(Refused) as refused:
        operations.move(made.id, "done", "Sent.")
    assert "nothing was done" not in str(refused.value)
    assert operations.newest_first()[0].state == "done"


def test_old_ends_leave_memory_but_never_what_is_open_or_unknown(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 5)
    operations = Operations(file)
    first = [operations.plan("replay", f"first {n}", f"m{n}", actor="desk-1") for n in range(3)]
    operations.move(first[1].id, "unknown", "No answer.")
    operations.move(first[2].id, "running")
    for number in range(20):
        operations.move(operations.plan("replay", f"later {number}", "m", actor="desk-1").id, "done")
    for held in (operations, again(operations, file)):
        shown = held.newest_first()
        assert {one.id for one in first} <= {one.id for one in shown}
        assert len(shown) <= 5 + len(first)
        assert shown[0].label == "later 19"
        assert {one.state for one in held.open()} == {"planned", "running"}
    held.close()


def test_older_ones_are_read_page_by_page_without_a_gap(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 5)
    clock = iter(range(1, 1000))
    monkeypatch.setattr("app.actions.operations.time.time", lambda: next(clock) // 6)  # some begin in the same moment
    operations = Operations(file)
    begun: dict[str, float] = {}

    def act(state: State = "done") -> str:
        made = operations.plan("replay", "Replay", "m", actor="desk-1")
        begun[made.id] = made.started_at
        operations.move(made.id, state)
        return made.id

    def shown() -> list[str]:
        return [one.id for one in (*operations.newest_first(), *operations.older_first())]

    def check() -> bool:
        """Whether some are left to be read; what is told of how far the list goes is true."""
        back_to = operations.back_to
        assert {key for key, at in begun.items() if back_to is None or at > back_to} <= set(shown())
        return back_to is not None

    unknown = [act("unknown") for _ in range(2)]
    for _ in range(23):
        act()
    operations.plan("replay", "an item", "m", actor="desk-1", parent=unknown[0])
    for start in range(2):
        assert check()
        assert len(shown()) <= 7
        operations.move(unknown[start], "failed")  # an old one that ends leaves no gap behind it
        act()
        assert check()
        pages = 0
        while check():
            operations.reach_back()
            pages += 1
            act()  # and what comes now drops none of what was read
        operations.reach_back()
        assert pages >= 4
        assert sorted(shown()) == sorted(begun)
        assert all(operations.get(key) is not None for key in begun)
        operations = again(operations, file)
    operations.close()


def test_older_ones_that_cannot_be_read_are_said_so(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    operations = Operations(file)
    for number in range(3):
        operations.move(operations.plan("replay", str(number), "m", actor="desk-1").id, "done")
    operations.close()
    with pytest.raises(Refused, match="can't be read"):
        operations.reach_back()
    assert operations.older_first() == []


def test_what_an_earlier_start_left_is_told_from_what_this_one_began(operations: Operations, file: Path) -> None:
    open_one = operations.plan("replay", "open", "m1", actor="desk-1")
    unknown = operations.plan("replay", "unknown", "m2", actor="desk-1")
    operations.move(unknown.id, "unknown", "No answer.")
    ended = operations.plan("replay", "ended", "m3", actor="desk-1")
    operations.move(ended.id, "failed", "No.")
    operations.plan("retry_failed", "another act", "j1", actor="desk-1")
    reopened = again(operations, file)
    reopened.plan("replay", "new", "m4", actor="desk-1")
    assert {one.id for one in reopened.left_behind("replay")} == {open_one.id, unknown.id}
    reopened.move(open_one.id, "failed", "It ended before it was sent.")
    assert {one.id for one in reopened.left_behind("replay")} == {unknown.id}
    reopened.close()


def test_a_failure_is_noted_without_waiting_for_the_disk_and_is_on_it_in_the_end(
    operations: Operations, file: Path
) -> None:
    with operations._lock:  # as while another act waits for the disk
        noted = operations.note("failure", "Failed: sync", "report.txt", actor="desk-1", words="It broke.")
        assert operations.newest_first() == [noted]
        closing = threading.Thread(target=operations.close)
        closing.start()
        assert closing.is_alive()
    closing.join()
    assert Operations(file).newest_first() == [noted]
    late = operations.note("failure", "Failed: end", "", actor="desk-1", words="It broke.")
    assert operations.newest_first() == [late, noted]


def test_the_list_can_be_read_while_it_is_written(operations: Operations) -> None:
    done = threading.Event()

    def write() -> None:
        for number in range(40):
            operations.plan("replay", str(number), "m", actor="desk-1")
        done.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=write)
    try:
        thread.start()
        while not done.is_set():
            assert len(operations.open()) <= 40
    finally:
        thread.join()
        sys.setswitchinterval(interval)
    assert len(operations.newest_first()) == 40


@pytest.mark.parametrize("read", [True, False])
def test_an_old_one_is_gone_on_with(file: Path, monkeypatch: pytest.MonkeyPatch, read: bool) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    operations = Operations(file)
    made = [operations.plan("retry", str(number), "m", actor="desk-1").id for number in range(5)]
    for key in made:
        operations.move(key, "failed")
    for _ in range(2 if read else 0):
        operations.reach_back()
    assert (operations.get(made[0]) is not None) == read
    assert operations.move(made[0], "running", "Again.").words == "Again."
    assert [one.id for one in operations.open()] == [made[0]]
    assert made[0] not in {one.id for one in operations.older_first()}, "not as it was before, too"
    operations.move(made[0], "done", "All done.")
    held = again(operations, file)
    assert next(one for one in held.items("") if one.id == made[0]).words == "All done."
    held.close()


def test_items_are_written_in_one_go_or_not_at_all(file: Path) -> None:
    operations = Operations(file)
    whole = operations.plan("put_back", "Put back 3", "", actor="desk-1", total=3)
    ends: list[tuple[str, str, State, str]] = [
        ("a", "m1", "done", "Put back."), ("b", "m2", "unknown", "No answer."), ("c", "m3", "failed", "No."),
    ]  # fmt: skip
    operations.add_items(whole.id, "put_back", "desk-1", ends)
    assert [(one.label, one.state) for one in operations.items(whole.id)] == [(one[0], one[2]) for one in ends]
    assert [one.label for one in operations.of_unknown_end("put_back")] == ["b"]
    assert {one.id for one in operations.items(whole.id)} <= operations.own_ids
    operations._db.execute("create trigger full before insert on operations when new.target = 'm5'"
                           " begin select raise(abort, 'disk full'); end")  # fmt: skip
    with pytest.raises(Refused, match="can't be written"):
        operations.add_items(whole.id, "put_back", "desk-1", [("d", "m4", "done", ""), ("e", "m5", "done", "")])
    assert len(operations.items(whole.id)) == 3
    operations.close()
