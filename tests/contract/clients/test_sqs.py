"""Queues: one suite, on our endpoint and on moto."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import uuid

import pytest

from services.clients.sqs import SqsQueues
from services.domain.errors import NotInstalled, NotReachable, Refused
from services.settings import Settings
from tests.contract.queue.conftest import Endpoint, client_for

pytestmark = pytest.mark.stack
ATTRIBUTES = {"job_id": {"DataType": "String", "StringValue": "j1"}}


@pytest.fixture(params=["ours", "moto"])
def settings(request: pytest.FixtureRequest, endpoint: Endpoint, moto_origin: str) -> Settings:
    origin = endpoint.origin if request.param == "ours" else moto_origin
    client = client_for(origin)
    name = uuid.uuid4().hex[:12]
    dlq = client.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})
    main = client.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    client.close()
    return Settings(
        queue_url=main,
        dlq_url=dlq,
        sqs_endpoint=origin,
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="local-secret",
    )


def test_a_dead_letter_from_birth_to_deletion(settings: Settings) -> None:
    async def suite() -> None:
        queues = SqsQueues(settings)
        sent = await queues.send('{"job_id": "j1"}', ATTRIBUTES)
        assert sent.body_md5 == hashlib.md5(b'{"job_id": "j1"}').hexdigest()
        main = await queues.figures("main")
        assert (main.visible, main.in_flight) == (1, 0)
        assert main.redrive_target_arn == (await queues.figures("dlq")).arn

        raw = client_for(settings.sqs_endpoint)
        for _ in range(4):
            raw.receive_message(QueueUrl=settings.queue_url, VisibilityTimeout=0)
        raw.close()
        dead = await queues.receive_dead(limit=10, visibility=30, wait=0)
        assert [letter.body for letter in dead] == ['{"job_id": "j1"}']
        assert dead[0].attributes["job_id"]["StringValue"] == "j1"
        assert dead[0].sent_at is not None
        assert await queues.receive_dead(limit=10, visibility=30, wait=0) == []
        await queues.release_dead(dead[0].receipt)
        again = await queues.receive_dead(limit=10, visibility=30, wait=0)
        assert again[0].message_id == dead[0].message_id
        await queues.delete_dead(again[0].receipt)
        assert (await queues.figures("dlq")).in_flight == 0
        queues.close()

    asyncio.run(suite())


def test_what_is_wrong_is_said_in_our_words(settings: Settings) -> None:
    async def suite() -> None:
        missing = SqsQueues(Settings(queue_url=settings.queue_url + "x", sqs_endpoint=settings.sqs_endpoint,
                                     aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="x"))  # fmt: skip
        with pytest.raises(NotInstalled):
            await missing.figures("main")
        with pytest.raises(NotInstalled):
            await missing.figures("dlq")
        missing.close()
        nobody = SqsQueues(Settings(queue_url="http://127.0.0.1:9/q", aws_access_key_id="AKIDEXAMPLE",
                                    aws_secret_access_key="x"))  # fmt: skip
        with pytest.raises(NotReachable):
            await nobody.send("{}", {})
        nobody.close()

    asyncio.run(suite())


def test_a_queue_is_found_by_its_name_and_a_receipt_that_is_none_deletes_nothing(settings: Settings) -> None:
    async def suite() -> None:
        queues = SqsQueues(settings)
        assert (await queues.find("main"), await queues.find("dlq")) == (settings.queue_url, settings.dlq_url)
        # For what it is, not for want of the right; moto takes it.
        with contextlib.suppress(Refused):
            await queues.delete_dead("not-a-receipt")
        assert (await queues.figures("dlq")).visible == 0
        queues.close()

    asyncio.run(suite())


def test_a_queue_that_is_gone_is_not_found() -> None:
    async def suite() -> None:
        queues = SqsQueues(Settings())
        with pytest.raises(NotInstalled):
            await queues.find("dlq")
        queues.close()

    asyncio.run(suite())
