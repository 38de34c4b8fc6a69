"""A replay killed between any two of its steps: nothing lost, nothing doubled, and the next start tells the truth."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.operations import Operations
from app.replay.engine import CLAIM_VISIBILITY, UNDONE
from app.replay.journal import Journal
from services.domain.errors import ConsoleError, NotReachable, Refused
from services.ports.wishes import DeadLetter
from tests.fakes.queues import FakeQueues

BODY = '{"job_id": "j1"}'
STEPS = 22
"""More moments than a replay has: the last ones kill nothing."""


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


class Bomb:
    """Kills at the `at`-th moment; each call that leaves a trace has one moment before and one after."""

    def __init__(self, at: int) -> None:
        self.left = at

    def watch(self, thing: Any, *names: str) -> None:
        for name in names:
            setattr(thing, name, self._watched(getattr(thing, name)))

    def _tick(self) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1

    def _watched(self, call: Any) -> Any:
        async def later(*args: Any, **named: Any) -> Any:
            self._tick()
            answer = await call(*args, **named)
            self._tick()
            return answer

        def now(*args: Any, **named: Any) -> Any:
            self._tick()
            answer = call(*args, **named)
            self._tick()
            return answer

        return later if inspect.iscoroutinefunction(call) else now


class Program:
    """One start of the console's part that replays, on files and queues that outlive it."""

    def __init__(self, folder: Path, queues: FakeQueues) -> None:
        self.queues = queues
        self.operations = Operations(folder / "operations.db")
        self.journal = Journal(folder / "replay.db")
        self.acts = DeadLetterActs(
            queues, self.journal, self.operations, actor="desk-1", role="operator", undo_seconds=0.0
        )

    def replay(self, bomb: Bomb | None = None, *, undo: bool = False) -> None:
        """Start, settle, look, and replay the one letter, as far as the bomb lets it come."""

        async def whole() -> None:
            try:
                await self.acts.settle()
                await self.acts.scan()
                if bomb is not None:
                    bomb.watch(self.operations, "plan", "move")
                    bomb.watch(self.journal, "plan", "move")
                    bomb.watch(self.queues, "receive_dead", "send", "delete_dead")
                pressed = asyncio.ensure_future(self.acts.replay("m1"))
                await asyncio.sleep(0)
                if undo:
                    self.acts.undo("m1")
                await pressed
            finally:
                await tasks.shutdown()

        try:
            asyncio.run(whole())
        finally:
            self.operations.close()
            self.journal.close()


@pytest.mark.parametrize("undo", [False, True])
@pytest.mark.parametrize("moment", range(STEPS))
def test_killed_at_any_moment(tmp_path: Path, moment: int, undo: bool) -> None:
    late = [0.0]
    queues = FakeQueues({"m1": BODY}, lambda: time.time() + late[0])
    bomb = Bomb(moment)
    try:
        Program(tmp_path, queues).replay(bomb, undo=undo)
    except Killed:
        pass
    else:
        assert bomb.left >= 0
    for name in ("receive_dead", "send", "delete_dead"):
        vars(queues).pop(name, None)
    late[0] += CLAIM_VISIBILITY + 1
    assert queues.sent or queues.dead, "lost"
    sent = len(queues.sent)
    assert sent <= (0 if undo else 1)

    again = Program(tmp_path, queues)
    asyncio.run(again.acts.settle())
    assert again.operations.open() == [], "a wish stays open for ever"
    for wish in again.operations.newest_first():
        if wish.state == "done":
            assert (sent, queues.dead, wish.done) == (1, {}, 1)
        elif wish.state in ("failed", "undone"):
            assert sent == 0, wish.words
            assert queues.dead
    again.operations.close()
    again.journal.close()

    if queues.dead:
        refusal = ""
        try:
            Program(tmp_path, queues).replay()
        except ConsoleError as error:
            refusal = str(error)
        if refusal:
            assert "not repeated by itself" in refusal
            assert queues.dead, "the letter is kept where nobody knows"
        else:
            assert (len(queues.sent), queues.dead) == (1, {})
    assert len(queues.sent) <= 1, "doubled"


def test_the_moments_cover_a_whole_replay(tmp_path: Path) -> None:
    queues = FakeQueues({"m1": BODY}, time.time)
    bomb = Bomb(STEPS)
    Program(tmp_path, queues).replay(bomb)
    assert queues.sent == [BODY]
    assert 0 <= bomb.left < STEPS // 2


@pytest.mark.parametrize("moment", range(8))
def test_a_finish_that_was_killed_sends_nothing(tmp_path: Path, moment: int) -> None:
    late = [0.0]
    queues = FakeQueues({"m1": BODY}, lambda: time.time() + late[0])
    queues.faults["delete"] = NotReachable("The queue did not answer.")
    Program(tmp_path, queues).replay()
    queues.faults.clear()
    late[0] += CLAIM_VISIBILITY + 1
    with contextlib.suppress(Killed):
        Program(tmp_path, queues).replay(Bomb(moment))
    late[0] += CLAIM_VISIBILITY + 1
    for name in ("receive_dead", "send", "delete_dead"):
        vars(queues).pop(name, None)
    if queues.dead:
        Program(tmp_path, queues).replay()
    assert (queues.sent, queues.dead) == ([BODY], {})
    last = Program(tmp_path, queues)
    asyncio.run(last.acts.settle())
    assert {one.state for one in last.operations.newest_first()} <= {"done", "unknown"}
    last.operations.close()
    last.journal.close()


SETTLED = [
    ((), "failed", "The program ended before it was sent."),
    (("planned",), "failed", "The program ended before it was sent."),
    (("planned", "skipped"), "undone", "Undone; nothing was sent."),
    (("planned", "claimed"), "failed", "The program ended before it was sent."),
    (("planned", "claimed", "sending"), "unknown", "The program ended while it was being sent."),
    (("planned", "claimed", "sending", "failed"), "failed", "You may not send."),
    (("planned", "claimed", "sending", "sent"), "unknown", "The program ended before it was deleted."),
    (("planned", "claimed", "sending", "sent", "deleted"), "done", "Sent, verified and taken out of the dead letters."),
]


@pytest.mark.parametrize(("steps", "state", "words"), SETTLED)
def test_what_the_next_start_says(tmp_path: Path, steps: tuple[Any, ...], state: str, words: str) -> None:
    killed = Program(tmp_path, FakeQueues({}, time.time))
    killed.operations.plan("replay", "Replay 1 message", "m1", actor="desk-1")
    for step in steps:
        if step == "planned":
            killed.journal.plan(DeadLetter("m1", "", BODY, attributes={}), actor="desk-1", reason="")
        else:
            killed.journal.move("m1", step, why={"skipped": UNDONE, "failed": "You may not send."}.get(step, ""))
    killed.operations.close()
    killed.journal.close()
    again = Program(tmp_path, FakeQueues({}, time.time))
    asyncio.run(again.acts.settle())
    (wish,) = again.operations.newest_first()
    assert (wish.state, wish.words, wish.done) == (state, words, 1 if state == "done" else 0)
    again.operations.close()
    again.journal.close()


def test_an_older_undo_is_not_taken_for_the_end_of_a_newer_wish(tmp_path: Path) -> None:
    killed = Program(tmp_path, FakeQueues({}, time.time))
    killed.journal.plan(DeadLetter("m1", "", BODY, attributes={}), actor="desk-1", reason="")
    killed.journal.move("m1", "skipped", why=UNDONE)
    killed.operations.plan("replay", "Replay 1 message", "m1", actor="desk-1")
    killed.operations.close()
    killed.journal.close()
    again = Program(tmp_path, FakeQueues({}, time.time))
    asyncio.run(again.acts.settle())
    assert [wish.state for wish in again.operations.newest_first()] == ["failed"]
    again.operations.close()
    again.journal.close()


def test_a_start_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(tmp_path, FakeQueues({}, time.time))

    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(program.journal, "settle_after_crash", full)
    with pytest.raises(Refused, match="can't be written"):
        asyncio.run(program.acts.settle())
    program.operations.close()
    program.journal.close()
