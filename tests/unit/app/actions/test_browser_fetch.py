"""The browser for runs here: which it is, fetching one, cancelling that, and what the Operations list says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.browser_fetch import BrowserActs, Fetching, amount, start_fetch
from app.actions.operations import Operations
from services.domain.errors import ConsoleError
from tests.fakes.browsers import FakeBrowsers
from tests.leaks.logs import Logged
from tests.waiting import until


class World:
    def __init__(self, folder: Path) -> None:
        self.source = FakeBrowsers()
        self.operations = Operations(folder / "operations.db")
        self.role: str | None = "viewer"
        self.acts = BrowserActs(self.source, self.operations, self.source.find, actor="desk-1", role=lambda: self.role)

    def loop(self, act: Callable[[], Awaitable[Any]]) -> None:
        async def whole() -> None:
            try:
                await act()
            finally:
                await tasks.shutdown()

        asyncio.run(whole())

    def row(self) -> tuple[str, str]:
        (operation,) = self.operations.newest_first()
        return operation.state, operation.words


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.operations.close()


def test_it_is_fetched_with_its_progress(world: World) -> None:
    async def act() -> None:
        assert not world.acts.looked
        assert (world.acts.found(), world.acts.looked) == (None, True)
        start_fetch(world.acts)
        await until(lambda: world.acts.state.done)
        start_fetch(world.acts)
        assert world.acts.why_not() == "It is being fetched."
        assert tasks.running().count("fetch a browser") == 1
        await until(lambda: world.row() == ("running", "80 of 160 MB"))
        world.source.go.set()
        await until(lambda: world.row()[0] == "done")

    world.loop(act)
    assert (world.acts.path, world.acts.state) == (world.source.find(), Fetching())
    assert world.row() == ("done", "It is in place.")
    assert amount(Fetching("fetching", 5 * 1_048_576)) == "5 MB"


def test_a_failure_is_said_and_it_can_be_tried_again(world: World) -> None:
    world.source.error = "The disk is full: the browser doesn't fit into /data."
    world.source.go.set()

    async def act() -> None:
        await world.acts.fetch()
        assert world.acts.state == Fetching("failed", words=world.source.error)
        assert world.row() == ("failed", world.source.error)
        assert world.acts.why_not() == ""

    world.loop(act)


def test_it_is_cancelled(world: World) -> None:
    async def act() -> None:
        world.acts.cancel()  # nothing to stop yet
        start_fetch(world.acts)
        await until(lambda: world.acts.state.done)
        world.acts.cancel()
        await until(lambda: world.row()[0] == "undone")

    world.loop(act)
    assert world.source.cancelled == 1
    assert world.acts.state.words == world.row()[1] == "Cancelled; nothing of it was kept."


def test_a_window_that_closes_and_the_start_after_it(world: World, tmp_path: Path) -> None:
    async def act() -> None:
        start_fetch(world.acts)
        await until(lambda: world.acts.state.done)

    world.loop(act)
    assert world.acts.state.phase == "failed"
    world.operations.close()
    world.operations = Operations(tmp_path / "operations.db")
    acts = BrowserActs(world.source, world.operations, world.source.find, actor="desk-1", role=lambda: None)
    world.loop(acts.settle)
    assert world.row() == ("failed", "The program ended before the browser was whole. Fetch it again.")


def test_who_has_not_signed_in_fetches_nothing_and_nothing_is_fetched_unwritten(world: World, logged: Logged) -> None:
    world.role = None

    async def act() -> None:
        start_fetch(world.acts)
        with pytest.raises(ConsoleError, match="Sign in first"):
            await world.acts.fetch()
        world.role = "viewer"
        world.operations.close()
        await world.acts.fetch()
        assert "nothing was done" in world.acts.state.words

    world.loop(act)
    assert world.source.cancelled == 0
