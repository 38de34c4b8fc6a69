"""Small steps that the tests of the queue share."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from services.local.queue.bells import Bells
from tests.contract.queue.conftest import Endpoint, client_for

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


def refusal(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return dict(caught.value.response["Error"])


def first_handle(client: SQSClient, url: str, **arguments: Any) -> str:
    return client.receive_message(QueueUrl=url, **arguments)["Messages"][0]["ReceiptHandle"]


def count_of(client: SQSClient, url: str, name: str = "") -> int:
    full = f"ApproximateNumberOfMessages{name}"
    return int(client.get_queue_attributes(QueueUrl=url, AttributeNames=[full])["Attributes"][full])  # type: ignore[list-item, index]


def with_dead_letters(client: SQSClient, name: str, most: int, **attributes: str) -> tuple[str, str]:
    """A queue and its dead letters, both with these attributes."""
    dead = client.create_queue(QueueName=f"{name}-dlq", Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-2:000000000000:{name}-dlq", "maxReceiveCount": str(most)}
    whole: Any = {**attributes, "RedrivePolicy": json.dumps(policy)}
    url = client.create_queue(QueueName=name, Attributes=whole)["QueueUrl"]
    return url, dead


def while_waiting(endpoint: Endpoint, url: str, act: Callable[[], object]) -> tuple[Any, float]:
    """The answer of a long poll that is under way when `act` is called, with the seconds from there."""
    client = client_for(endpoint.origin)
    answers: list[Any] = []
    waiter = threading.Thread(target=lambda: answers.append(client.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
    there, wait = threading.Event(), Bells.wait

    async def seen(bells: Bells, queue: str, rings: int, seconds: float) -> None:
        there.set()
        await wait(bells, queue, rings, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bells, "wait", seen)
        waiter.start()
        assert there.wait(30)
        began = time.monotonic()
        act()
        waiter.join(30)
    client.close()
    return answers[0], time.monotonic() - began


def in_threads(number: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def send_hundred(client: SQSClient, url: str) -> list[str]:
    """Ids of 100 messages with the bodies 0 to 99."""
    ids = []
    for start in range(0, 100, 10):
        entries: Any = [{"Id": f"e{n}", "MessageBody": str(n)} for n in range(start, start + 10)]
        ids += [entry["MessageId"] for entry in client.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]]
    return ids
