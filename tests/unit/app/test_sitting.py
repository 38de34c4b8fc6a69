"""A sitting that never gets to a desk: what it says, when it tries again, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app import console, sitting
from app.actions.sign_in import SignInActs
from app.desk import Desk
from app.models.pump import Pump
from app.moves import Move, TryAgain
from services.domain.errors import SettingProblem
from services.settings import Settings, read_settings


class Screen:
    """Keeps what it was told; `shown` is set at each problem."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.shown = asyncio.Event()
        self.acts: SignInActs | None = None
        self.go: Callable[[Move], None] = lambda _: None

    def show_part(self, name: str, state: str, why: str) -> None:
        self.said.append(f"{name} {state}")

    def show_environment(self, environment: str) -> None:
        self.said.append(environment)

    def show_starting(self, words: str, more: str) -> None:
        self.said.append("starting")

    def show_sign_in(self, acts: SignInActs) -> None:
        self.acts = acts
        self.said.append("sign-in")

    def show_problem(
        self, sentence: str, hint: str, raw: str, settings: Sequence[SettingProblem], elsewhere: str
    ) -> None:
        self.said.append(" ".join([sentence, *(row.name for row in settings)]))
        self.shown.set()

    def when_moving(self, call: Callable[[Move], None]) -> None:
        self.go = call

    def show_desk(self, desk: Desk, pump: Pump) -> Iterator[None]:
        raise AssertionError("nothing can be shown")


def read(home: Path, **more: str) -> Callable[[], Settings]:
    told = {
        "DIRECTORY_BOLT_HOME": str(home), "SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_ANON_KEY": "k",
        "STAFF_EMAIL": "a@b.example", "STAFF_PASSWORD": "p", **more,
    }  # fmt: skip
    return lambda: read_settings(told)


def run(suite: Callable[[Screen, asyncio.Event], Coroutine[Any, Any, None]]) -> list[str]:
    async def act() -> list[str]:
        screen = Screen()
        async with asyncio.timeout(60):
            await suite(screen, asyncio.Event())
        return screen.said

    return asyncio.run(act())


def test_it_says_what_is_wrong_and_waits_for_the_person(tmp_path: Path) -> None:
    async def suite(screen: Screen, closing: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(sitting.sit(reading(tmp_path), tmp_path / ".env", screen, closing))
            await screen.shown.wait()
            screen.shown.clear()
            screen.go(TryAgain())
            await screen.shown.wait()
            closing.set()
            assert await task == 0

    threads: list[int] = []

    def reading(folder: Path) -> Callable[[], Settings]:
        def noted() -> Settings:
            threads.append(threading.get_ident())
            return read(folder, PORT="x")()

        return noted

    assert run(suite) == ["starting", "Settings can't be used. PORT"] * 2
    assert threading.get_ident() not in threads


def test_what_only_the_network_keeps_closed_is_tried_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitting, "AGAIN_SECONDS", 0.0)

    async def suite(screen: Screen, closing: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(sitting.sit(read(tmp_path), tmp_path / ".env", screen, closing))
            for _ in range(2):
                await screen.shown.wait()
                screen.shown.clear()
            closing.set()
            assert await task == 0

    said = run(suite)
    tried = ["production", "The project can't be reached. SUPABASE_URL"]
    assert said[:5] == ["starting", *tried, *tried]


def test_with_work_to_do_it_does_not_wait(tmp_path: Path) -> None:
    async def work(desk: Desk) -> int:
        raise AssertionError("there is no desk")

    async def suite(screen: Screen, closing: asyncio.Event) -> None:
        waiting: Awaitable[int] = sitting.sit(read(tmp_path), tmp_path / ".env", screen, closing, work)
        assert await waiting == 1

    assert run(suite)[-1] == "The project can't be reached. SUPABASE_URL"


def test_closing_while_it_is_being_opened_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(self: console.Console) -> Desk:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(console.Console, "open", never)

    async def suite(screen: Screen, closing: asyncio.Event) -> None:
        closing.set()
        assert await sitting.sit(read(tmp_path), tmp_path / ".env", screen, closing) == 0

    assert run(suite) == ["starting", "production"]
