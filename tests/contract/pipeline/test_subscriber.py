"""The subscriber claims, triggers once, deletes; what can't be started stays."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import psycopg
import pytest

from services.pipeline.database import Pool, open_pool
from services.pipeline.sqs import open_client
from services.pipeline.subscriber import Subscriber
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.leaks.logs import Logged

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


def figures(queue: SQSClient, url: str) -> tuple[int, int]:
    """Visible, in flight."""
    found = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"])


def test_triggers_and_deletes(
    settings: Settings, pool: Pool, queue: SQSClient, records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    job = records.job(["a.localhost"])
    body = {"job_id": job, "priority": 2, "package_size": "starter", "created_at": None, "extra": [1]}
    message_id = queue.send_message(QueueUrl=settings.queue_url, MessageBody=json.dumps(body))["MessageId"]
    with caplog.at_level(logging.INFO):
        assert Subscriber(pool, queue, settings).take_once() == 1
    [(run_id, key, deployment, parameters, state)] = records.ask(
        "select id::text, idempotency_key, deployment, parameters, state from flow_runs"
    )
    assert (key, deployment, state) == (message_id, "process_job/production", "scheduled")
    assert (parameters["job_id"], parameters["priority"], parameters["package_size"]) == (job, "pro", 50)
    assert records.events(job) == ["queue_claimed", "flow_triggered"]
    assert records.details(job, "queue_claimed") == [{"message_id": message_id}]
    assert records.details(job, "flow_triggered") == [{"flow_run_id": run_id}]
    assert figures(queue, settings.queue_url) == (0, 0)
    assert [record.getMessage() for record in caplog.records if record.name == "services.pipeline.subscriber"] == [
        "Received 1 messages",
        f"Processing message for job {job}",
        f"Triggered Prefect flow for job {job}",
        "Message deleted from queue",
    ]


def test_a_message_delivered_again_triggers_once(
    settings_for: Callable[..., Settings], settings: Settings, pool: Pool, queue: SQSClient, records: Records
) -> None:
    class KeepsMessages:
        """A queue whose delete got lost: it delivers every message again."""

        def receive_message(self, **arguments: object) -> object:
            return queue.receive_message(**{**arguments, "VisibilityTimeout": 0})  # type: ignore[arg-type]

        def delete_message(self, **arguments: object) -> None:
            return None

    job = records.job(["a.localhost"])
    queue.send_message(QueueUrl=settings.queue_url, MessageBody=json.dumps({"job_id": job}))
    subscriber = Subscriber(pool, KeepsMessages(), settings)  # type: ignore[arg-type]
    assert [subscriber.take_once() for _ in range(3)] == [1, 1, 1]
    assert records.events(job) == ["queue_claimed", "flow_triggered"]
    assert records.ask("select count(*)::int from flow_runs") == [(1,)]


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "[]",
        '{"customer_id": "x"}',
        '{"job_id": "no-uuid"}',
        '{"job_id": "NONE"}',
    ],
)
def test_what_cannot_be_started_stays(
    settings: Settings, pool: Pool, queue: SQSClient, records: Records, body: str, logged: Logged
) -> None:
    text = body.replace("NEW", records.job(["a.localhost"])).replace("NONE", str(uuid.uuid4()))
    queue.send_message(QueueUrl=settings.queue_url, MessageBody=text)
    assert Subscriber(pool, queue, settings).take_once() == 0
    assert figures(queue, settings.queue_url) == (0, 1)
    assert records.ask("select count(*)::int from flow_runs") == [(0,)]
    logged.take("Message left in queue")


def test_claimed_stays_as_evidence_when_triggering_fails(
    settings: Settings, pool: Pool, queue: SQSClient, records: Records
) -> None:
    job = records.job(["a.localhost"])
    queue.send_message(QueueUrl=settings.queue_url, MessageBody=json.dumps({"job_id": job}))
    records.ask("alter table flow_runs rename to flow_runs_away")
    try:
        with pytest.raises(psycopg.errors.UndefinedTable):
            Subscriber(pool, queue, settings).take_once()
    finally:
        records.ask("alter table flow_runs_away rename to flow_runs")
    assert records.events(job) == ["queue_claimed"]
    assert figures(queue, settings.queue_url) == (0, 1)


def test_a_database_that_is_away_costs_no_message(
    settings: Settings, queue: SQSClient, records: Records, logged: Logged
) -> None:
    queue.send_message(QueueUrl=settings.queue_url, MessageBody=json.dumps({"job_id": records.job([])}))
    away = open_pool("postgresql://postgres@127.0.0.1:9/none", size=1)
    away.timeout = 0.2
    subscriber = Subscriber(away, queue, settings)
    try:
        for _ in range(4):
            with pytest.raises(psycopg.OperationalError) as failure:
                subscriber.take_once()
            subscriber._failed(failure.value)
    finally:
        away.close()
    assert figures(queue, settings.queue_url) == (1, 0)
    [message] = queue.receive_message(QueueUrl=settings.queue_url, AttributeNames=["ApproximateReceiveCount"])[
        "Messages"
    ]
    assert message["Attributes"]["ApproximateReceiveCount"] == "2", "taken once for nothing, then not again"
    assert len(logged.take_every("Subscriber error")) == 4
    assert logged.take_every("psycopg.pool", "Connection refused")


def test_stops_taking_after_errors_in_a_row_and_says_so(
    settings_for: Callable[..., Settings], pool: Pool, logged: Logged
) -> None:
    class Stop:
        """Set after as many waits as the breaker needs to open and probe twice."""

        def __init__(self) -> None:
            self.waits: list[float] = []

        def is_set(self) -> bool:
            return len(self.waits) >= 12

        def wait(self, seconds: float) -> None:
            self.waits.append(seconds)

    settings = settings_for(queue_url="http://127.0.0.1:9/000000000000/none")
    client = open_client(settings, answer_seconds=1)
    stop = Stop()
    Subscriber(pool, client, settings).run(stop)  # type: ignore[arg-type]
    client.close()
    assert stop.waits[-3:] == [60.0, 120.0, 240.0]
    assert max(stop.waits[:9]) <= 15
    said = logged.take("Subscriber stopped taking messages")
    assert (said.levelname, said.errors) == ("ERROR", 10)  # type: ignore[attr-defined]
    assert len(logged.take_every("Subscriber stopped taking messages")) == 2
    assert logged.take_every("Subscriber error")
