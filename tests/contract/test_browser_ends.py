"""A browser whose start or end is called off in the middle leaves no process, no folder and no task."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from pathlib import Path

import pytest

from services.submission import browser as browser_module
from services.submission.browser import Browser, driver_turn
from services.temporary import RunFolder
from tests.waiting import until

pytestmark = pytest.mark.browser


def users_of(folder: Path) -> list[str]:
    """The command lines of processes whose temporary files go below this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes()
            if f"TMPDIR={folder}/".encode() in told and int(process.name) != os.getpid():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return [command for command in found if command]


@pytest.mark.parametrize("moment", ["the folder is made", "the driver starts", "the browser starts"])
def test_a_start_that_is_called_off(moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    may_go_on = threading.Event()

    class SlowFolder(RunFolder):
        def __init__(self) -> None:
            super().__init__()
            assert moment != "the folder is made" or may_go_on.wait(30)

    monkeypatch.setattr(browser_module, "RunFolder", SlowFolder)
    reached = {
        "the folder is made": lambda: os.listdir(tmp_path),
        "the driver starts": lambda: users_of(tmp_path),
        "the browser starts": lambda: any("--headless" in command for command in users_of(tmp_path)),
    }[moment]

    async def suite() -> None:
        starting = asyncio.ensure_future(Browser().__aenter__())
        await until(reached)
        starting.cancel()
        await asyncio.sleep(0)
        may_go_on.set()
        await asyncio.gather(starting, return_exceptions=True)
        assert os.listdir(tmp_path) == []
        assert users_of(tmp_path) == []

    asyncio.run(suite())


def test_one_that_waits_for_its_turn_goes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stops gives its flows a second and a half, and drivers start one after the other."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(browser_module, "_CLOSE_SECONDS", 1000)

    async def suite() -> None:
        async with driver_turn():
            starting = asyncio.ensure_future(Browser().__aenter__())
            await until(lambda: os.listdir(tmp_path))
            starting.cancel()
            await until(starting.done)
        await asyncio.gather(starting, return_exceptions=True)
        assert os.listdir(tmp_path) == []

    asyncio.run(suite())


@pytest.mark.parametrize("turns", [1, 10, 100])
def test_an_end_that_is_called_off(turns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def suite() -> None:
        browser = await Browser().__aenter__()
        ending = asyncio.ensure_future(browser.__aexit__())
        for _ in range(turns):
            await asyncio.sleep(0)
        assert not ending.done()
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        assert os.listdir(tmp_path) == []
        assert users_of(tmp_path) == []

    asyncio.run(suite())
