"""The console put together: what it refuses before anything is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.console import Console
from app.desk import Desk
from app.models.pump import Pump
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotPermitted
from services.settings import read_settings


class Screen:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def show_part(self, name: str, state: str, why: str) -> None:
        pass

    def show_problem(self, sentence: str, hint: str, raw: str) -> None:
        self.problems.append(sentence)

    def show_desk(self, desk: Desk, pump: Pump) -> Iterator[None]:
        raise AssertionError("nothing can be shown")


def test_a_second_console_on_one_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(*_: str) -> SupabaseSession:
        raise NotPermitted("Wrong password.")

    monkeypatch.setattr(SupabaseSession, "sign_in", refused)
    settings = read_settings(
        {
            "DIRECTORY_BOLT_HOME": str(tmp_path), "SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_ANON_KEY": "k",
            "STAFF_EMAIL": "a@b.example", "STAFF_PASSWORD": "p",
        }
    )  # fmt: skip

    async def act() -> list[str]:
        screen = Screen()
        first, second = Console(settings, screen), Console(settings, screen)
        for console in (first, second):
            assert await console.open() is None
        await second.close()
        await first.close()
        third = Console(settings, screen)
        await third.open()
        await third.close()
        return screen.problems

    already = f"A console is already running on {tmp_path}."
    assert asyncio.run(act()) == ["Wrong password.", already, "Wrong password."]


def test_the_browser_of_the_settings_reaches_the_stack_and_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Child:
        """Stands for a child process; keeps the browser that it is told of."""

        def __init__(self, environment: dict[str, str]) -> None:
            told.append(environment["BROWSER_PATH"])
            if "DIRECTORY_BOLT_HOME" not in environment:
                raise NotPermitted("Enough is known.")

        async def start(self, _: object) -> dict[str, str]:
            raise NotPermitted("It did not start.")

        async def stop(self) -> None:
            return None

    async def signed_in(*_: str) -> Child:
        return Child({"BROWSER_PATH": "of the session", "DIRECTORY_BOLT_HOME": ""})

    monkeypatch.setattr("app.console.StackProcess", Child)
    monkeypatch.setattr("app.console.SubmissionProcess", Child)
    monkeypatch.setattr(SupabaseSession, "sign_in", signed_in)
    Child.close = Child.stop  # type: ignore[attr-defined]
    alone = {"DIRECTORY_BOLT_HOME": str(tmp_path), "BROWSER_PATH": "/opt/my browser"}
    project = {
        "SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_ANON_KEY": "k", "STAFF_EMAIL": "a@b.example",
        "STAFF_PASSWORD": "p",
    }  # fmt: skip

    async def act(environment: dict[str, str]) -> None:
        console = Console(read_settings(environment), Screen())
        assert await console.open() is None
        await console.close()

    asyncio.run(act(alone))
    asyncio.run(act({**alone, **project}))
    assert told == ["/opt/my browser", "of the session", "/opt/my browser"]
