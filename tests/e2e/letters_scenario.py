"""The console beside a running stack: all dead letters are replayed through the page. Run by `tests.e2e.letters`.

`python -m tests.e2e.letters_scenario COUNT LIMIT`, with the settings of a console in its environment, ends with 0
once the operation has ended and every step was seen.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QApplication, QLineEdit

from app.actions.operations import Operation
from app.desk import Desk
from app.loop import Closing, run_in_qt
from app.sitting import sit
from services.settings import read_settings
from widgets.console_window import ConsoleWindow
from widgets.frame import Frame
from widgets.look import theme
from widgets.parts.button import Button
from widgets.parts.sheet import ConfirmSheet

_Part = TypeVar("_Part", bound=Button | QLineEdit)
_TABLES = ("jobs", "directory_submissions", "job_results", "queue_history", "customers")


class Scenario:
    """What a person does at the page; each step waits for what the last one shows."""

    def __init__(self, window: ConsoleWindow, count: int, limit: float) -> None:
        self._window = window
        self._count = count
        self._limit = limit

    async def run(self, desk: Desk) -> int:
        self._desk = desk
        letters = desk.dead_letters
        await self._until(lambda: all(desk.store.state(table).loaded for table in _TABLES), "the facts are there")
        self._window.show_page("dead_letters")
        page = self._window.letters
        await self._until(
            lambda: letters.look.as_of is not None and len(letters.lines) == self._count, "all letters are listed"
        )
        view = page.inventory
        await self._until(lambda: view.model.rowCount() == self._count, "all rows are shown")
        view.table.selectAll()
        await self._until(view.replay_button.isEnabled, "the button may be pressed")
        view.replay_button.click()
        sheet = await self._shown_sheet()
        for edit in _seen(sheet, QLineEdit):
            edit.setText("LOCAL")
        [confirm] = [button for button in _seen(sheet, Button) if button.words().startswith("Replay ")]
        assert confirm.isEnabled()
        confirm.click()
        await self._until(lambda: len(self._ended()) == 2, "both operations have ended")
        for one in self._ended():
            print(f"{one.label}: {one.state}, {one.words}", flush=True)
        return 0 if all(one.state == "done" for one in self._ended()) else 1

    async def _shown_sheet(self) -> ConfirmSheet:
        await self._until(lambda: bool(self._window.findChildren(ConfirmSheet)), "the sheet is shown")
        return self._window.findChildren(ConfirmSheet)[-1]

    def _ended(self) -> list[Operation]:
        return [one for one in self._desk.operations.newest_first() if one.ended]

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._limit
        while not condition():
            if time.monotonic() > deadline:
                look = self._desk.dead_letters.look
                raise AssertionError(f"not seen: {what}; {look}; {self._desk.operations.newest_first()[:3]}")
            await asyncio.sleep(0.05)


def _seen(sheet: ConfirmSheet, kind: type[_Part]) -> list[_Part]:
    return [part for part in sheet.findChildren(kind) if part.isVisible()]


def main(count: int, limit: float) -> int:
    application = QApplication(sys.argv[:1])
    theme.apply("light", application)
    frame = Frame("local")

    async def life(closing: Closing) -> int:
        window = ConsoleWindow("local")
        frame.hold(window)
        frame.resize(1280, 800)
        frame.show()
        return await sit(read_settings, Path(".env"), window, closing, Scenario(window, count, limit).run)

    return run_in_qt(application, life, end_limit=25.0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
