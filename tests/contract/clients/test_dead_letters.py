"""Dead letters of every kind on the real queue: each is shown as what it is, and only what can be used is replayed."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.letter_line import LetterLine
from app.actions.operations import Operations
from app.replay.journal import Journal
from services.clients.sqs import SqsQueues
from services.domain.errors import ConsoleError
from services.settings import Settings
from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.helpers import with_dead_letters
from tests.fakes.odd_letters import GOOD, JOB, LARGEST, TEN, UNUSABLE, USABLE

pytestmark = pytest.mark.stack


class Desk:
    """The console's acts on two queues of their own."""

    def __init__(self, origin: str, folder: Path, *, retention: int = 1_209_600) -> None:
        self.raw = client_for(origin)
        name = uuid.uuid4().hex[:12]
        attributes: Any = {"MessageRetentionPeriod": str(retention), "MaximumMessageSize": str(LARGEST)}
        self.main, self.dlq = with_dead_letters(self.raw, name, 3, **attributes)
        self.queues = SqsQueues(
            Settings(
                queue_url=self.main, dlq_url=self.dlq, sqs_endpoint=origin, aws_access_key_id="AKIDEXAMPLE",
                aws_secret_access_key="local-secret",
            )
        )  # fmt: skip
        self.journal = Journal(folder / "replay.db")
        self.operations = Operations(folder / "operations.db")
        self.acts = DeadLetterActs(
            self.queues, self.journal, self.operations, actor="desk-1", role="operator", undo_seconds=0.05
        )

    def put(self, body: str, attributes: dict[str, Any] | None = None) -> str:
        answer = self.raw.send_message(QueueUrl=self.dlq, MessageBody=body, MessageAttributes=attributes or {})
        return answer["MessageId"]

    def run(self, act: Callable[[], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            try:
                return await act()
            finally:
                await tasks.shutdown()

        return asyncio.run(whole())

    def close(self) -> None:
        self.queues.close()
        self.journal.close()
        self.operations.close()
        self.raw.close()


@pytest.fixture
def desk(endpoint: Endpoint, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(endpoint.origin, tmp_path)
    yield made
    made.close()


def test_every_kind_is_listed_as_what_it_is_and_refused_with_the_reason(desk: Desk) -> None:
    # The queue itself takes no characters that XML has no room for, so none can be in a body.
    attributes = {name: TEN if len(body) < LARGEST else {} for name, (body, _) in UNUSABLE.items()}
    sent = {name: desk.put(body, attributes[name]) for name, (body, _) in UNUSABLE.items()}

    async def look_and_press() -> None:
        await desk.acts.scan()
        assert set(desk.acts.lines) == set(sent.values())
        for name, message_id in sent.items():
            line = desk.acts.lines[message_id]
            assert line.reading.what == UNUSABLE[name][1], name
            assert line.letter.body == UNUSABLE[name][0], name
            assert line.letter.attributes == attributes[name]
            with pytest.raises(ConsoleError, match="It would only come back"):
                await desk.acts.replay(message_id)

    desk.run(look_and_press)
    assert desk.raw.receive_message(QueueUrl=desk.main).get("Messages", []) == []
    assert desk.operations.newest_first() == []


@pytest.mark.parametrize("name", USABLE)
def test_what_can_be_used_arrives_byte_for_byte(desk: Desk, name: str) -> None:
    attributes = TEN if name != "huge object" else {}
    body = USABLE[name]
    message_id = desk.put(body, attributes)

    async def replay() -> None:
        await desk.acts.scan()
        answer = await desk.acts.replay(message_id)
        assert answer is not None
        assert answer.outcome == "replayed"

    desk.run(replay)
    [message] = desk.raw.receive_message(QueueUrl=desk.main, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == body
    assert message.get("MessageAttributes", {}) == attributes
    assert desk.raw.receive_message(QueueUrl=desk.dlq).get("Messages", []) == []


def test_two_letters_for_one_job_say_so(desk: Desk) -> None:
    sent = [desk.put(GOOD), desk.put(json.dumps({"job_id": JOB})), desk.put(json.dumps({"job_id": "other"}))]
    desk.run(desk.acts.scan)
    assert [desk.acts.lines[message_id].same_job for message_id in sent] == [1, 1, 0]


@pytest.mark.parametrize("days", [1, 4, 14])
def test_a_letter_expires_when_its_queue_says(endpoint: Endpoint, tmp_path: Path, days: int) -> None:
    desk = Desk(endpoint.origin, tmp_path, retention=days * 86_400)
    try:
        message_id = desk.put(GOOD)
        desk.run(desk.acts.scan)
        line = desk.acts.lines[message_id]
    finally:
        desk.close()
    assert line.letter.sent_at is not None
    assert line.expires_at == line.letter.sent_at + days * 86_400


def test_an_expiry_that_the_queue_does_not_tell_is_not_made_up(desk: Desk) -> None:
    desk.put(GOOD)
    desk.run(desk.acts.scan)
    [line] = desk.acts.lines.values()
    assert LetterLine(line.letter, line.reading).expires_at is None
