"""The two queues as a fresh stack has them, dead letters included."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import ClientError

from services.domain.messages import message_attributes

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

MAIN: Final = "DirectoryBolt"
DEAD: Final = "DirectoryBolt-dlq"
_DAY: Final = 86400
_BURY_LIMIT: Final = 15.0


class SqsAccess(msgspec.Struct, frozen=True):
    """How to reach an SQS endpoint."""

    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    region: str


class Letter(msgspec.Struct, frozen=True):
    """A message to send. `body` is the text; `named` has job_id, customer_id and priority for the attributes."""

    body: str
    named: dict[str, Any]


def open_sqs(access: SqsAccess) -> SQSClient:
    """A stock client; it never goes through a proxy, since the endpoint is on this machine."""
    client: SQSClient = boto3.client(
        "sqs",
        endpoint_url=access.endpoint_url,
        region_name=access.region,
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=access.secret_access_key,
        config=Config(proxies={}, connect_timeout=3, read_timeout=10, retries={"max_attempts": 3}),
    )
    return client


def create_queues(client: SQSClient) -> tuple[str, str]:
    """Addresses of the main queue and its dead letter queue; made where they are missing, else left alone."""
    dead = _queue(client, DEAD, {"MessageRetentionPeriod": str(14 * _DAY), "VisibilityTimeout": "300"})
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
    main = _queue(
        client,
        MAIN,
        {"MessageRetentionPeriod": str(4 * _DAY), "VisibilityTimeout": "300", "RedrivePolicy": redrive},
    )
    return main, dead


def bury(client: SQSClient, main: str, letters: Sequence[Letter]) -> None:
    """Send `letters` and receive them until the queue itself has moved them to the dead letters.

    Nobody else may receive from `main` meanwhile. Raises TimeoutError when the queue doesn't move them.
    """
    for letter in letters:
        attributes: Any = message_attributes(letter.named)
        client.send_message(QueueUrl=main, MessageBody=letter.body, MessageAttributes=attributes)
    deadline = time.monotonic() + _BURY_LIMIT
    while _messages_in(client, main):
        if time.monotonic() > deadline:
            raise TimeoutError("the queue does not move messages to its dead letters")
        client.receive_message(QueueUrl=main, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=0)


def _queue(client: SQSClient, name: str, attributes: dict[QueueAttributeNameType, str]) -> str:
    try:
        return client.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        # Two spellings: of the JSON protocol, and of the query protocol before it.
        if "NonExistentQueue" not in str(error) and "QueueDoesNotExist" not in str(error):
            raise
    return client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def _messages_in(client: SQSClient, queue: str) -> int:
    counts = client.get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    return sum(int(count) for count in counts.values())
