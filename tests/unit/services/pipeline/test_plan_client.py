"""The flow's side of `/plan`: what may be asked again, and what may not."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest

from services.domain.errors import NotReachable, Refused
from services.domain.records import Customer
from services.pipeline.plan_client import PlanClient, business_of
from services.pipeline.planner import Business

SHOP = Customer(id="1", business_name="Blue Door Bakery", phone="555-0123", category="Bakery")
PLAN = (
    '{"plan":[{"action":"click","selector":"#s","url":null}],"constraints":{"rateLimitMs":7},"idempotency_factors":{}}'
)


def ask(status: int, body: str) -> int:
    async def main() -> int:
        client = PlanClient("http://brain.example")
        await client.close()
        client._client = httpx.AsyncClient(
            base_url="http://brain.example", transport=httpx.MockTransport(lambda _: httpx.Response(status, text=body))
        )
        try:
            return (await client.plan("m.localhost", SHOP)).constraints.rate_limit_ms
        finally:
            await client.close()

    return asyncio.run(main())


def test_a_plan() -> None:
    assert ask(200, PLAN) == 7


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_busy_brain_may_be_asked_again(status: int) -> None:
    with pytest.raises(NotReachable, match=str(status)):
        ask(status, "<html>")


def test_a_refusal_says_why() -> None:
    with pytest.raises(Refused, match="No directory has the host"):
        ask(404, '{"detail": "No directory has the host m.localhost."}')


def test_a_plan_that_is_none() -> None:
    with pytest.raises(ValueError, match="plan"):
        ask(200, '{"steps": []}')


def test_brain_understands_what_the_flow_sends() -> None:
    business = msgspec.convert(business_of(SHOP), Business)
    assert business == Business("Blue Door Bakery", phone="555-0123", categories=["Bakery"])
