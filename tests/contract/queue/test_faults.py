"""Each fault switch under stock boto3: what the caller sees, and what really happened."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from services.domain.checksums import body_md5
from tests.contract.queue.conftest import Endpoint
from tests.contract.queue.helpers import count_of, first_handle, refusal

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class Switches:
    """The endpoint's control, as another program would use it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def hold(self, *faults: dict[str, Any], content_type: str = "application/json") -> Any:
        return self.put(json.dumps(faults).encode(), content_type)

    def put(self, body: bytes, content_type: str = "application/json", **headers: str) -> Any:
        request = urllib.request.Request(
            f"{self.origin}/_faults", body, {"Content-Type": content_type, **headers}, method="PUT"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def held(self) -> Any:
        with urllib.request.urlopen(f"{self.origin}/_faults", timeout=10) as answer:
            return json.load(answer)


@pytest.fixture
def faults(endpoint: Endpoint) -> Iterator[Switches]:
    switches = Switches(endpoint.origin)
    yield switches
    switches.hold()


def entries(count: int) -> Any:
    return [{"Id": f"e{n}", "MessageBody": str(n)} for n in range(count)]


def bodies(client: SQSClient, url: str) -> list[str]:
    messages = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return sorted(message["Body"] for message in messages)


def test_a_call_that_is_not_allowed(ours: SQSClient, url: str, faults: Switches) -> None:
    faults.hold({"kind": "access_denied", "action": "SendMessage"})
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="x")
    assert error["Code"] == "AccessDeniedException"
    assert "sqs:SendMessage" in error["Message"]
    assert count_of(ours, url) == 0
    ours.send_message(QueueUrl=url, MessageBody="x")
    assert count_of(ours, url) == 1


def test_only_the_named_call_is_hit_and_as_often_as_said(ours: SQSClient, url: str, faults: Switches) -> None:
    faults.hold({"kind": "throttled", "action": "SendMessage", "skip": 1, "times": 2})
    ours.send_message(QueueUrl=url, MessageBody="1")
    for _ in range(2):
        assert refusal(ours.send_message, QueueUrl=url, MessageBody="2")["Code"] == "RequestThrottled"
        assert bodies(ours, url) == ["1"]
    assert faults.held() == []
    ours.send_message(QueueUrl=url, MessageBody="3")
    assert bodies(ours, url) == ["1", "3"]


def test_a_fault_that_stays_until_it_is_switched_off(ours: SQSClient, url: str, faults: Switches) -> None:
    faults.hold({"kind": "throttled", "times": 0})
    for _ in range(3):
        assert refusal(ours.send_message, QueueUrl=url, MessageBody="x")["Code"] == "RequestThrottled"
    faults.hold()
    ours.send_message(QueueUrl=url, MessageBody="x")


def test_a_batch_that_fails_in_part_is_still_answered_with_success(ours: SQSClient, url: str, faults: Switches) -> None:
    faults.hold({"kind": "partial", "action": "SendMessageBatch", "entries": [3, 7]})
    answer = ours.send_message_batch(QueueUrl=url, Entries=entries(10))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert [one["Id"] for one in answer["Failed"]] == ["e3", "e7"]
    assert not any(one["SenderFault"] for one in answer["Failed"])
    assert [one["Id"] for one in answer["Successful"]] == ["e0", "e1", "e2", "e4", "e5", "e6", "e8", "e9"]
    assert count_of(ours, url) == 8


def test_a_batch_can_fail_whole(ours: SQSClient, url: str, faults: Switches) -> None:
    faults.hold({"kind": "partial", "action": "SendMessageBatch", "entries": [0, 1]})
    answer = ours.send_message_batch(QueueUrl=url, Entries=entries(2))
    assert not answer["Successful"]
    assert len(answer["Failed"]) == 2
    assert count_of(ours, url) == 0


def test_a_body_changed_on_its_way_in_shows_in_the_checksum(ours: SQSClient, url: str, faults: Switches) -> None:
    faults.hold({"kind": "flipped", "action": "SendMessage"}, {"kind": "flipped", "action": "SendMessageBatch"})
    sent = ours.send_message(QueueUrl=url, MessageBody="hello")
    assert sent["MD5OfMessageBody"] != body_md5("hello")
    ours.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "xyz"}])
    assert bodies(ours, url) == ["xello", "yyz"]


def test_a_body_changed_on_its_way_out_shows_in_the_checksum(ours: SQSClient, url: str, faults: Switches) -> None:
    ours.send_message(QueueUrl=url, MessageBody="hello")
    faults.hold({"kind": "flipped", "action": "ReceiveMessage"})
    message = ours.receive_message(QueueUrl=url)["Messages"][0]
    assert message["Body"] == "xello"
    assert message["MD5OfBody"] == body_md5("hello")


def test_a_reply_that_is_lost_after_the_effect(ours: SQSClient, url: str, faults: Switches) -> None:
    faults.hold({"kind": "lost_reply", "action": "SendMessage"})
    with pytest.raises(ConnectionClosedError):
        ours.send_message(QueueUrl=url, MessageBody="kept")
    assert bodies(ours, url) == ["kept"]


def test_a_reply_that_comes_late(endpoint: Endpoint, url: str, faults: Switches) -> None:
    import boto3
    from botocore.config import Config

    hasty = boto3.client(
        "sqs",
        endpoint_url=endpoint.origin,
        region_name="us-east-2",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="local-secret",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=0.3),
    )
    faults.hold({"kind": "slow", "action": "SendMessage", "seconds": 2})
    with pytest.raises(ReadTimeoutError):
        hasty.send_message(QueueUrl=url, MessageBody="kept")
    assert bodies(hasty, url) == ["kept"]
    hasty.close()


def test_counts_that_are_off(ours: SQSClient, url: str, faults: Switches) -> None:
    ours.send_message(QueueUrl=url, MessageBody="x")
    faults.hold({"kind": "miscounted", "off": 4}, {"kind": "miscounted", "off": -4})
    assert [count_of(ours, url) for _ in range(3)] == [5, 0, 1]


def test_a_message_that_is_delivered_twice(ours: SQSClient, url: str, faults: Switches) -> None:
    sent = ours.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
    faults.hold({"kind": "twice", "action": "ReceiveMessage"})
    for _ in range(2):
        found = ours.receive_message(QueueUrl=url, VisibilityTimeout=60)["Messages"]
        assert [message["MessageId"] for message in found] == [sent]
    assert "Messages" not in ours.receive_message(QueueUrl=url)


@pytest.mark.parametrize("batch", [False, True])
def test_a_delete_that_says_yes_and_deletes_nothing(ours: SQSClient, url: str, faults: Switches, batch: bool) -> None:
    ours.send_message(QueueUrl=url, MessageBody="x")
    handle = first_handle(ours, url, VisibilityTimeout=0)
    faults.hold({"kind": "no_effect"})
    if batch:
        answer = ours.delete_message_batch(QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle}])
        assert [one["Id"] for one in answer["Successful"]] == ["a"]
    else:
        ours.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert count_of(ours, url) == 1
    ours.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert count_of(ours, url) == 0


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (b"[{", "truncated"),
        (b'[{"kind": "melted"}]', "kind"),
        (b'[{"kind": "slow", "seconds": 1e9}]', "seconds"),
        (b'[{"kind": "slow", "times": -1}]', "times"),
        (b'[{"kind": "slow", "tmies": 1}]', "tmies"),
    ],
)
def test_a_wrong_order_is_refused_by_its_field(faults: Switches, order: bytes, said: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        faults.put(order)
    assert caught.value.code == 400
    assert said in json.load(caught.value)["message"]
    assert faults.held() == []


def test_only_programs_on_this_machine_may_switch(faults: Switches) -> None:
    for content_type, headers in (("text/plain", {}), ("application/json", {"Origin": "http://evil.example"})):
        with pytest.raises(urllib.error.HTTPError) as caught:
            faults.put(b'[{"kind": "slow"}]', content_type, **headers)
        caught.value.close()
    assert faults.held() == []
