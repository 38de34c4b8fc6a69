"""A held run goes on by itself once the page asks for nothing any more, unless a person is at it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.domain.run_commands import Command, GoOn, Keys, MoreTime, Mouse, Stay
from services.submission import clearing as clearings
from services.submission.clearing import Clearing
from services.submission.control import Control
from services.submission.steps import PersonNeeded
from tests.waiting import until


class Wall:
    """What a page asks for, and what a run told and was told meanwhile."""

    def __init__(self) -> None:
        self.there = True
        self.looks = 0
        self.told: list[dict[str, Any]] = []
        self.commands: asyncio.Queue[Command] = asyncio.Queue()
        self.clearing = Clearing(self.asks, self.told.append, 4)

    async def asks(self) -> bool:
        self.looks += 1
        return self.there

    def seconds(self) -> list[float]:
        return [event["seconds"] for event in self.told]

    async def looked(self) -> None:
        before = self.looks
        await until(lambda: self.looks > before + 1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearings, "LOOK_SECONDS", 0.002)


def with_wall(act: Callable[[Wall], Awaitable[None]]) -> Wall:
    async def go() -> Wall:
        wall = Wall()
        await act(wall)
        return wall

    return asyncio.run(go())


def test_it_goes_on_by_itself_once_nothing_is_asked_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearings, "GO_ON_SECONDS", 0.01)

    async def act(wall: Wall) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(wall.clearing.next(wall.commands))
            await wall.looked()
            assert wall.told == []
            wall.there = False
            assert await task == GoOn()

    wall = with_wall(act)
    assert wall.clearing.over
    assert wall.told == [{"kind": "clearing", "index": 4, "seconds": 0.01}]


def test_what_is_asked_again_and_what_a_person_does_stops_it() -> None:
    async def act(wall: Wall) -> None:
        wall.there = False
        async with asyncio.TaskGroup() as group:
            task = group.create_task(wall.clearing.next(wall.commands))
            await until(lambda: wall.seconds() == [3])
            wall.there = True
            await until(lambda: wall.seconds() == [3, 0])
            wall.there = False
            await until(lambda: wall.seconds() == [3, 0, 3])
            wall.commands.put_nowait(Keys("a"))
            assert await task == Keys("a")
            assert wall.seconds() == [3, 0, 3, 0]
            task = group.create_task(wall.clearing.next(wall.commands))
            await until(lambda: wall.seconds()[4:] == [3])
            wall.commands.put_nowait(Mouse("move", 1, 1))
            assert await task == Mouse("move", 1, 1)
            assert wall.seconds()[4:] == [3], "a pointer that passes over the picture does nothing"

    assert not with_wall(act).clearing.over


def test_a_person_may_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearings, "GO_ON_SECONDS", 30)

    async def act(wall: Wall) -> None:
        wall.there = False
        async with asyncio.TaskGroup() as group:
            task = group.create_task(wall.clearing.next(wall.commands))
            await until(lambda: wall.seconds() == [30])
            wall.commands.put_nowait(Stay())
            await until(lambda: wall.seconds() == [30, 0])
            wall.commands.put_nowait(MoreTime())
            assert await task == MoreTime()

    assert with_wall(act).seconds() == [30, 0]


def test_the_record_says_that_it_went_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearings, "GO_ON_SECONDS", 0.0)

    async def act(wall: Wall) -> None:
        wall.there = False
        control = Control(wall.told.append, helper="desk-1")
        assert await control.person(2, PersonNeeded("captcha"), wall.asks)
        assert [event["kind"] for event in wall.told] == ["held", "clearing", "released"]
        assert control.record[0]["by_itself"]

    with_wall(act)
