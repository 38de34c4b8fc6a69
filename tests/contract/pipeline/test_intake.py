"""The outbox relay sends each row, stamps it, and outlives a queue that is away."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from services.pipeline import intake
from services.pipeline.database import Pool
from services.pipeline.intake import Relay
from services.pipeline.sqs import open_client, send_body
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.leaks.logs import Logged

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


def test_sends_oldest_first_and_stamps(settings: Settings, pool: Pool, queue: SQSClient, records: Records) -> None:
    jobs = [records.job(["a.localhost"], package="enterprise") for _ in range(3)]
    for job in jobs:
        records.ask("select private.queue_job(%s, 'intake')", job)
    assert Relay(pool, queue, settings).send_waiting() == 3
    stamped = records.ask("select job_id::text, message_id, sent_at is not null from outbox order by id")
    received = {}
    while found := queue.receive_message(
        QueueUrl=settings.queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        received.update({message["MessageId"]: message for message in found})
    assert [job for job, _, _ in stamped] == jobs
    assert {message_id for _, message_id, _ in stamped} == set(received)
    for job, message_id, sent in stamped:
        message = received[message_id]
        assert sent
        assert json.loads(message["Body"])["job_id"] == job
        assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
            "job_id": job, "customer_id": json.loads(message["Body"])["customer_id"], "priority": "enterprise",
        }  # fmt: skip
    assert Relay(pool, queue, settings).send_waiting() == 0


def test_a_queue_that_is_away_loses_nothing(
    settings: Settings,
    settings_for: Callable[..., Settings],
    pool: Pool,
    queue: SQSClient,
    records: Records,
    logged: Logged,
) -> None:
    job = records.job(["a.localhost"])
    records.ask("select private.queue_job(%s, 'intake')", job)
    away = settings_for(queue_url="http://127.0.0.1:9/000000000000/none", relay_poll_seconds=60)
    client = open_client(away, answer_seconds=1)
    relay = Relay(pool, client, away)
    assert relay.send_waiting() == 0
    assert relay.send_waiting() == 0, "held back until its pause is over"
    client.close()
    [(attempts, error, sent)] = records.ask("select attempts, last_error, sent_at from outbox")
    assert attempts == 1
    assert "127.0.0.1:9" in error
    assert sent is None
    assert Relay(pool, queue, settings).send_waiting() == 1
    assert records.ask("select last_error from outbox") == [(None,)]
    logged.take("services.pipeline.intake", "Sending failed")


def test_a_kill_between_send_and_stamp_sends_again(
    settings: Settings, pool: Pool, queue: SQSClient, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed_after_sending(*arguments: object) -> str:
        send_body(*arguments)  # type: ignore[arg-type]
        raise Killed

    records.ask("select private.queue_job(%s, 'intake')", records.job(["a.localhost"]))
    monkeypatch.setattr(intake, "send_body", killed_after_sending)
    with pytest.raises(Killed):
        Relay(pool, queue, settings).send_waiting()
    monkeypatch.undo()
    assert Relay(pool, queue, settings).send_waiting() == 1


def test_two_relays_send_each_row_once(settings: Settings, pool: Pool, queue: SQSClient, records: Records) -> None:
    for _ in range(20):
        records.ask("select private.queue_job(%s, 'intake')", records.job([]))
    threads = [threading.Thread(target=Relay(pool, queue, settings).send_waiting) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got: list[str] = []
    while found := queue.receive_message(QueueUrl=settings.queue_url, MaxNumberOfMessages=10).get("Messages"):
        got += [message["MessageId"] for message in found]
    assert sorted(got) == sorted(row[0] for row in records.ask("select message_id from outbox"))
    assert len(set(got)) == 20
