"""The hold on a data folder: taken and left in a thread, and never held for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.premises import AnotherConsole, Premises
from services.domain.errors import Refused
from services.lock import FolderLock
from tests.waiting import until


class SlowDisk:
    """Each step on the lock waits until `answers` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        self.answers = threading.Event()
        for name in ("take", "release"):
            monkeypatch.setattr(FolderLock, name, self._slow(getattr(FolderLock, name)))

    def _slow(self, step: Callable[[FolderLock], None]) -> Callable[[FolderLock], None]:
        def slow(lock: FolderLock) -> None:
            self.asked += 1
            self.answers.wait(30)
            step(lock)

        return slow


def test_the_loop_goes_on_while_a_slow_disk_takes_and_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(monkeypatch)

    async def act() -> None:
        premises = Premises()
        for number, step in enumerate((premises.hold(tmp_path), premises.close())):
            disk.answers.clear()
            going = asyncio.ensure_future(step)
            await until(lambda: disk.asked > number)  # noqa: B023
            assert not going.done()
            disk.answers.set()
            await going

    asyncio.run(act())


def test_a_hold_that_is_given_up_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowDisk(monkeypatch)

    async def act() -> None:
        given_up = asyncio.ensure_future(Premises().hold(tmp_path))
        await until(lambda: disk.asked)
        given_up.cancel()
        await asyncio.sleep(0)
        disk.answers.set()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        other = Premises()
        await other.hold(tmp_path)
        await other.hold(tmp_path)
        with pytest.raises(AnotherConsole):
            await Premises().hold(tmp_path)
        await other.hold(tmp_path / "elsewhere")
        third = Premises()
        await third.hold(tmp_path)
        await third.close()
        await other.close()

    asyncio.run(act())


def test_a_folder_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Refused) as refused:
        asyncio.run(Premises().hold(tmp_path / "file"))
    assert "DIRECTORY_BOLT_HOME" in refused.value.settings
