"""What becomes of messages: held by one receiver, moved once, kept over restarts, expired."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg

from services.local.postgres import free_port
from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.helpers import (
    count_of,
    first_handle,
    in_threads,
    refusal,
    send_hundred,
    with_dead_letters,
)
from tests.contract.queue.sequences import ATTRIBUTES
from tests.leaks.logs import Logged

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


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


def test_only_the_newest_handle_deletes(ours: SQSClient, url: str) -> None:
    ours.send_message(QueueUrl=url, MessageBody="x")
    stale = first_handle(ours, url, VisibilityTimeout=0)
    newest = first_handle(ours, url, VisibilityTimeout=0)
    ours.delete_message(QueueUrl=url, ReceiptHandle=stale)
    assert count_of(ours, url) == 1
    ours.delete_message(QueueUrl=url, ReceiptHandle=newest)
    assert count_of(ours, url) == 0
    ours.delete_message(QueueUrl=url, ReceiptHandle=newest)


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


def test_what_expires_between_sweeps_is_not_received(ours: SQSClient, url: str, database_url: str) -> None:
    assert "Messages" not in ours.receive_message(QueueUrl=url)
    ours.send_message(QueueUrl=url, MessageBody="old")
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "update sqs.messages set sent_at = sent_at - interval '4 days' where queue = %s", (url.rsplit("/", 1)[1],)
        )
    assert "Messages" not in ours.receive_message(QueueUrl=url)


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


def test_lost_connections_to_the_database_are_replaced(
    database_url: str, url: str, endpoint: Endpoint, logged: Logged
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")
    # The first answers are 503, which boto3 tries again.
    client = client_for(endpoint.origin, attempts=10)
    assert client.send_message(QueueUrl=url, MessageBody="x")["MessageId"]
    assert count_of(client, url) == 1
    client.close()
    logged.take_every("psycopg.pool", "discarding closed connection")
    logged.take_every("The database does not answer")


def test_without_its_database_the_endpoint_says_so(logged: Logged) -> None:
    endpoint = Endpoint(f"postgresql://postgres:x@127.0.0.1:{free_port()}/nothing")
    endpoint.start()
    client = client_for(endpoint.origin)
    error = refusal(client.get_queue_url, QueueName="any")
    assert (error["Code"], error["Type"]) == ("ServiceUnavailable", "Receiver")
    client.close()
    endpoint.stop()
    logged.take("The database does not answer")
    assert logged.take_every("psycopg.pool", "Connection refused")
