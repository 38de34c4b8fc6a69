"""The cover of a locked window while nobody can be asked about a password."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from app import tasks
from app.actions.idle_lock import IdleLock
from services.domain.errors import NotReachable
from tests.waiting import until
from widgets.pages.lock import LockPage
from widgets.parts.surface import Surface


class Covered:
    """A window whose project is away as long as `away`."""

    def __init__(self) -> None:
        self.away = True
        self.lock = IdleLock(self._confirm, (), minutes=15, again_seconds=0.0)
        self.body = Surface()
        self.page = LockPage(self.body)
        self.page.guard(self.lock, "desk-1@directory-bolt.example")
        self.body.show()
        self.lock.lock()
        self.page.frame()

    async def _confirm(self, password: str) -> None:
        if self.away:
            raise NotReachable("The project does not answer.")

    def press(self, password: str) -> None:
        self.page.password.box.setText(password)
        self.page.open_button.click()


@pytest.fixture
def covered(qt_app: QApplication) -> Iterator[Covered]:
    made = Covered()
    yield made
    made.body.close()


def test_it_says_that_nobody_can_be_asked_and_opens_once_somebody_can(covered: Covered) -> None:
    async def suite() -> None:
        covered.press("right")
        await until(lambda: covered.lock.unsure)
        covered.page.frame()
        assert covered.page.password.said().startswith("The project can't be asked now. It is tried again by itself")
        assert covered.page.password.text() == "right"
        assert covered.page.password.box.property("wrong") == "false", "nothing is known against it"
        covered.page.password.box.setText("rightly")
        covered.page.frame()
        assert covered.page.password.said() == "", "what is typed now was not tried"
        assert covered.page.out_button.isEnabled()
        covered.away = False
        assert covered.lock.locked
        covered.press("right")
        await until(lambda: not covered.lock.locked)
        covered.page.frame()
        assert not covered.page.isVisible()
        await tasks.shutdown()

    asyncio.run(suite())
