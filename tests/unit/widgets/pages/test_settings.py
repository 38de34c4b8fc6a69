"""The Settings page: what it says of the sign-in and the lock, and where its buttons lead."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel

from app import tasks
from app.actions.preferences import IN_MEMORY, Preferences
from services.domain.environments import Environment
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import in_front
from tests.waiting import until
from widgets.look import theme
from widgets.pages.settings import SettingsPage
from widgets.parts.field import Field
from widgets.parts.label import ElidedLabel, tip_text
from widgets.parts.sheet import ConfirmSheet

MAIN = Environment("main", "Main", "production", "https://a.example", "k", "desk-2@directory-bolt.example")


@pytest.fixture
def world(tmp_path: Path, qt_app: QApplication) -> Iterator[DeskWorld]:
    theme.apply("light", qt_app)
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator", environment="production")
    made.environments.keep(MAIN)
    made.desk.preferences.current = "main"
    yield made
    made.close()


def shown(world: DeskWorld, **preferences: object) -> SettingsPage:
    given = Preferences(
        world.environments, world.lock, current="main", given=bool(preferences.get("given")),
        fixed=str(preferences.get("fixed", "")), kept_where=world.desk.preferences.kept_where,
    ) if preferences else world.desk.preferences  # fmt: skip
    page = SettingsPage(dataclasses.replace(world.desk, preferences=given))
    page.resize(1100, 800)
    in_front(page)
    return page


def words(page: SettingsPage) -> str:
    labels: list[QLabel | ElidedLabel] = [*page.findChildren(QLabel), *page.findChildren(ElidedLabel)]
    return " ".join(part.text() for part in labels if part.isVisible())


def test_it_says_where_one_is_as_whom_and_how_the_sign_in_is_kept(world: DeskWorld) -> None:
    world.kept_where = f"{IN_MEMORY} This machine has no keyring."
    page = shown(world)
    said = words(page)
    for part in (
        "Production", "Red frame", "desk-1@directory-bolt.example, operator",
        IN_MEMORY, "Main",
        "This computer", str(world.desk.data_dir),
    ):  # fmt: skip
        assert part in said
    assert list(page.open_buttons) == [""]
    opened: list[str] = []
    page.opening.connect(opened.append)
    page.open_buttons[""].click()
    for button, wish in ((page.out_button, page.signing_out), (page.elsewhere_button, page.elsewhere),
                         (page.lock_button, page.locking)):  # fmt: skip
        wish.connect(lambda: opened.append("wished"))
        button.click()
    assert opened == ["", "wished", "wished", "wished"]


def test_the_minutes_are_changed_and_kept(world: DeskWorld, tmp_path: Path) -> None:
    page = shown(world)
    assert page.minutes.current() == "15"

    async def suite() -> None:
        page.minutes.chosen.emit("30")
        assert world.lock.minutes == 30
        await until(lambda: world.environments.idle_minutes == 30)
        (tmp_path / "environments.new").mkdir()
        page.minutes.chosen.emit("5")
        await until(lambda: bool(world.desk.preferences.trouble))
        await tasks.shutdown()

    asyncio.run(suite())
    page.frame()
    assert page.minutes.current() == "5"
    assert "can't be written" in words(page)


def test_what_the_settings_decide_is_said_and_not_offered(world: DeskWorld) -> None:
    page = shown(world, given=True, fixed="Set by IDLE_LOCK_MINUTES in the environment or .env.")
    said = words(page)
    assert "SUPABASE_URL in the environment or .env names the project" in said
    assert "Set by IDLE_LOCK_MINUTES" in said
    assert not page.open_buttons
    page.minutes.chosen.emit("30")
    assert world.lock.minutes == 15
    page.hide()
    page.frame()


@pytest.mark.parametrize(("minutes", "fixed"), [(0.0, "Never on the local stack."), (45.0, "Set."), (7.5, "")])
def test_any_minutes_can_be_in_force(world: DeskWorld, minutes: float, fixed: str) -> None:
    world.lock.minutes = minutes
    page = shown(world, fixed=fixed)
    if fixed:
        assert fixed in words(page)
    else:
        assert page.minutes.current() == "7.5"


def test_the_browser_for_runs_is_told_and_fetched(world: DeskWorld) -> None:
    async def act() -> None:
        page = shown(world)
        line = page.browser
        assert (line.none.text(), line.fetch_button.isVisible()) == ("Looking", False)
        world.browsers.found()
        page.frame()
        assert line.none.text().startswith("No Chrome, Edge or Chromium")
        line.fetch_button.click()
        await until(lambda: world.browsers.state.done)
        page.frame()
        assert (line.amount.text(), line.fetch_button.isVisible()) == ("80 of 160 MB", False)
        line.cancel_button.click()
        await until(lambda: world.browsers.state.phase == "failed")
        page.frame()
        assert line.words.text() == "Cancelled; nothing of it was kept."
        world.browser_source.error = ""
        line.fetch_button.click()
        await until(lambda: world.browsers.path)
        page.frame()
        assert line.path.text() == world.browser_source.find()
        assert not line.fetch_button.isVisible()
        page.window().close()
        await tasks.shutdown()

    asyncio.run(act())


@pytest.mark.parametrize("role", ["admin", "operator"])
def test_2captcha_is_allowed_by_an_admin_and_its_key_is_kept(role: str, qt_app: QApplication, tmp_path: Path) -> None:
    world = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, role)

    async def act() -> None:
        page = shown(world)
        line = page.captchas
        assert line.words.text() == "Whether 2Captcha may be asked isn't known."
        await world.captchas.look()
        page.frame()
        assert line.words.text() == "2Captcha is not allowed: no admin has said so."
        assert line.key_words.text().startswith("No key on this computer")
        line.key_button.click()
        sheet = page.findChild(ConfirmSheet)
        assert sheet is not None
        assert not sheet._confirm.isEnabled()
        box = sheet.findChild(Field)
        assert box is not None
        box.box.setText("a-key")
        sheet._confirm.click()
        await until(lambda: world.captchas.kept == "keyring")
        page.frame()
        assert line.key_words.text() == "Key in this computer's keyring."
        if role == "operator":
            assert line.allow_button.toolTip() == tip_text("Needs the role admin; you are operator.")
        else:
            line.allow_button.click()
            sheet = next(one for one in page.findChildren(ConfirmSheet) if not one._done)
            sheet._reason.setText("for the night")
            sheet._confirm.click()
            await until(lambda: world.captchas.permission and world.captchas.permission.allowed)
            page.frame()
            assert line.words.text().startswith(
                "2Captcha is allowed: admin@example.com said so on 2025-11-24, for: for"
            )
            assert line.allow_button.words() == "Forbid…"
        line.forget_button.click()
        await until(lambda: not world.captchas.kept)
        page.frame()
        assert line.forget_button.isHidden()
        page.window().close()
        await tasks.shutdown()

    asyncio.run(act())
    world.close()
