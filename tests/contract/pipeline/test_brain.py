"""Brain's three calls over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.domain.plans import decode_plan
from services.local.postgres import free_port
from services.pipeline.brain import build_app, serve
from services.pipeline.database import Pool, open_pool
from services.pipeline.sqs import open_client
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.leaks.logs import Logged

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

JOB = {"job_id": "21111111-1111-1111-1111-111111111111", "customer_id": "c-1", "package_size": 50, "priority": 1}
TOKEN = {"Authorization": "Bearer right-token"}


@contextmanager
def running(settings: Settings, pool: Pool, client: SQSClient | None) -> Iterator[httpx.Client]:
    port, stop = free_port(), threading.Event()
    thread = threading.Thread(target=serve, args=(build_app(settings, pool, client), port, stop))
    thread.start()
    retries = httpx.HTTPTransport(retries=8)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=retries, timeout=20) as http:
        try:
            yield http
        finally:
            stop.set()
            thread.join(10)


@pytest.fixture
def brain(settings: Settings, pool: Pool, queue: SQSClient) -> Iterator[httpx.Client]:
    with running(settings, pool, queue) as http:
        yield http


def test_health(brain: httpx.Client) -> None:
    assert brain.get("/health").json() == {"status": "healthy", "service": "brain", "database": "ok", "queue": "ok"}


def test_health_answers_200_when_things_are_away(
    settings_for: Callable[..., Settings], pool: Pool, logged: Logged
) -> None:
    settings = settings_for(queue_url="http://127.0.0.1:9/000000000000/none", aws_region="us-east-2")
    client = open_client(settings, answer_seconds=1)
    with running(settings, pool, client) as http:
        answer = http.get("/health")
    client.close()
    assert (answer.status_code, answer.json()["status"], answer.json()["queue"]) == (200, "degraded", "not reachable")
    away = open_pool("postgresql://postgres@127.0.0.1:9/none", size=1)
    try:
        with running(settings, away, None) as http:
            answer = http.get("/health")
    finally:
        away.close()
    assert (answer.status_code, answer.json()["status"], answer.json()["queue"]) == (200, "unhealthy", "not configured")
    assert logged.take_every("psycopg.pool", "Connection refused")


@pytest.mark.parametrize(
    "directory", ["mapnook.localhost", "MapNook.localhost:8080", "http://mapnook.localhost:80/add"]
)
def test_plan(brain: httpx.Client, records: Records, directory: str) -> None:
    records.job(["mapnook.localhost"])
    answer = brain.post(
        "/plan",
        json={"directory": directory, "business": {"name": "Blue Door", "phone": "555-0123"}, "hints": {"x": 1}},
    )
    assert answer.status_code == 200
    first = answer.json()["plan"][0]
    assert first == {"action": "goto", "url": "http://mapnook.localhost/add"} | dict.fromkeys(
        ("selector", "value", "until", "seconds")
    )
    assert answer.json()["constraints"] == {"rateLimitMs": 0, "captcha": False}
    assert answer.json()["idempotency_factors"] == {"name": "Blue Door", "dir": "mapnook.localhost"}
    assert [step.action for step in decode_plan(answer.content).plan] == ["goto", "fill", "fill", "click", "wait"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ('{"directory": "nowhere.localhost", "business": {"name": "B"}}', 404, "nowhere.localhost"),
        ('{"directory": "x.localhost"}', 422, "business"),
        ('{"directory": "", "business": {"name": "B"}}', 422, "directory"),
        ('{"directory": "\\u0000", "business": {"name": "B"}}', 422, "directory"),
        ("not json", 400, "JSON"),
        ('{"x": ' + "[" * 100_000, 400, "JSON"),
    ],
)
def test_plan_refuses(brain: httpx.Client, records: Records, body: str, status: int, words: str) -> None:
    answer = brain.post("/plan", content=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


@pytest.mark.parametrize("header", [TOKEN, {"X-Staff-Key": "right-token"}, {"X-Admin-Key": "right-token"}])
@pytest.mark.parametrize(("given", "sent"), [(1, "enterprise"), (2, "pro"), (9, "starter"), ("pro", "pro")])
def test_enqueue(
    brain: httpx.Client, queue: SQSClient, settings: Settings, header: dict[str, str], given: Any, sent: str
) -> None:
    answer = brain.post(
        "/api/jobs/enqueue", json={**JOB, "priority": given, "metadata": {"by": "test"}}, headers=header
    )
    received = queue.receive_message(QueueUrl=settings.queue_url, MessageAttributeNames=["All"])["Messages"][0]
    assert answer.status_code == 200
    assert answer.json() == {
        "job_id": JOB["job_id"],
        "message_id": received["MessageId"],
        "queue_provider": "sqs",
        "queue_url": settings.queue_url,
        "status": "queued",
    }
    body = json.loads(received["Body"])
    assert (body["priority"], body["package_size"], body["metadata"]) == (sent, 50, {"by": "test"})
    assert received["MessageAttributes"]["priority"]["StringValue"] == sent


@pytest.mark.parametrize(
    ("header", "body", "status"),
    [
        ({}, JOB, 401),
        ({"Authorization": "Bearer wrong"}, JOB, 401),
        ({"Authorization": "Basic right-token"}, JOB, 401),
        ({"X-Staff-Key": "rïght".encode()}, JOB, 401),
        (TOKEN, {**JOB, "priority": "urgent"}, 422),
        (TOKEN, {**JOB, "package_size": 0}, 422),
        (TOKEN, {"job_id": "1"}, 422),
        (TOKEN, [1], 422),
    ],
)
def test_enqueue_refuses(
    brain: httpx.Client, queue: SQSClient, settings: Settings, header: Any, body: Any, status: int
) -> None:
    assert brain.post("/api/jobs/enqueue", json=body, headers=header).status_code == status
    assert "Messages" not in queue.receive_message(QueueUrl=settings.queue_url)


def test_enqueue_without_a_queue(
    settings: Settings, settings_for: Callable[..., Settings], pool: Pool, logged: Logged
) -> None:
    def status(app_settings: Settings, client: SQSClient | None) -> int:
        with running(app_settings, pool, client) as http:
            return http.post("/api/jobs/enqueue", json=JOB, headers=TOKEN).status_code

    assert status(settings, None) == 503
    assert status(settings_for(brain_token=""), None) == 503
    away = settings_for(queue_url="http://127.0.0.1:9/000000000000/none")
    client = open_client(away, answer_seconds=1)
    assert status(away, client) == 502
    client.close()
    logged.take("services.pipeline.brain", "Sending failed")
