"""The window of a run's browser, which is lent to a person for a while."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from playwright.async_api import Page

from services.submission.window import Window


class Tab:
    """A page, its own DevTools session, and the button on it; each answers a moment later."""

    def __init__(self) -> None:
        self.context = self.first = self
        self.guards = 0

    def locator(self, _: str) -> Tab:
        return self

    async def new_cdp_session(self, _: object) -> Tab:
        return self

    async def add_init_script(self, _: str) -> None:
        return None

    async def send(self, _: str, __: dict[str, Any]) -> None:
        await asyncio.sleep(0)

    async def count(self) -> int:
        return 1

    async def evaluate_handle(self, _: str) -> Guard:
        self.guards += 1
        for _turn in range(3):
            await asyncio.sleep(0)
        return Guard(self)


class Guard:
    """What swallows clicks on the button until it is told to stop."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab

    async def evaluate(self, _: str) -> None:
        await asyncio.sleep(0)
        self._tab.guards -= 1

    async def dispose(self) -> None:
        await asyncio.sleep(0)


async def _is_the_runs() -> bool:
    return False


def test_one_that_is_called_off_while_it_is_taken_back_is_looked_after_no_more() -> None:
    async def suite() -> None:
        for turns in range(1, 100):
            window = await Window.kept(cast(Page, Tab()), lambda: "button")
            await window.lend(_is_the_runs)
            taking = asyncio.ensure_future(window.take_back())
            for _ in range(turns):
                await asyncio.sleep(0)
            ended = taking.done()
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await asyncio.sleep(0)
            assert not [task for task in asyncio.all_tasks() if task.get_name() == "window"]
            if ended:
                break
        assert 2 < turns < 99

    asyncio.run(suite())


def test_no_guard_of_the_button_is_left_when_the_window_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would swallow the run's own click."""
    monkeypatch.setattr("services.submission.window._LOOK_AGAIN_SECONDS", 0)

    async def suite() -> None:
        for turns in range(12):
            tab = Tab()
            window = await Window.kept(cast(Page, tab), lambda: "button")
            await window.lend(_is_the_runs)
            for _ in range(turns):
                await asyncio.sleep(0)
            await window.take_back()
            assert tab.guards == 0

    asyncio.run(suite())
