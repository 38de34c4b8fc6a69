"""Call sequences whose answers must be the same on both sides, with what differs by nature made equal."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

Sequence = Callable[["Recorder"], None]

# moto leaves this one out; test_stricter_than_moto.py has it.
_OURS_ONLY = {"MD5OfMessageSystemAttributes"}
_BY_NATURE = {"MessageId", "ReceiptHandle", "SentTimestamp", "ApproximateFirstReceiveTimestamp", "SenderId"}
_ADDRESS = re.compile(r"https?://[^/]+/\d{12}/")
_ARN = re.compile(r"arn:aws:sqs:us-east-2:\d{12}:")


class Recorder:
    """Calls one side and keeps the normalised answers."""

    def __init__(self, client: SQSClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self.answers: list[Any] = []

    def name(self, short: str) -> str:
        return f"{self._prefix}-{short}"

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """The raw answer of one call; the normalised one is recorded."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            self.answers.append((operation, error.response["Error"]["Code"]))
            return {}
        raw = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        self.answers.append((operation, answer["ResponseMetadata"]["HTTPStatusCode"], _normalised(raw)))
        return raw

    def create(self, short: str = "main", **attributes: str) -> str:
        return str(self.call("create_queue", QueueName=self.name(short), Attributes=attributes).get("QueueUrl", ""))

    def with_dead_letters(self, most: int) -> tuple[str, str]:
        """URLs of a queue and of its dead-letter queue."""
        dead = self.create("dead")
        arn = self._client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": most})
        return self.create(RedrivePolicy=policy, VisibilityTimeout="30"), dead

    def counts(self, url: str) -> None:
        names = ["", "NotVisible", "Delayed"]
        self.call(
            "get_queue_attributes",
            QueueUrl=url,
            AttributeNames=[f"ApproximateNumberOfMessages{name}" for name in names],
        )


def _normalised(value: Any) -> Any:
    if isinstance(value, dict):
        # An empty list and a missing one are the same to a caller of boto3; moto sends it, SQS does not.
        items = {key: "*" if key in _BY_NATURE else _normalised(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item != [] and key not in _OURS_ONLY}
    if isinstance(value, list):
        return sorted((_normalised(item) for item in value), key=repr)
    if isinstance(value, str):
        return _ARN.sub("arn:", _ADDRESS.sub("/", value))
    return value


def life_of_a_message(to: Recorder) -> None:
    url = to.create()
    to.call("get_queue_url", QueueName=to.name("main"))
    to.counts(url)
    to.call("send_message", QueueUrl=url, MessageBody="first")
    to.counts(url)
    got = to.call("receive_message", QueueUrl=url, AttributeNames=["All"])
    to.counts(url)
    to.call("receive_message", QueueUrl=url)
    to.call("delete_message", QueueUrl=url, ReceiptHandle=got["Messages"][0]["ReceiptHandle"])
    to.counts(url)
    to.call("delete_message", QueueUrl=url, ReceiptHandle=got["Messages"][0]["ReceiptHandle"])


def text_of_every_kind(to: Recorder) -> None:
    url = to.create()
    for body in ("plain", "tab\tline\nreturn\r", "Zürich – 東京 – 🏙", '{"job_id": "x"}', " ", "\ue000\ufffd"):
        to.call("send_message", QueueUrl=url, MessageBody=body)
    to.call("receive_message", QueueUrl=url, MaxNumberOfMessages=10)


ATTRIBUTES: dict[str, Any] = {
    "job_id": {"DataType": "String", "StringValue": "7f1c"},
    "priority": {"DataType": "Number", "StringValue": "3"},
    "proof": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff"},
    "own.text": {"DataType": "String.uuid", "StringValue": "a"},
    "own.number": {"DataType": "Number.float", "StringValue": "-1.5e3"},
    "own.bytes": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG"},
}


def attributes_of_every_type(to: Recorder) -> None:
    url = to.create()
    to.call("send_message", QueueUrl=url, MessageBody="with attributes", MessageAttributes=ATTRIBUTES)
    filters: list[list[str]] = [["All"], [".*"], ["own.*"], ["job_id", "absent"], ["absent"], []]
    for names in filters:
        to.call("receive_message", QueueUrl=url, VisibilityTimeout=0, MessageAttributeNames=names)


def system_attributes(to: Recorder) -> None:
    url = to.create()
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}}
    to.call("send_message", QueueUrl=url, MessageBody="traced", MessageSystemAttributes=trace)
    filters: list[list[str]] = [["All"], ["AWSTraceHeader"], ["ApproximateReceiveCount", "SenderId"], []]
    for names in filters:
        to.call("receive_message", QueueUrl=url, VisibilityTimeout=0, MessageSystemAttributeNames=names)
    to.call("receive_message", QueueUrl=url, VisibilityTimeout=0, AttributeNames=["ApproximateReceiveCount"])


def batches(to: Recorder) -> None:
    url = to.create()
    entries = [{"Id": f"e{n}", "MessageBody": f"body {n}", "MessageAttributes": ATTRIBUTES} for n in range(10)]
    to.call("send_message_batch", QueueUrl=url, Entries=entries)
    to.counts(url)
    got = to.call("receive_message", QueueUrl=url, MaxNumberOfMessages=10)
    handles = [{"Id": f"d{n}", "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(got["Messages"])]
    to.call("delete_message_batch", QueueUrl=url, Entries=handles)
    to.counts(url)


def batches_that_are_refused(to: Recorder) -> None:
    url = to.create()
    good = {"MessageBody": "x"}
    to.call("send_message_batch", QueueUrl=url, Entries=[])
    to.call("send_message_batch", QueueUrl=url, Entries=[{"Id": f"e{n}", **good} for n in range(11)])
    to.call("send_message_batch", QueueUrl=url, Entries=[{"Id": "same", **good}, {"Id": "same", **good}])
    to.call("send_message_batch", QueueUrl=url, Entries=[{"Id": "not good!", **good}])
    to.call("delete_message_batch", QueueUrl=url, Entries=[])
    to.counts(url)


def hidden_and_shown_again(to: Recorder) -> None:
    url = to.create(VisibilityTimeout="30")
    to.call("send_message", QueueUrl=url, MessageBody="x")
    got = to.call("receive_message", QueueUrl=url)
    handle = got["Messages"][0]["ReceiptHandle"]
    to.call("change_message_visibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=40)
    to.counts(url)
    to.call("change_message_visibility", QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    to.call("receive_message", QueueUrl=url, AttributeNames=["ApproximateReceiveCount"], VisibilityTimeout=1)
    to.call("receive_message", QueueUrl=url)
    # Waits out the second of the last receive.
    to.call("receive_message", QueueUrl=url, AttributeNames=["ApproximateReceiveCount"], WaitTimeSeconds=5)


def delayed(to: Recorder) -> None:
    url = to.create()
    to.call("send_message", QueueUrl=url, MessageBody="later", DelaySeconds=1)
    to.counts(url)
    to.call("receive_message", QueueUrl=url)
    to.call("receive_message", QueueUrl=url, WaitTimeSeconds=5)
    slow = to.create("slow", DelaySeconds="60")
    to.call("send_message", QueueUrl=slow, MessageBody="by the queue")
    to.counts(slow)


def dead_letters(to: Recorder) -> None:
    url, dead = to.with_dead_letters(3)
    sent = to.call("send_message", QueueUrl=url, MessageBody="poison", MessageAttributes=ATTRIBUTES)
    for _ in range(5):
        to.call("receive_message", QueueUrl=url, VisibilityTimeout=0, AttributeNames=["ApproximateReceiveCount"])
    to.counts(url)
    to.counts(dead)
    got = to.call("receive_message", QueueUrl=dead, MessageAttributeNames=["All"])
    to.answers.append(got["Messages"][0]["MessageId"] == sent["MessageId"])
    to.call("delete_message", QueueUrl=dead, ReceiptHandle=got["Messages"][0]["ReceiptHandle"])
    to.counts(dead)


def attributes_of_the_queue(to: Recorder) -> None:
    url, _ = to.with_dead_letters(5)
    settable = ["VisibilityTimeout", "DelaySeconds", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds"]
    to.call("get_queue_attributes", QueueUrl=url, AttributeNames=[*settable, "QueueArn", "RedrivePolicy"])
    to.call("get_queue_attributes", QueueUrl=url)
    to.call("get_queue_attributes", QueueUrl=url, AttributeNames=["NoSuchAttribute"])
    wanted = {"VisibilityTimeout": "300", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "345600"}
    to.call("set_queue_attributes", QueueUrl=url, Attributes=wanted)
    to.call("get_queue_attributes", QueueUrl=url, AttributeNames=[*settable, "MaximumMessageSize"])
    to.call("set_queue_attributes", QueueUrl=url, Attributes={"RedrivePolicy": ""})
    to.call("get_queue_attributes", QueueUrl=url, AttributeNames=["RedrivePolicy", "QueueArn"])


def created_again(to: Recorder) -> None:
    to.create(VisibilityTimeout="60")
    to.create(VisibilityTimeout="60")
    to.create()
    to.create(VisibilityTimeout="61")
    to.create("not/a/name")
    to.create("small", MaximumMessageSize="10")


def what_is_not_there(to: Recorder) -> None:
    url = to.create()
    gone = f"{url}-gone"
    to.call("get_queue_url", QueueName=to.name("gone"))
    to.call("send_message", QueueUrl=gone, MessageBody="x")
    to.call("receive_message", QueueUrl=gone)
    to.call("get_queue_attributes", QueueUrl=gone, AttributeNames=["All"])
    to.call("delete_message", QueueUrl=url, ReceiptHandle="nonsense")
    to.call("change_message_visibility", QueueUrl=url, ReceiptHandle="nonsense", VisibilityTimeout=1)
    to.call("delete_message_batch", QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": "nonsense"}])


def values_that_are_refused(to: Recorder) -> None:
    url = to.create(MaximumMessageSize="1024")
    to.call("receive_message", QueueUrl=url, MaxNumberOfMessages=0)
    to.call("receive_message", QueueUrl=url, MaxNumberOfMessages=11)
    to.call("receive_message", QueueUrl=url, WaitTimeSeconds=21)
    to.call("receive_message", QueueUrl=url, VisibilityTimeout=43_201)
    to.call("send_message", QueueUrl=url, MessageBody="x", DelaySeconds=901)
    to.call("send_message", QueueUrl=url, MessageBody="x" * 1025)
    to.call("send_message", QueueUrl=url, MessageBody="x" * 1024)
    for name, attribute in (("a", {"DataType": "Date", "StringValue": "x"}), ("b c", ATTRIBUTES["job_id"])):
        to.call("send_message", QueueUrl=url, MessageBody="x", MessageAttributes={name: attribute})
    too_late = {"Id": "late", "MessageBody": "x", "DelaySeconds": 901}
    to.call("send_message_batch", QueueUrl=url, Entries=[{"Id": "good", "MessageBody": "x"}, too_late])


def waits_no_longer_than_asked(to: Recorder) -> None:
    url = to.create()
    began = time.monotonic()
    to.call("receive_message", QueueUrl=url, WaitTimeSeconds=1)
    to.answers.append(0.9 < time.monotonic() - began < 10)


ALL: list[Sequence] = [
    life_of_a_message,
    text_of_every_kind,
    attributes_of_every_type,
    system_attributes,
    batches,
    batches_that_are_refused,
    hidden_and_shown_again,
    delayed,
    dead_letters,
    attributes_of_the_queue,
    created_again,
    what_is_not_there,
    values_that_are_refused,
    waits_no_longer_than_asked,
]
