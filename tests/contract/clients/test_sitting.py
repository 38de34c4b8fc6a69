"""Consoles on a real gateway: opened late, side by side, and again after their settings were mended."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from PySide6.QtWidgets import QApplication

from app.actions.registry import PAUSE_JOB, READ_ONLY, why_not
from app.actions.sign_in import SignInActs
from app.desk import Desk
from app.models.pump import Pump
from app.moves import Move, TryAgain
from app.sitting import sit
from services.domain.errors import ConsoleError, SettingProblem
from services.local.postgres import Postgres
from services.lock import FolderLock
from services.settings import Settings, read_settings
from tests.contract.gateway.running import KEY, PASSWORD, add_job, gateway, until
from tests.fakes.alone import Alone

pytestmark = pytest.mark.stack


class Screen:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.rows: list[SettingProblem] = []
        self.environments: list[str] = []
        self.desk: Desk | None = None
        self.acts: SignInActs | None = None
        self.go: Callable[[Move], None] = lambda _: None

    def names(self, settings: list[str]) -> bool:
        return [row.name for row in self.rows] == settings

    def show_part(self, name: str, state: str, why: str) -> None:
        pass

    def show_environment(self, environment: str) -> None:
        self.environments.append(environment)

    def show_starting(self, words: str, more: str) -> None:
        self.said.append("starting")

    def show_sign_in(self, acts: SignInActs) -> None:
        self.acts = acts
        self.said.append("sign-in")

    def show_problem(
        self, sentence: str, hint: str, raw: str, settings: Sequence[SettingProblem], elsewhere: str
    ) -> None:
        self.rows = list(settings)
        if self.said[-1:] != [sentence]:
            self.said.append(sentence)

    def when_moving(self, call: Callable[[Move], None]) -> None:
        self.go = call

    def show_desk(self, desk: Desk, pump: Pump) -> Iterator[None]:
        yield
        self.desk = desk
        self.said.append("desk")


def written(file: Path, **settings: str) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def from_file(file: Path) -> Callable[[], Settings]:
    return lambda: read_settings({}, dotenv=file)


def right(url: str, home: Path) -> dict[str, str]:
    return {
        "SUPABASE_URL": url, "SUPABASE_ANON_KEY": KEY, "STAFF_EMAIL": "operator@directory-bolt.example",
        "STAFF_PASSWORD": f"'{PASSWORD}'", "DIRECTORY_BOLT_HOME": str(home), "ENVIRONMENT": "staging",
    }  # fmt: skip


def shows(desk: Desk, job: str) -> bool:
    desk.store.take_changed()  # as the window does each frame
    return job in desk.store.jobs.lines


def test_mended_settings_are_read_without_a_restart(server: Postgres, tmp_path: Path, qt_app: QApplication) -> None:
    file = tmp_path / ".env"

    async def suite() -> None:
        async with asyncio.timeout(60), gateway(server) as running:
            good = right(running.url, tmp_path / "home")
            screen, closing = Screen(), asyncio.Event()
            steps: list[tuple[dict[str, str], list[str]]] = [
                ({**good, "PORT": "ten"}, ["PORT"]),
                ({**good, "SUPABASE_ANON_KEY": "sb_publishable_other"}, ["SUPABASE_ANON_KEY"]),
                ({**good, "STAFF_PASSWORD": "wrong"}, ["STAFF_EMAIL", "STAFF_PASSWORD"]),
                (
                    {**good, "STAFF_EMAIL": "customer@directory-bolt.example"},
                    ["STAFF_EMAIL"],
                ),
            ]
            written(file, **steps[0][0])
            async with asyncio.TaskGroup() as group:
                sitting = group.create_task(sit(from_file(file), file, screen, closing))
                for settings, named in steps:
                    written(file, **settings)
                    screen.go(TryAgain())
                    await until(functools.partial(screen.names, named))
                    assert all(str(file) in row.how and row.why for row in screen.rows)
                written(file, **good)
                screen.go(TryAgain())
                await until(lambda: screen.desk is not None)
                closing.set()
                assert await sitting == 0
            # On this machine only a project that calls itself local is believed to be local.
            assert screen.environments[-1] == "staging"

    asyncio.run(suite())


def test_it_opens_by_itself_when_the_other_console_of_its_folder_is_closed(
    server: Postgres, tmp_path: Path, qt_app: QApplication
) -> None:
    file = tmp_path / ".env"
    home = tmp_path / "home"
    other = FolderLock(home / "console" / "console.lock", "")
    other.take()

    async def suite() -> None:
        async with gateway(server) as running:
            written(file, **right(running.url, home))
            screen, closing = Screen(), asyncio.Event()
            async with asyncio.TaskGroup() as group:
                sitting = group.create_task(sit(from_file(file), file, screen, closing))
                await until(lambda: screen.said[-1:] == [f"A console is already running on {home}."])
                other.release()
                await until(lambda: screen.desk is not None)
                closing.set()
                assert await sitting == 0

    asyncio.run(suite())


def test_a_console_to_look_at_reads_everything_with_every_act_off(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, qt_app: QApplication
) -> None:
    file = tmp_path / ".env"

    async def suite() -> None:
        async with asyncio.timeout(60), gateway(server) as running:
            written(file, **right(running.url, tmp_path / "home"))
            screen, closing = Screen(), asyncio.Event()
            async with asyncio.TaskGroup() as group:
                sitting = group.create_task(sit(from_file(file), file, screen, closing, read_only=True))
                await until(lambda: screen.desk is not None)
                desk = screen.desk
                assert desk is not None
                assert desk.who == "operator@directory-bolt.example"
                job = add_job(owner)
                await until(lambda: shows(desk, job))
                line = desk.store.jobs.lines[job]
                assert desk.jobs.why_not(PAUSE_JOB, line) == why_not(PAUSE_JOB, READ_ONLY)
                with pytest.raises(ConsoleError):
                    await desk.jobs.set_status(PAUSE_JOB, line)
                closing.set()
                assert await sitting == 0

    asyncio.run(suite())
    assert owner.execute("select status from public.jobs order by created_at desc limit 1").fetchone() == ("pending",)


def test_two_folders_have_two_consoles_on_one_project(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, qt_app: QApplication
) -> None:
    async def suite() -> None:
        async with gateway(server) as running:
            files = [tmp_path / f"{name}.env" for name in ("one", "two")]
            for file in files:
                written(file, **right(running.url, tmp_path / file.stem))
            consoles = [Alone(from_file(file)(), Screen()) for file in files]
            desks = [await console.open() for console in consoles]
            await until(lambda: all(desk.store.link.live for desk in desks))
            job = add_job(owner)
            for desk in desks:
                await until(functools.partial(shows, desk, job))
            for console in consoles:
                await console.close()

    asyncio.run(suite())
