"""Asks Brain for a plan."""

from __future__ import annotations

import httpx

from services.domain.errors import NotReachable, Refused
from services.domain.plans import Plan, decode_plan
from services.domain.records import Customer
from services.domain.text import one_line


class PlanClient:
    """`POST /plan` of the Brain at `base`; the limit covers the minute that a host may take to wake it."""

    def __init__(self, base: str, *, limit_seconds: float = 75.0) -> None:
        self._client = httpx.AsyncClient(
            base_url=base, timeout=httpx.Timeout(limit_seconds, connect=5.0), trust_env=False
        )

    async def plan(self, directory: str, customer: Customer) -> Plan:
        """The plan for a host. NotReachable may be asked again; Refused and ValueError stay as they are."""
        try:
            answer = await self._client.post(
                "/plan", json={"directory": directory, "business": business_of(customer), "hints": {}}
            )
        except httpx.HTTPError as error:
            raise NotReachable(f"Brain did not answer: {one_line(error) or type(error).__name__}") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise NotReachable(f"Brain answered {answer.status_code}: {_detail(answer)}")
        if answer.status_code != 200:
            raise Refused(f"Brain answered {answer.status_code}: {_detail(answer)}")
        return decode_plan(answer.content)

    async def close(self) -> None:
        """End the connections."""
        await self._client.aclose()


def business_of(customer: Customer) -> dict[str, object]:
    """The business of a customer as `/plan` wants it; "" is null."""
    names = ("phone", "address", "city", "state", "zip", "country", "website", "email", "description")
    return {
        "name": customer.business_name,
        **{name: getattr(customer, name) or None for name in names},
        "categories": [customer.category] if customer.category else [],
    }


def _detail(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return one_line(answer.text, 200)
    return one_line(body.get("detail", body) if isinstance(body, dict) else body, 200)
