"""A project and a Brain that are asked how they are."""

from __future__ import annotations

import asyncio
from typing import Any

from services.domain.errors import ConsoleError
from services.domain.plans import Plan
from services.domain.project import FUNCTIONS, TABLES, ProjectFacts
from services.domain.records import Customer


def whole_project(**other: Any) -> ProjectFacts:
    """A project that has all that the console needs."""
    names = [need.name for need in TABLES]
    told: dict[str, Any] = {
        "tables": {need.name: list(need.columns) for need in TABLES},
        "functions": [need.name for need in FUNCTIONS],
        "guarded": names, "readable": names, "published": names, "pictures": ["bucket", "see", "add"],
    }  # fmt: skip
    return ProjectFacts(**{**told, **other})


class FakeProject:
    """Answers with `answer`, or raises it, once `may_answer` is set."""

    def __init__(self) -> None:
        self.answer: ProjectFacts | ConsoleError = whole_project()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def facts(self) -> ProjectFacts:
        await self.may_answer.wait()
        if isinstance(self.answer, ConsoleError):
            raise self.answer
        return self.answer


class FakePlanner:
    """Brain that says `body`, or fails with it."""

    def __init__(self) -> None:
        self.body: dict[str, Any] | ConsoleError = {"status": "healthy", "service": "brain", "latency_ms": 12}

    async def plan(self, directory: str, customer: Customer) -> Plan:
        raise AssertionError("no plan is asked for")

    async def health(self) -> dict[str, Any]:
        if isinstance(self.body, ConsoleError):
            raise self.body
        return self.body
