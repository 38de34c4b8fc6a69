"""What SQS does and moto does not: asserted of our endpoint alone."""

from __future__ import annotations

import base64
import http.client
import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from botocore.exceptions import ClientError

from services.local.queue.md5 import md5_of_attributes
from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.sequences import ATTRIBUTES

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


@pytest.fixture
def url(ours: SQSClient, new_name: Callable[[], str]) -> str:
    return ours.create_queue(QueueName=new_name())["QueueUrl"]


def refusal(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return dict(caught.value.response["Error"])


def first_handle(client: SQSClient, url: str, **arguments: Any) -> str:
    return client.receive_message(QueueUrl=url, **arguments)["Messages"][0]["ReceiptHandle"]


def count_of(client: SQSClient, url: str, name: str = "") -> int:
    full = f"ApproximateNumberOfMessages{name}"
    return int(client.get_queue_attributes(QueueUrl=url, AttributeNames=[full])["Attributes"][full])  # type: ignore[list-item, index]


def with_dead_letters(client: SQSClient, name: str, most: int) -> tuple[str, str]:
    dead = client.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-2:000000000000:{name}-dlq", "maxReceiveCount": str(most)}
    url = client.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)})["QueueUrl"]
    return url, dead


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


def test_only_the_newest_handle_deletes(ours: SQSClient, url: str) -> None:
    ours.send_message(QueueUrl=url, MessageBody="x")
    stale = first_handle(ours, url, VisibilityTimeout=0)
    newest = first_handle(ours, url, VisibilityTimeout=0)
    ours.delete_message(QueueUrl=url, ReceiptHandle=stale)
    assert count_of(ours, url) == 1
    ours.delete_message(QueueUrl=url, ReceiptHandle=newest)
    assert count_of(ours, url) == 0
    ours.delete_message(QueueUrl=url, ReceiptHandle=newest)


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


def test_a_dead_letter_says_where_it_came_from(ours: SQSClient, new_name: Callable[[], str]) -> None:
    name = new_name()
    url, dead = with_dead_letters(ours, name, 2)
    trace: Any = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}}
    attributes: Any = ATTRIBUTES
    sent = ours.send_message(
        QueueUrl=url, MessageBody="poison", MessageAttributes=attributes, MessageSystemAttributes=trace
    )
    seen = [ours.receive_message(QueueUrl=url, VisibilityTimeout=0, AttributeNames=["All"]) for _ in range(3)]
    assert [len(answer.get("Messages", [])) for answer in seen] == [1, 1, 0]
    original = seen[0]["Messages"][0]
    (letter,) = ours.receive_message(QueueUrl=dead, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
    assert (letter["MessageId"], letter["Body"]) == (sent["MessageId"], "poison")
    assert letter["MessageAttributes"] == ATTRIBUTES
    assert letter["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert letter["Attributes"]["SentTimestamp"] == original["Attributes"]["SentTimestamp"]
    assert letter["Attributes"]["AWSTraceHeader"] == "Root=1-2-3"
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == f"arn:aws:sqs:us-east-2:000000000000:{name}"
    assert "DeadLetterQueueSourceArn" not in original["Attributes"]


def test_moving_wakes_who_waits_at_the_dead_letter_queue(
    ours: SQSClient, endpoint: Endpoint, new_name: Callable[[], str]
) -> None:
    url, dead = with_dead_letters(ours, new_name(), 1)
    ours.send_message(QueueUrl=url, MessageBody="x")
    first_handle(ours, url, VisibilityTimeout=0)
    answer, took = while_waiting(endpoint, dead, lambda: ours.receive_message(QueueUrl=url))
    assert len(answer["Messages"]) == 1
    assert took < 0.5


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
    assert sent["MD5OfMessageSystemAttributes"] == md5_of_attributes(trace)
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


def while_waiting(endpoint: Endpoint, url: str, act: Callable[[], object]) -> tuple[Any, float]:
    """The answer of a long poll that is under way when `act` is called, with the seconds from there."""
    client = client_for(endpoint.origin)
    answers: list[Any] = []
    waiter = threading.Thread(target=lambda: answers.append(client.receive_message(QueueUrl=url, WaitTimeSeconds=10)))
    waiter.start()
    waiter.join(0.3)
    assert waiter.is_alive()
    began = time.monotonic()
    act()
    waiter.join(15)
    client.close()
    return answers[0], time.monotonic() - began


def test_a_new_message_wakes_who_waits(ours: SQSClient, url: str, endpoint: Endpoint) -> None:
    answer, took = while_waiting(endpoint, url, lambda: ours.send_message(QueueUrl=url, MessageBody="now"))
    assert answer["Messages"][0]["Body"] == "now"
    assert took < 0.5


def test_a_message_given_back_wakes_who_waits(ours: SQSClient, url: str, endpoint: Endpoint) -> None:
    ours.send_message(QueueUrl=url, MessageBody="x")
    handle = first_handle(ours, url)
    _, took = while_waiting(
        endpoint,
        url,
        lambda: ours.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0),
    )
    assert took < 0.5


def test_who_hung_up_gets_no_message(ours: SQSClient, url: str, endpoint: Endpoint) -> None:
    impatient = client_for(endpoint.origin)
    impatient.meta.events.register("before-send.sqs.ReceiveMessage", _hang_up_after(endpoint, 0.3))
    with pytest.raises(TimeoutError):
        impatient.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    impatient.close()
    ours.send_message(QueueUrl=url, MessageBody="for somebody who is there")
    assert ours.receive_message(QueueUrl=url, WaitTimeSeconds=3)["Messages"]


def _hang_up_after(endpoint: Endpoint, seconds: float) -> Callable[..., None]:
    """Sends the request by hand, then closes the connection without reading the answer."""

    def send(request: Any, **_: Any) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=seconds)
        try:
            connection.request("POST", "/", body=request.body, headers=dict(request.headers.items()))
            connection.getresponse()
        finally:
            connection.close()

    return send


def test_messages_older_than_the_retention_are_gone(ours: SQSClient, url: str, database_url: str) -> None:
    ours.send_message(QueueUrl=url, MessageBody="old")
    ours.send_message(QueueUrl=url, MessageBody="fresh")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "update sqs.messages set sent_at = sent_at - interval '4 days' where queue = %s and body = 'old'",
            (url.rsplit("/", 1)[1],),
        )
    assert count_of(ours, url) == 1
    bodies = [m["Body"] for m in ours.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert bodies == ["fresh"]
    with psycopg.connect(database_url) as connection:
        left = connection.execute("select body from sqs.messages where queue = %s", (url.rsplit("/", 1)[1],)).fetchall()
    assert left == [("fresh",)]


def test_everything_is_there_after_a_restart(database_url: str, new_name: Callable[[], str]) -> None:
    endpoint = Endpoint(database_url)
    endpoint.start()
    client = client_for(endpoint.origin)
    url = client.create_queue(QueueName=new_name(), Attributes={"VisibilityTimeout": "77"})["QueueUrl"]
    attributes: Any = ATTRIBUTES
    client.send_message(QueueUrl=url, MessageBody="kept", MessageAttributes=attributes)
    client.send_message(QueueUrl=url, MessageBody="in flight")
    handles = {
        message["Body"]: message["ReceiptHandle"]
        for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)["Messages"]
    }
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=handles["kept"], VisibilityTimeout=0)
    endpoint.stop()
    endpoint.start()
    assert client_attributes(client, url)["VisibilityTimeout"] == "77"
    (message,) = client.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("kept", ATTRIBUTES)
    client.delete_message(QueueUrl=url, ReceiptHandle=handles["in flight"])
    assert count_of(client, url, "NotVisible") == 1
    client.close()
    endpoint.stop()


def client_attributes(client: SQSClient, url: str) -> dict[Any, str]:
    return dict(client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])


def test_stopping_sends_waiters_home(database_url: str, new_name: Callable[[], str]) -> None:
    endpoint = Endpoint(database_url)
    endpoint.start()
    client = client_for(endpoint.origin)
    url = client.create_queue(QueueName=new_name())["QueueUrl"]
    answer, took = while_waiting(endpoint, url, endpoint.stop)
    assert "Messages" not in answer
    assert took < 3
    client.close()


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


def test_two_receivers_never_share_a_message(ours: SQSClient, url: str, endpoint: Endpoint) -> None:
    send_hundred(ours, url)
    bodies: list[str] = []

    def take_all() -> None:
        client = client_for(endpoint.origin)
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=3).get("Messages"):
            bodies.extend(message["Body"] for message in messages)
        client.close()

    in_threads(4, take_all)
    assert sorted(bodies, key=int) == [str(n) for n in range(100)]


def test_racing_receivers_move_each_message_once(
    ours: SQSClient, endpoint: Endpoint, new_name: Callable[[], str]
) -> None:
    url, dead = with_dead_letters(ours, new_name(), 3)
    ids = send_hundred(ours, url)
    receives: list[str] = []

    def fail_all() -> None:
        client = client_for(endpoint.origin)
        while count_of(client, url):
            answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            receives.extend(message["MessageId"] for message in answer.get("Messages", []))
        client.close()

    in_threads(4, fail_all)
    assert {message_id: receives.count(message_id) for message_id in ids} == dict.fromkeys(ids, 3)
    assert count_of(ours, dead) == 100
    letters: list[str] = []
    while messages := ours.receive_message(QueueUrl=dead, MaxNumberOfMessages=10).get("Messages"):
        letters.extend(message["MessageId"] for message in messages)
    assert sorted(letters) == sorted(ids)
