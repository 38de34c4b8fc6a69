"""Long polls end as soon as there is something to get, or nobody to get it."""

from __future__ import annotations

import functools
import http.client
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from services.local.queue import receive_actions
from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.helpers import (
    first_handle,
    while_waiting,
    with_dead_letters,
)

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


@pytest.fixture
def no_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the regular look at the tables, only the bell or the clock can wake in time."""
    monkeypatch.setattr(receive_actions, "_LOOK_EVERY", 60.0)


@pytest.mark.usefixtures("no_looking")
def test_moving_wakes_who_waits_at_the_dead_letter_queue(
    ours: SQSClient, endpoint: Endpoint, new_name: Callable[[], str]
) -> None:
    url, dead = with_dead_letters(ours, new_name(), 1)
    ours.send_message(QueueUrl=url, MessageBody="x")
    first_handle(ours, url, VisibilityTimeout=0)
    answer, took = while_waiting(endpoint, dead, lambda: ours.receive_message(QueueUrl=url))
    assert len(answer["Messages"]) == 1
    assert took < 15


@pytest.mark.usefixtures("no_looking")
def test_a_new_message_wakes_who_waits(ours: SQSClient, url: str, endpoint: Endpoint) -> None:
    answer, took = while_waiting(endpoint, url, lambda: ours.send_message(QueueUrl=url, MessageBody="now"))
    assert answer["Messages"][0]["Body"] == "now"
    assert took < 15


@pytest.mark.usefixtures("no_looking")
def test_a_message_given_back_wakes_who_waits(ours: SQSClient, url: str, endpoint: Endpoint) -> None:
    ours.send_message(QueueUrl=url, MessageBody="x")
    handle = first_handle(ours, url)
    _, took = while_waiting(
        endpoint,
        url,
        lambda: ours.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0),
    )
    assert took < 15


@pytest.mark.usefixtures("no_looking")
@pytest.mark.parametrize("how", ["delayed", "hidden"])
def test_a_message_that_comes_due_wakes_who_waits(ours: SQSClient, url: str, endpoint: Endpoint, how: str) -> None:
    if how == "hidden":
        ours.send_message(QueueUrl=url, MessageBody="x")
        first_handle(ours, url, VisibilityTimeout=2)
        answer, took = while_waiting(endpoint, url, lambda: None)
    else:
        send = functools.partial(ours.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=1)
        answer, took = while_waiting(endpoint, url, send)
    assert len(answer["Messages"]) == 1
    assert took < 15


def test_a_row_written_by_others_is_found(ours: SQSClient, url: str, endpoint: Endpoint, database_url: str) -> None:
    def write() -> None:
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "insert into sqs.messages (queue, body, attributes) values (%s, 'x', %s)",
                (url.rsplit("/", 1)[1], json.dumps({"message": {}, "system": {}})),
            )

    answer, took = while_waiting(endpoint, url, write)
    assert answer["Messages"][0]["Body"] == "x"
    assert took < 15


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


def test_stopping_sends_waiters_home(database_url: str, new_name: Callable[[], str]) -> None:
    endpoint = Endpoint(database_url)
    endpoint.start()
    client = client_for(endpoint.origin)
    url = client.create_queue(QueueName=new_name())["QueueUrl"]
    answer, took = while_waiting(endpoint, url, endpoint.stop)
    assert "Messages" not in answer
    assert took < 15
    client.close()
