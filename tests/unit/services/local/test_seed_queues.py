"""The queues of a fresh stack, on moto as the oracle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from services.local.seed_queues import Letter, SqsAccess, bury, create_queues, open_sqs


@pytest.fixture(scope="module")
def access() -> Iterator[SqsAccess]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield SqsAccess(f"http://{host}:{port}", "LOCALTEST", "secret", "us-east-2")
    server.stop()


def test_buried_letters_are_among_the_dead_with_their_attributes(access: SqsAccess) -> None:
    client = open_sqs(access)
    main, dead = create_queues(client)
    bury(client, main, [Letter('{"job_id": "1"}', {"job_id": "1"}), Letter("no json", {"job_id": "2"})])
    found = client.receive_message(QueueUrl=dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert {(one["Body"], one["MessageAttributes"]["job_id"]["StringValue"]) for one in found} == {
        ('{"job_id": "1"}', "1"),
        ("no json", "2"),
    }
    assert "Messages" not in client.receive_message(QueueUrl=main)
    client.close()


def test_queues_that_exist_are_left_as_somebody_set_them(access: SqsAccess) -> None:
    client = open_sqs(access)
    main, dead = create_queues(client)
    client.set_queue_attributes(QueueUrl=main, Attributes={"VisibilityTimeout": "77"})
    assert create_queues(client) == (main, dead)
    kept = client.get_queue_attributes(QueueUrl=main, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert kept["VisibilityTimeout"] == "77"
    client.close()
