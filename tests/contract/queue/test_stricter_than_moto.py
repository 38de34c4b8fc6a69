"""Rules of SQS that moto does not keep, asserted of our endpoint alone."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from services.domain.checksums import attributes_md5
from tests.contract.queue.conftest import Endpoint
from tests.contract.queue.helpers import (
    count_of,
    first_handle,
    refusal,
)

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


def test_an_error_has_both_of_its_names(ours: SQSClient, endpoint: Endpoint) -> None:
    error = refusal(ours.get_queue_url, QueueName="absent")
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert error["QueryErrorCode"] == "QueueDoesNotExist"
    assert error["Type"] == "Sender"
    assert error["Message"] == "The specified queue does not exist."
    with pytest.raises(ours.exceptions.QueueDoesNotExist):
        ours.send_message(QueueUrl=f"{endpoint.origin}/000000000000/absent", MessageBody="x")


def test_urls_and_arns_are_the_agreed_ones(ours: SQSClient, endpoint: Endpoint, new_name: Callable[[], str]) -> None:
    name = new_name()
    url = ours.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{endpoint.origin}/000000000000/{name}"
    attributes = ours.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["QueueArn"] == f"arn:aws:sqs:us-east-2:000000000000:{name}"
    assert attributes["MaximumMessageSize"] == "262144"
    assert abs(int(attributes["CreatedTimestamp"]) - time.time()) < 60


def test_a_url_of_an_earlier_port_is_still_good(ours: SQSClient, url: str, endpoint: Endpoint) -> None:
    elsewhere = url.replace(endpoint.origin, "http://127.0.0.1:1")
    assert ours.send_message(QueueUrl=elsewhere, MessageBody="x")["MessageId"]
    stranger = url.replace("000000000000", "111111111111")
    error = refusal(ours.send_message, QueueUrl=stranger, MessageBody="x")
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"


@pytest.mark.parametrize("body", ["nul \x00", "bell \x07", "escape \x1b", "\ufffe", "\ud800", "delta \x0b"])
def test_characters_that_xml_lacks_are_refused(ours: SQSClient, url: str, body: str) -> None:
    assert refusal(ours.send_message, QueueUrl=url, MessageBody=body)["Code"] == "InvalidMessageContents"
    attribute = {"a": {"DataType": "String", "StringValue": body}}
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="x", MessageAttributes=attribute)
    assert error["Code"] == "InvalidMessageContents"
    assert count_of(ours, url) == 0


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("a", {"DataType": "Number", "StringValue": "three"}),
        ("a", {"DataType": "Number", "StringValue": "NaN"}),
        ("a", {"DataType": "String", "StringValue": ""}),
        ("a", {"DataType": "String", "BinaryValue": b"x"}),
        ("a", {"DataType": "Binary", "BinaryValue": b""}),
        ("AWS.own", {"DataType": "String", "StringValue": "x"}),
        ("amazon.own", {"DataType": "String", "StringValue": "x"}),
        (".a", {"DataType": "String", "StringValue": "x"}),
        ("a..b", {"DataType": "String", "StringValue": "x"}),
        ("a" * 257, {"DataType": "String", "StringValue": "x"}),
    ],
)
def test_attributes_that_are_refused(ours: SQSClient, url: str, name: str, attribute: Any) -> None:
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="x", MessageAttributes={name: attribute})
    assert error["Code"] == "InvalidParameterValue"


def test_at_most_ten_attributes(ours: SQSClient, url: str) -> None:
    many: Any = {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)}
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="x", MessageAttributes=many)
    assert (error["Code"], "[11]" in error["Message"]) == ("InvalidParameterValue", True)
    del many["a10"]
    assert ours.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=many)["MessageId"]


def test_an_empty_body_is_a_missing_parameter(ours: SQSClient, url: str) -> None:
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="")
    assert error["Code"] == "MissingParameter"
    assert error["Message"] == "The request must contain the parameter MessageBody."


def test_size_counts_bytes_of_body_and_attributes(ours: SQSClient, url: str) -> None:
    ours.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    assert refusal(ours.send_message, QueueUrl=url, MessageBody="é" * 513)["Code"] == "InvalidParameterValue"
    attribute: Any = {"name": {"DataType": "String", "StringValue": "x" * 14}}  # 4 + 6 + 14 bytes
    assert ours.send_message(QueueUrl=url, MessageBody="x" * 1000, MessageAttributes=attribute)["MessageId"]
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="x" * 1001, MessageAttributes=attribute)
    assert error["Message"] == "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."


def test_a_batch_keeps_the_good_and_reports_the_bad(ours: SQSClient, url: str) -> None:
    entries: Any = [
        {"Id": "good", "MessageBody": "x"},
        {"Id": "contents", "MessageBody": "\x00"},
        {"Id": "large", "MessageBody": "x" * 262_145},
    ]
    answer = ours.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert {(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]} == {
        ("contents", "InvalidMessageContents", True),
        ("large", "InvalidParameterValue", True),
    }
    assert count_of(ours, url) == 1


def test_a_batch_has_a_size_of_its_own(ours: SQSClient, url: str) -> None:
    entries: Any = [{"Id": f"e{n}", "MessageBody": "x" * 262_144} for n in range(5)]
    error = refusal(ours.send_message_batch, QueueUrl=url, Entries=entries)
    assert error["Code"] == "AWS.SimpleQueueService.BatchRequestTooLong"
    assert count_of(ours, url) == 0


def test_a_handle_is_good_for_its_queue_only(ours: SQSClient, url: str, new_name: Callable[[], str]) -> None:
    other = ours.create_queue(QueueName=new_name())["QueueUrl"]
    ours.send_message(QueueUrl=url, MessageBody="x")
    handle = first_handle(ours, url)
    for strange in (handle[:-4], handle + "AAAA", "€", base64.b64encode(b"x" * 40).decode()):
        assert refusal(ours.delete_message, QueueUrl=url, ReceiptHandle=strange)["Code"] == "ReceiptHandleIsInvalid"
    assert refusal(ours.delete_message, QueueUrl=other, ReceiptHandle=handle)["Code"] == "ReceiptHandleIsInvalid"


def test_visibility_changes_only_in_flight(ours: SQSClient, url: str) -> None:
    ours.send_message(QueueUrl=url, MessageBody="x")
    stale = first_handle(ours, url, VisibilityTimeout=0)
    shown = first_handle(ours, url, VisibilityTimeout=0)
    change = ours.change_message_visibility
    error = refusal(change, QueueUrl=url, ReceiptHandle=shown, VisibilityTimeout=5)
    assert error["Code"] == "AWS.SimpleQueueService.MessageNotInflight"
    error = refusal(change, QueueUrl=url, ReceiptHandle=stale, VisibilityTimeout=5)
    assert (error["Code"], error["QueryErrorCode"]) == ("InvalidParameterValue", "InvalidParameterValueException")
    error = refusal(change, QueueUrl=url, ReceiptHandle=shown, VisibilityTimeout=43_201)
    assert error["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize(
    "policy",
    [
        "no json",
        "[]",
        '{"maxReceiveCount": 3}',
        '{"deadLetterTargetArn": "dummy", "maxReceiveCount": 3}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-2:000000000000:absent", "maxReceiveCount": 3}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-2:000000000000:absent", "maxReceiveCount": 0}',
        '{"deadLetterTargetArn": "arn:aws:sqs:us-east-2:000000000000:absent", "maxReceiveCount": true}',
    ],
)
def test_redrive_policies_that_are_refused(ours: SQSClient, url: str, policy: str) -> None:
    error = refusal(ours.set_queue_attributes, QueueUrl=url, Attributes={"RedrivePolicy": policy})
    assert error["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize("value", ["-1", "43201", "ten", "", "1.5", "９"])
def test_attribute_values_that_are_refused(ours: SQSClient, url: str, value: str) -> None:
    error = refusal(ours.set_queue_attributes, QueueUrl=url, Attributes={"VisibilityTimeout": value})
    assert error["Code"] == "InvalidAttributeValue"


def test_attributes_of_other_queues_are_unknown(ours: SQSClient, url: str) -> None:
    error = refusal(ours.set_queue_attributes, QueueUrl=url, Attributes={"FifoQueue": "true"})
    assert (error["Code"], error["Message"]) == ("InvalidAttributeName", "Unknown Attribute FifoQueue.")
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="x", MessageDeduplicationId="a")
    assert error["Code"] == "InvalidParameterValue"


def test_actions_that_are_not_offered_say_so(ours: SQSClient, url: str) -> None:
    assert refusal(ours.purge_queue, QueueUrl=url)["Code"] == "AWS.SimpleQueueService.UnsupportedOperation"


def test_the_trace_header_has_a_digest(ours: SQSClient, url: str) -> None:
    trace: Any = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}}
    sent = ours.send_message(QueueUrl=url, MessageBody="x", MessageSystemAttributes=trace)
    assert sent["MD5OfMessageSystemAttributes"] == attributes_md5(trace)
    other: Any = {"Other": {"DataType": "String", "StringValue": "x"}}
    error = refusal(ours.send_message, QueueUrl=url, MessageBody="x", MessageSystemAttributes=other)
    assert error["Code"] == "InvalidParameterValue"


def test_batch_entries_need_good_ids_to_delete(ours: SQSClient, url: str) -> None:
    strange: Any = [{"Id": "not good!", "ReceiptHandle": "x"}]
    error = refusal(ours.delete_message_batch, QueueUrl=url, Entries=strange)
    assert error["Code"] == "AWS.SimpleQueueService.InvalidBatchEntryId"
    same: Any = [{"Id": "a", "ReceiptHandle": "x"}, {"Id": "a", "ReceiptHandle": "y"}]
    error = refusal(ours.delete_message_batch, QueueUrl=url, Entries=same)
    assert error["Code"] == "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
