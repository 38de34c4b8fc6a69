"""Brain: asks for plans, and how it is."""

from __future__ import annotations

import time
from typing import Any, Final

import httpx

from services.domain.errors import NotInstalled, NotPermitted, NotReachable, Refused
from services.domain.plans import Plan, decode_plan
from services.domain.records import Customer

_TIMEOUT: Final = httpx.Timeout(70.0, connect=5.0)
"""A host that let Brain sleep may need a minute to wake it."""
_HEALTH_TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)


class BrainClient:
    """`services.ports.Planner`. `base` is Brain's address without /plan."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._wire = httpx.AsyncClient(timeout=_TIMEOUT)

    async def plan(self, directory: str, customer: Customer) -> Plan:
        """See the port."""
        business = {
            "name": customer.business_name,
            "phone": customer.phone,
            "address": customer.address,
            "city": customer.city,
            "state": customer.state,
            "zip": customer.zip,
            "country": customer.country,
            "website": customer.website,
            "email": customer.email,
            "description": customer.description,
            "categories": [customer.category] if customer.category else [],
        }
        answer = await self._ask("POST", "/plan", json={"directory": directory, "business": business, "hints": {}})
        _raise_for(answer)
        try:
            return decode_plan(answer.content)
        except ValueError as error:
            raise Refused(str(error), raw=answer.text[:2000]) from error

    async def health(self) -> dict[str, Any]:
        """See the port. A 404 means that it is up, but too old to say how it is."""
        began = time.monotonic()
        answer = await self._ask("GET", "/health", timeout=_HEALTH_TIMEOUT)
        latency = round((time.monotonic() - began) * 1000)
        if answer.status_code == 404:
            return {"status": "healthy", "service": "brain", "note": "up, but old", "latency_ms": latency}
        _raise_for(answer)
        try:
            body = answer.json()
        except ValueError as error:
            raise Refused("Brain's health answer is not JSON.", raw=answer.text[:2000]) from error
        return {**(body if isinstance(body, dict) else {}), "latency_ms": latency}

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        if not self._base:
            raise NotInstalled("Brain's address is not set.", hint="Set CREWAI_URL.")
        try:
            return await self._wire.request(method, f"{self._base}{path}", **options)
        except httpx.TimeoutException as error:
            raise NotReachable("Brain did not answer in time.", hint="Try again.", raw=repr(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotReachable("Brain does not answer.", hint="Check CREWAI_URL.", raw=repr(error)) from error


def _raise_for(answer: httpx.Response) -> None:
    status = answer.status_code
    if status < 400:
        return
    try:
        detail = answer.json().get("detail")
    except (ValueError, AttributeError):
        detail = None
    sentence = detail if isinstance(detail, str) else f"Brain answered {status}."
    if status in (401, 403):
        raise NotPermitted(sentence, hint="Check Brain's token.", raw=answer.text[:2000])
    if status >= 500:
        raise NotReachable(sentence, hint="Try again.", raw=answer.text[:2000])
    raise Refused(sentence, raw=answer.text[:2000])
