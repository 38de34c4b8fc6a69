"""A replay loses nothing and doubles nothing, wherever it is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from app.replay.engine import ReplayEngine
from app.replay.journal import SENT, Journal, State
from services.domain.checksums import attributes_md5, body_md5
from services.domain.errors import NotPermitted, NotReachable, Refused
from services.ports.wishes import DeadLetter, QueueFigures, SentMessage

ATTRIBUTES = {
    "job_id": {"DataType": "String", "StringValue": "j1"},
    "picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}


class Killed(BaseException):
    """Stands for kill -9: nothing in the engine may catch it."""


class TinyQueues:
    """Both queues in memory. `faults` maps a call's name to what it raises, `after` means after its effect."""

    def __init__(self, dead: dict[str, str]) -> None:
        self.dead = dict(dead)
        self.main: list[tuple[str, dict[str, Any]]] = []
        self.faults: dict[str, BaseException] = {}
        self.after: dict[str, BaseException] = {}
        self.flip = False
        self.redrive = ""
        self.lacks: dict[str, str] = {}

    async def _call(self, name: str) -> None:
        if name in self.faults:
            raise self.faults[name]

    async def figures(self, which: Literal["main", "dlq"]) -> QueueFigures:
        target = "arn:dlq" if which == "main" else self.redrive
        return QueueFigures(len(self.dead), 0, 0, arn=f"arn:{which}", redrive_target_arn=target)

    async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
        await self._call("receive")
        return [DeadLetter(mid, f"r-{mid}", body, attributes=ATTRIBUTES) for mid, body in self.dead.items()][:limit]

    async def send(self, body: str, attributes: Mapping[str, Any], trace: str = "") -> SentMessage:
        await self._call("send")
        self.main.append((body, dict(attributes)))
        if "send" in self.after:
            raise self.after["send"]
        return SentMessage("new", "0" * 32 if self.flip else body_md5(body), attributes_md5(attributes))

    async def delete_dead(self, receipt: str) -> None:
        await self._call("delete")
        self.dead.pop(receipt.removeprefix("r-"), None)
        if "delete" in self.after:
            raise self.after["delete"]

    async def release_dead(self, receipt: str) -> None:
        await self._call("release")


async def plan_and_replay(queues: TinyQueues, journal: Journal, message_id: str = "m1") -> Any:
    engine = ReplayEngine(queues, journal)
    letters = {letter.message_id: letter for letter in (await engine.look()).letters}
    await engine.plan(letters[message_id], actor="desk-1", reason="")
    return await engine.replay(message_id)


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    made = Journal(tmp_path / "replay.db")
    yield made
    made.close()


def test_send_verify_delete(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one", "m2": "two"})
    answer = asyncio.run(plan_and_replay(queues, journal))
    assert answer.outcome == "replayed"
    assert queues.main == [("one", ATTRIBUTES)]
    assert set(queues.dead) == {"m2"}
    entry = journal.entry("m1")
    assert entry is not None
    assert (entry.state, entry.new_message_id, entry.body, entry.attributes) == ("deleted", "new", "one", ATTRIBUTES)


@pytest.mark.parametrize("point", ["receive", "send", "delete"])
@pytest.mark.parametrize("late", [False, True])
def test_killed_anywhere_then_resumed(journal: Journal, point: str, late: bool) -> None:
    queues = TinyQueues({"m1": "one"})
    engine = ReplayEngine(queues, journal)

    async def first() -> None:
        letter = (await engine.look()).letters[0]
        await engine.plan(letter, actor="desk-1", reason="")
        (queues.after if late else queues.faults)[point] = Killed()
        await engine.replay("m1")

    killed = point != "receive" or not late
    if killed:
        with pytest.raises(Killed):
            asyncio.run(first())
    else:
        asyncio.run(first())
    assert "m1" in queues.dead or queues.main, "neither in the dead letters nor sent: lost"
    queues.faults.clear()
    queues.after.clear()
    journal.settle_after_crash()
    state = journal.entry("m1")
    assert state is not None
    if state.state in ("unknown", "delete_unconfirmed"):
        asyncio.run(ReplayEngine(queues, journal).replay("m1"))
    assert len(queues.main) <= 1, "sent twice"
    if point == "delete":
        assert not queues.dead


def test_a_lost_answer_is_unknown_and_never_repeated(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one"})
    queues.after["send"] = NotReachable("The queue did not answer.")
    assert asyncio.run(plan_and_replay(queues, journal)).outcome == "unknown"
    queues.after.clear()
    assert asyncio.run(ReplayEngine(queues, journal).replay("m1")).outcome == "unknown"
    assert len(queues.main) == 1
    assert "m1" in queues.dead


def test_a_flipped_byte_keeps_the_dead_letter(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one"})
    queues.flip = True
    assert asyncio.run(plan_and_replay(queues, journal)).outcome == "unknown"
    assert "m1" in queues.dead


def test_no_right_to_send_changes_nothing(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one"})
    queues.faults["send"] = NotPermitted("This key may not send to the main queue.")
    answer = asyncio.run(plan_and_replay(queues, journal))
    assert (answer.outcome, queues.main, set(queues.dead)) == ("failed", [], {"m1"})


def test_without_the_right_to_give_back_the_look_says_for_how_long(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one"})
    queues.faults["release"] = NotPermitted("This key may not change visibility.")
    assert asyncio.run(ReplayEngine(queues, journal).look()).hidden_for > 0


def test_a_dlq_with_its_own_redrive_policy_is_refused(journal: Journal) -> None:
    queues = TinyQueues({"m1": "one"})
    queues.redrive = "arn:aws:sqs:us-east-2:0:third"
    with pytest.raises(Refused, match="can't be listed safely"):
        asyncio.run(ReplayEngine(queues, journal).look())


def test_no_journal_no_send(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "replay.db")
    queues = TinyQueues({"m1": "one"})
    journal.close()
    with pytest.raises(Refused, match="nothing is sent"):
        asyncio.run(plan_and_replay(queues, journal))
    assert queues.main == []


def test_the_journal_survives_and_keeps_bytes(tmp_path: Path) -> None:
    first = Journal(tmp_path / "replay.db")
    first.plan(DeadLetter("m1", "", "body", attributes=ATTRIBUTES), actor="desk-1", reason="why")
    first.close()
    again = Journal(tmp_path / "replay.db")
    entry = again.entry("m1")
    again.close()
    assert entry is not None
    assert entry.attributes == ATTRIBUTES


@pytest.mark.parametrize("state", SENT)
def test_what_was_sent_is_never_planned_again(journal: Journal, state: State) -> None:
    queues = TinyQueues({"m1": "one"})
    journal.plan(DeadLetter("m1", "", "one", attributes=ATTRIBUTES), actor="desk-1", reason="")
    journal.move("m1", state)
    with pytest.raises(Refused, match="not sent again"):
        asyncio.run(plan_and_replay(queues, journal))
    answer = asyncio.run(ReplayEngine(queues, journal).replay("m1"))
    assert queues.main == []
    assert answer.outcome == ("unknown" if state in ("sending", "unknown") else "replayed")
    assert set(queues.dead) == ({"m1"} if answer.outcome == "unknown" else set())


def test_a_letter_deep_in_a_long_queue_is_found(journal: Journal) -> None:
    class Hiding(TinyQueues):
        async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
            letters = list(await super().receive_dead(limit=1000, visibility=visibility, wait=wait))
            self.dead = {**dict(list(self.dead.items())[limit:]), **dict(list(self.dead.items())[:limit])}
            return letters[:limit]

    queues = Hiding({f"m{n}": "one" for n in range(400)})
    journal.plan(DeadLetter("m333", "", "one", attributes=ATTRIBUTES), actor="desk-1", reason="")
    assert asyncio.run(ReplayEngine(queues, journal).replay("m333")).outcome == "replayed"


def test_a_look_asks_all_servers_while_the_queue_counts_more_than_it_showed(journal: Journal) -> None:
    class Sampled(TinyQueues):
        waits: list[int] = []

        async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
            self.waits.append(wait)
            found = await super().receive_dead(limit=limit, visibility=visibility, wait=wait)
            return found if wait else found[:1]

    queues = Sampled({"m1": "one", "m2": "two"})
    look = asyncio.run(ReplayEngine(queues, journal).look())
    assert {letter.message_id for letter in look.letters} == {"m1", "m2"}
    assert queues.waits == [0, 0, 0, 1, 1, 1]
    # Where it showed all that it counts, nobody waits for it.
    queues.waits.clear()
    del queues.dead["m2"]
    asyncio.run(ReplayEngine(queues, journal).look())
    assert queues.waits == [0, 0, 0]
