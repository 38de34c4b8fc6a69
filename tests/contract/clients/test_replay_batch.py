"""Many dead letters on the real queue with its fault switches on: what fails is named, nothing lost or doubled."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from app.replay.line import Progress
from app.replay.many import ManyEngine
from app.replay.pace import Options
from services.clients.sqs import SqsQueues
from services.domain.errors import Busy, NotPermitted
from services.ports.wishes import Outgoing
from services.settings import Settings
from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.helpers import count_of, with_dead_letters
from tests.contract.queue.test_faults import Switches, faults

__all__ = ["faults"]

pytestmark = pytest.mark.stack

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793"
ODD: dict[str, Any] = {
    "picture": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff\x80"},
    "price": {"DataType": "Number.euro", "StringValue": "0010.50"},
}


class Desk:
    """The engine on two queues of its own."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.raw: Any = client_for(origin)
        name = uuid.uuid4().hex[:12]
        self.main, self.dlq = with_dead_letters(self.raw, name, 3)
        self.queues = SqsQueues(
            Settings(
                queue_url=self.main, dlq_url=self.dlq, sqs_endpoint=origin, aws_access_key_id="AKIDEXAMPLE",
                aws_secret_access_key="local-secret",
            )
        )  # fmt: skip
        self.journal = Journal(folder / "replay.db")
        self.engine = ReplayEngine(self.queues, self.journal)
        self.many = ManyEngine(self.queues, self.journal, self.engine)

    def put(self, count: int) -> None:
        entries = [{"Id": str(n), "MessageBody": json.dumps({"job_id": f"job-{n}"})} for n in range(count)]
        for start in range(0, count, 10):
            self.raw.send_message_batch(QueueUrl=self.dlq, Entries=entries[start : start + 10])

    def replay(self, before: Callable[[], object] = lambda: None, *, seconds: int = 60) -> Progress:
        async def act() -> Progress:
            letters = (await self.engine.look()).letters
            options = Options(rate=0, ramp=(), claim_seconds=seconds)
            batch_id = str(uuid.uuid4())
            await self.many.plan(batch_id, "replay", letters, actor="desk-1", reason="", options=options)
            before()
            return await self.many.run(batch_id)

        return asyncio.run(act())

    def here(self) -> tuple[int, int]:
        """Messages in the main queue and in the DLQ, hidden ones too."""
        both = [count_of(self.raw, url) + count_of(self.raw, url, "NotVisible") for url in (self.main, self.dlq)]
        return both[0], both[1]

    def close(self) -> None:
        self.queues.close()
        self.journal.close()
        self.raw.close()


@pytest.fixture
def desk(endpoint: Endpoint, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(endpoint.origin, tmp_path)
    yield made
    made.close()


def test_three_and_seven_of_ten_fail(desk: Desk, faults: Switches) -> None:
    desk.put(10)
    progress = desk.replay(lambda: faults.hold({"kind": "partial", "action": "SendMessageBatch", "entries": [2, 6]}))
    assert (progress.moved, progress.failed, len(progress.failures)) == (8, 2, 2)
    assert desk.here() == (8, 2)
    assert desk.replay().moved == 2


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "throttled", "action": "SendMessageBatch", "times": 2},
        {"kind": "throttled", "action": "ReceiveMessage", "times": 5},
        {"kind": "partial", "action": "DeleteMessageBatch", "entries": [0, 4]},
        {"kind": "lost_reply", "action": "DeleteMessageBatch"},
        {"kind": "twice", "action": "ReceiveMessage", "times": 3},
        {"kind": "miscounted", "action": "GetQueueAttributes", "times": 0},
        {"kind": "access_denied", "action": "ChangeMessageVisibility", "times": 0},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['action']}",
)
def test_a_bad_day_loses_and_doubles_nothing(desk: Desk, faults: Switches, fault: dict[str, Any]) -> None:
    desk.put(12)
    progress = desk.replay(lambda: faults.hold(fault))
    faults.hold()
    assert (progress.moved, progress.state, desk.here()) == (12, "done", (12, 0))


@pytest.mark.parametrize("kind", ["lost_reply", "flipped"])
def test_what_may_have_been_sent_is_unknown_and_kept(desk: Desk, faults: Switches, kind: str) -> None:
    desk.put(4)
    progress = desk.replay(lambda: faults.hold({"kind": kind, "action": "SendMessageBatch"}))
    assert progress.unknown == 4
    assert desk.here() == (4, 4)
    assert desk.replay().total == 0
    assert desk.here() == (4, 4)


def test_a_call_that_is_refused_sends_nothing(desk: Desk, faults: Switches) -> None:
    desk.put(3)
    progress = desk.replay(lambda: faults.hold({"kind": "access_denied", "action": "SendMessageBatch"}))
    assert (progress.state, progress.waiting, desk.here()) == ("stopped", 3, (0, 3))
    assert "lacks the right sqs:SendMessage" in progress.words


def test_a_hold_that_ran_out_is_taken_again(desk: Desk, faults: Switches) -> None:
    desk.put(3)
    slow = {"kind": "slow", "action": "SendMessageBatch", "seconds": 1.5}
    progress = desk.replay(lambda: faults.hold(slow), seconds=1)
    assert (progress.moved, desk.here()) == (3, (3, 0))


def test_a_queue_that_is_deleted_in_the_middle(desk: Desk) -> None:
    desk.put(2)
    with_queue = desk.main

    def away() -> None:
        object.__setattr__(desk.queues._settings, "queue_url", f"{with_queue}-gone")

    progress = desk.replay(away)
    assert (progress.state, desk.here()) == ("stopped", (0, 2))


def test_every_attribute_and_the_trace_arrive_as_they_were(desk: Desk) -> None:
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": TRACE}}
    body = json.dumps({"job_id": "a"})
    desk.raw.send_message(QueueUrl=desk.dlq, MessageBody=body, MessageAttributes=ODD, MessageSystemAttributes=trace)
    assert desk.replay().moved == 1
    [message] = desk.raw.receive_message(
        QueueUrl=desk.main, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == (body, ODD)
    assert message["Attributes"]["AWSTraceHeader"] == TRACE


def test_large_messages_go_in_calls_that_they_fit_into(desk: Desk) -> None:
    async def send() -> list[Any]:
        return await desk.queues.send_many([Outgoing("x" * 100_000)] * 5, to="dlq")

    assert len({one.message_id for one in asyncio.run(send())}) == 5


def test_errors_are_told_apart(desk: Desk, faults: Switches) -> None:
    async def act() -> None:
        faults.hold({"kind": "throttled", "action": "SendMessageBatch"})
        [answer] = await desk.queues.send_many([Outgoing("a")])
        assert isinstance(answer, Busy)
        faults.hold({"kind": "access_denied", "action": "DeleteMessageBatch"})
        [refused] = await desk.queues.delete_many(["no receipt"])
        assert isinstance(refused, NotPermitted)
        faults.hold()
        [unknown] = await desk.queues.delete_many(["no receipt"])
        assert unknown is not None

    asyncio.run(act())


def test_a_held_letter_stays_hidden(desk: Desk) -> None:
    desk.put(1)

    async def act() -> None:
        [letter] = await desk.queues.receive_dead(limit=1, visibility=1, wait=0)
        await desk.queues.hold_dead(letter.receipt, 60)
        assert await desk.queues.receive_dead(limit=1, visibility=1, wait=2) == []

    asyncio.run(act())
