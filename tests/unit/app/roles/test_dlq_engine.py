"""What goes wrong while the facts are followed reaches the terminal as itself."""

from __future__ import annotations

import asyncio

import pytest

from app.roles.dlq_engine import _plain_errors
from services.domain.errors import Refused


def test_an_error_inside_the_task_group_is_not_wrapped() -> None:
    async def act() -> None:
        async with _plain_errors(), asyncio.TaskGroup():
            raise Refused("no")

    with pytest.raises(Refused, match="no"):
        asyncio.run(act())
