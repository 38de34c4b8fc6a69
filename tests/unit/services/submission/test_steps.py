"""How a step is told to staff."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from services.domain.plans import Step
from services.submission.steps import described, perform


def test_a_step_is_told_in_words_with_its_selector() -> None:
    told = described(Step("fill", selector="input[name=phone]", value="2125550123"))
    assert told == {"action": "fill", "words": "Fill the phone", "detail": "input[name=phone]", "value": "2125550123"}


def test_a_secret_value_is_masked() -> None:
    assert described(Step("fill", selector="#password", value="hunter2"))["value"] == "•••"


def test_hostile_text_becomes_one_short_line() -> None:
    told = described(Step("x" * 5000, url="y", selector="a\nb\u202ec" * 500))
    assert len(told["action"]) <= 40
    assert "\n" not in told["detail"]
    assert "\u202e" not in told["detail"]
    assert len(told["detail"]) <= 300


def test_a_wait_is_over_for_a_page_that_was_closed_before_it() -> None:
    class Closed:
        def is_closed(self) -> bool:
            return True

    async def go() -> None:
        async with asyncio.timeout(20):
            page: Any = Closed()
            await perform(page, Step("wait", seconds=60.0), cast("Any", None), goto_seconds=1.0, step_seconds=1.0)

    asyncio.run(go())
