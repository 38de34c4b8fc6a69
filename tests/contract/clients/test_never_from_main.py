"""What the console asks of the queues, seen on the wire: it receives from the dead letters only, and deletes there."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from app import tasks
from app.actions.dead_letters import DeadLetterActs
from app.actions.letter_batches import LetterBatches
from app.actions.operations import Operations
from app.replay.journal import Journal
from app.replay.pace import Options
from app.store.store import Store
from services.clients.sqs import SqsQueues
from services.settings import Settings
from tests.contract.queue.conftest import Endpoint, client_for
from tests.local_http import serve

pytestmark = pytest.mark.stack

Calls = list[tuple[str, str]]
"""Each call's action, and the queue that it names."""


def relay(target: str, calls: Calls) -> Callable[[str], web.Application]:
    """Passes everything on to `target`, and notes it."""

    async def pass_on(request: web.Request) -> web.Response:
        body = await request.read()
        calls.append((request.headers["X-Amz-Target"].partition(".")[2], json.loads(body).get("QueueUrl", "")))
        headers = {key: value for key, value in request.headers.items() if key not in ("Host", "Content-Length")}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(target, content=body, headers=headers, timeout=30)
        kept = {key: answer.headers[key] for key in ("Content-Type", "x-amzn-query-error") if key in answer.headers}
        return web.Response(body=answer.content, status=answer.status_code, headers=kept)

    def build(_: str) -> web.Application:
        app = web.Application()
        app.router.add_post("/", pass_on)
        return app

    return build


@pytest.fixture
def wire(endpoint: Endpoint) -> Iterator[tuple[str, Calls]]:
    calls: Calls = []
    with serve(relay(endpoint.origin, calls)) as origin:
        yield origin, calls


def test_nothing_that_is_done_to_dead_letters_receives_from_the_main_queue(
    wire: tuple[str, Calls], tmp_path: Path
) -> None:
    origin, calls = wire
    raw, name = client_for(origin), uuid.uuid4().hex[:12]
    dlq = raw.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    arn = raw.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    main = raw.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    for number in range(4):
        raw.send_message(QueueUrl=dlq, MessageBody=json.dumps({"job_id": f"job-{number}"}))
    queues = SqsQueues(
        Settings(
            queue_url=main, dlq_url=dlq, sqs_endpoint=origin, aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="local-secret",
        )
    )  # fmt: skip
    journal, operations = Journal(tmp_path / "replay.db"), Operations(tmp_path / "operations.db")
    letters = DeadLetterActs(queues, journal, operations, actor="desk-1", role="operator", undo_seconds=0.05)
    batches = LetterBatches(
        queues, journal, letters, operations, Store(), actor="desk-1", pace=Options(rate=0, ramp=())
    )  # fmt: skip

    async def everything() -> None:
        await letters.follow()
        await letters.scan()
        ids = list(letters.lines)
        await letters.replay(ids[0])
        await batches.replay(batches.weigh(ids[1:3]), reason="why")
        await batches.archive(ids[3:], reason="junk")
        await batches.many.put_back(ids[3])
        await letters.follow()
        for which in ("main", "dlq"):
            await queues.find(which)
        await tasks.shutdown()

    asyncio.run(everything())
    seen = {action for action, queue in calls if queue == main}
    assert {"SendMessage", "SendMessageBatch", "GetQueueAttributes"} <= seen
    assert seen <= {"SendMessage", "SendMessageBatch", "GetQueueAttributes"}
    assert {"ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"} <= {one for one, queue in calls if queue == dlq}
    # No more than the five rights, and never a purge.
    rights = {"ReceiveMessage", "DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility", "GetQueueAttributes"}
    assert {one for one, queue in calls if queue == dlq} <= rights | {"SendMessage", "SendMessageBatch"}
    # The wire would have told.
    raw.receive_message(QueueUrl=main)
    assert ("ReceiveMessage", main) in calls
    queues.close()
    journal.close()
    operations.close()
    raw.close()
