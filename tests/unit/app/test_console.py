"""The console put together: what it refuses before anything is shown."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.console import Console
from app.desk import Desk
from app.models.pump import Pump
from app.premises import AnotherConsole
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import ConsoleError, NotPermitted, NotReachable, Refused
from services.settings import Settings, read_settings
from tests.fakes.alone import Alone
from tests.fakes.keyrings import Hanging, in_use
from tests.waiting import until

NOWHERE = "http://127.0.0.1:9"


class Screen:
    """Takes what it is told."""

    def show_part(self, name: str, state: str, why: str) -> None:
        pass

    def show_desk(self, desk: Desk, pump: Pump) -> Iterator[None]:
        raise AssertionError("nothing can be shown")


def settings(home: Path, **more: str) -> Settings:
    return read_settings(
        {
            "DIRECTORY_BOLT_HOME": str(home), "SUPABASE_URL": NOWHERE, "SUPABASE_ANON_KEY": "k",
            "STAFF_EMAIL": "a@b.example", "STAFF_PASSWORD": "p", **more,
        }
    )  # fmt: skip


async def refused(console: Console) -> ConsoleError:
    with pytest.raises(ConsoleError) as caught:
        await console.open()
    return caught.value


def test_a_second_console_on_one_folder_is_refused_until_the_first_is_closed(tmp_path: Path) -> None:
    async def act() -> list[type]:
        first, second, third = (Alone(settings(tmp_path), Screen()) for _ in range(3))
        kinds = [type(await refused(console)) for console in (first, second)]
        await second.close()
        await first.close()
        kinds.append(type(await refused(third)))
        await third.close()
        return kinds

    assert asyncio.run(act()) == [NotReachable, AnotherConsole, NotReachable]


def test_the_second_one_does_not_start_the_local_stack(tmp_path: Path) -> None:
    async def act() -> ConsoleError:
        first = Alone(settings(tmp_path), Screen())
        await refused(first)
        second = Alone(settings(tmp_path, SUPABASE_URL=""), Screen())
        error = await refused(second)
        await second.close()
        await first.close()
        return error

    error = asyncio.run(act())
    assert isinstance(error, AnotherConsole)
    assert "opens by itself" in error.hint


def test_settings_that_are_missing_are_all_named(tmp_path: Path) -> None:
    async def act() -> ConsoleError:
        console = Alone(settings(tmp_path, STAFF_PASSWORD="", SUPABASE_ANON_KEY=""), Screen())
        error = await refused(console)
        await console.close()
        return error

    assert asyncio.run(act()).settings == {"SUPABASE_ANON_KEY": "It is not set.", "STAFF_PASSWORD": "It is not set."}


def test_a_secret_key_is_for_the_local_profile_only(tmp_path: Path) -> None:
    async def act() -> ConsoleError:
        console = Alone(settings(tmp_path, SUPABASE_ANON_KEY="sb_secret_x", ENVIRONMENT="staging"), Screen())
        error = await refused(console)
        await console.close()
        return error

    assert "must never be on a desktop" in asyncio.run(act()).settings["SUPABASE_ANON_KEY"]


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.touch()

    async def act() -> ConsoleError:
        console = Alone(settings(file), Screen())
        error = await refused(console)
        await console.close()
        return error

    error = asyncio.run(act())
    assert isinstance(error, Refused)
    assert list(error.settings) == ["DIRECTORY_BOLT_HOME"]


def test_the_browser_of_the_settings_reaches_the_stack_and_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Child:
        """Stands for a child process; keeps the browser that it is told of."""

        signed_in = False
        has_ended = False

        def __init__(self, environment: dict[str, str]) -> None:
            told.append(environment["BROWSER_PATH"])
            if told == ["/opt/my browser", "of the session", "/opt/my browser"]:
                raise NotPermitted("Enough is known.")

        async def start(self, _: object) -> dict[str, str]:
            raise NotPermitted("It did not start.")

        async def stop(self) -> None:
            return None

    async def signed_in(*_: str, **_more: object) -> Child:
        return Child({"BROWSER_PATH": "of the session", "DIRECTORY_BOLT_HOME": ""})

    monkeypatch.setattr("app.local_stack.StackProcess", Child)
    monkeypatch.setattr("app.console.SubmissionProcess", Child)
    monkeypatch.setattr(SupabaseSession, "sign_in", signed_in)
    Child.close = Child.stop  # type: ignore[attr-defined]
    alone = {"DIRECTORY_BOLT_HOME": str(tmp_path), "BROWSER_PATH": "/opt/my browser"}
    project = {
        "SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_ANON_KEY": "k", "STAFF_EMAIL": "a@b.example",
        "STAFF_PASSWORD": "p",
    }  # fmt: skip

    async def act(environment: dict[str, str]) -> None:
        console = Alone(read_settings(environment), Screen())
        await refused(console)
        await console.close()

    asyncio.run(act(alone))
    asyncio.run(act({**alone, **project}))
    assert told == ["/opt/my browser", "of the session", "/opt/my browser"]


def test_a_sign_in_that_ends_while_the_keyring_is_waited_for_leaves_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class SignedIn:
        """Stands for a session."""

        open = True

        async def close(self) -> None:
            self.open = False

    session, backend = SignedIn(), Hanging()

    async def signed_in(*_: str, **_more: object) -> SignedIn:
        return session

    monkeypatch.setattr(SupabaseSession, "sign_in", signed_in)

    async def act() -> None:
        console = Alone(settings(tmp_path), Screen())
        opening = asyncio.ensure_future(console.open())
        await until(lambda: backend.calls)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await console.close()
        backend.release.set()

    with in_use(backend):
        asyncio.run(act())
    assert not session.open


def test_the_end_touches_no_disk_on_the_threads_of_the_window(tmp_path: Path) -> None:
    touched: dict[str, bool] = {}

    class Records:
        """Files that say on which thread they are touched."""

        def __init__(self, name: str) -> None:
            self._name = name

        def close(self) -> None:
            touched[self._name] = threading.current_thread() is threading.main_thread()

        forget = close

    async def act() -> None:
        console = Alone(settings(tmp_path), Screen())
        for name in ("_operations", "_journal", "_last"):
            setattr(console, name, Records(name))
        await console.close(sign_out=True)

    asyncio.run(act())
    assert touched == {"_last": False, "_operations": False, "_journal": False}
