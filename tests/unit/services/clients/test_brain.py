"""What Brain may answer, and what the console makes of it."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from services.clients.brain import BrainClient
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.domain.records import Customer

CUSTOMER = Customer(id="c", business_name="Harbor Bakery", category="bakery")
PLAN = {
    "plan": [{"action": "goto", "url": "http://a.localhost/add", "selector": None}],
    "constraints": {"rateLimitMs": 1500, "captcha": None},
    "idempotency_factors": {"name": "Harbor Bakery", "dir": "a.localhost"},
}


def brain(answer: httpx.Response | Exception) -> BrainClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = BrainClient("http://brain.example/")
    client._wire = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return client


def test_a_plan_is_read_with_its_nulls() -> None:
    plan = asyncio.run(brain(httpx.Response(200, json=PLAN)).plan("a.localhost", CUSTOMER))
    assert plan.plan[0].action == "goto"
    assert plan.constraints.rate_limit_ms == 1500
    assert plan.idempotency_factors["dir"] == "a.localhost"


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (httpx.Response(401, json={"detail": "no"}), NotPermitted, "no"),
        (httpx.Response(404, json={"detail": "No directory has the host x."}), Refused, "No directory"),
        (httpx.Response(422, json={"detail": [{"loc": []}]}), Refused, "422"),
        (httpx.Response(503, text="<html>"), NotReachable, "503"),
        (httpx.Response(200, text="<html>"), Refused, "can't be read"),
        (httpx.ConnectError("refused"), NotReachable, "does not answer"),
        (httpx.ReadTimeout("late"), NotReachable, "in time"),
    ],
)
def test_errors(answer: httpx.Response | Exception, expected: type[ConsoleError], words: str) -> None:
    with pytest.raises(expected, match=words):
        asyncio.run(brain(answer).plan("a.localhost", CUSTOMER))


def test_health_reads_the_body_and_an_old_one_is_up() -> None:
    degraded = asyncio.run(brain(httpx.Response(200, json={"status": "degraded"})).health())
    assert degraded["status"] == "degraded"
    assert degraded["latency_ms"] >= 0
    assert asyncio.run(brain(httpx.Response(404)).health())["note"] == "up, but old"


def test_no_address_says_so() -> None:
    with pytest.raises(NotInstalled):
        asyncio.run(BrainClient("").health())
