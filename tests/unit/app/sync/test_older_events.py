"""Events of an old job: what is said of them when reading fails in a way that nobody thought of."""

from __future__ import annotations

import asyncio

from app import tasks
from app.sync.older_events import READING, OlderEvents
from tests.leaks.logs import Logged
from tests.waiting import until


def test_an_error_that_nobody_expected_is_said_and_can_be_tried_again(logged: Logged) -> None:
    asked: list[str] = []

    async def load(job_id: str) -> None:
        asked.append(job_id)
        if len(asked) == 1:
            raise ValueError("an odd row")

    async def suite() -> None:
        older = OlderEvents(load, lambda _: False)
        older.want("j")
        assert older.words("j") == (READING, False)
        await until(lambda: not tasks.running())
        assert older.words("j") == ("Older events could not be read.", True)
        older.try_again()
        await until(lambda: not tasks.running())
        assert (older.words("j"), asked) == (("", False), ["j", "j"])

    asyncio.run(suite())
    logged.take("older events failed")
