"""The sign-in page: what is typed goes to the acts, what they know stands under each field, the list chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app import tasks
from app.actions.sign_in import SignInActs, Why
from app.environments import Environments
from app.moves import Become, Enter, Move
from services.domain.environments import Draft, Environment, Field, Said
from services.domain.people import LOCAL_PEOPLE
from tests.fakes.doors import EMAIL, KEY, PASSWORD, URL, FakeDoor
from tests.unit.widgets.waiting import in_front
from tests.waiting import until
from widgets.console_window import ConsoleWindow
from widgets.look import theme
from widgets.parts.sheet import ConfirmSheet

MAIN = Environment("main", "Main", "production", URL, KEY, EMAIL)
OTHER = Environment(
    "other", "Rehearsal", "staging", "https://b.example", "sb_publishable_b", "desk-3@directory-bolt.example"
)


class Asked:
    """A window that asks who comes, on acts with all that they touch."""

    def __init__(self, folder: Path, app: QApplication) -> None:
        theme.apply("light", app)
        self.window = ConsoleWindow("local")
        self.window.resize(1280, 800)
        in_front(self.window)
        self.page = self.window.sign_in
        self.environments = Environments(folder / "environments.json")
        for one in (MAIN, OTHER):
            self.environments.keep(one)
        self.moves: list[Move] = []
        self.kinds: list[str] = []
        self.page.environment_chosen.connect(self.kinds.append)

    def ask(
        self, draft: Draft, *, local: bool = False, fixed: dict[Field, str] | None = None, why: Why | None = None
    ) -> SignInActs:
        self.door = FakeDoor()
        acts = SignInActs(
            self.door, self.environments, self.moves.append, self._forget, draft=draft, why=why or Why(),
            said={}, fixed=fixed or {}, people=() if fixed else LOCAL_PEOPLE, local=local, pause=0.0,
        )  # fmt: skip
        self.window.show_sign_in(acts)
        return acts

    def type(self, field: Field, words: str) -> None:
        box = self.page.form.fields[field].box
        box.setFocus()
        QTest.keyClicks(box, words)

    def said(self, field: Field) -> str:
        return self.page.form.fields[field].said()

    async def _forget(self, environment: Environment) -> None:
        return None


def run(folder: Path, app: QApplication, suite: Callable[[Asked], Awaitable[None]]) -> None:
    async def act() -> None:
        asked = Asked(folder, app)
        async with asyncio.timeout(30):
            await suite(asked)
        await tasks.shutdown()
        asked.window.close()

    asyncio.run(act())


def test_each_field_says_what_is_known_of_it_and_enter_signs_in(tmp_path: Path, qt_app: QApplication) -> None:
    async def suite(asked: Asked) -> None:
        asked.ask(Draft())
        form = asked.page.form
        assert not form.enter_button.isEnabled()
        asked.type("url", "a.example")
        assert "no web address" in asked.said("url")
        form.fields["url"].box.clear()
        asked.type("url", URL)
        asked.type("key", "sb_secret_abc")
        await until(lambda: asked.said("url") == "A Supabase project answers.")
        assert "must never be on a desktop" in asked.said("key")
        form.fields["key"].box.setText(KEY)
        asked.type("email", EMAIL)
        await until(lambda: asked.said("key") == "The project knows this key.")
        asked.type("password", PASSWORD)
        assert form.enter_button.isEnabled()
        QTest.keyClick(form.fields["password"].box, Qt.Key.Key_Return)
        assert asked.moves == [Enter(Draft(url=URL, key=KEY, email=EMAIL, password=PASSWORD))]
        asked.page.forget()
        assert form.fields["password"].text() == ""

    run(tmp_path, qt_app, suite)


def test_the_password_is_tried_when_the_cursor_goes_on_to_another_field(tmp_path: Path, qt_app: QApplication) -> None:
    async def suite(asked: Asked) -> None:
        asked.ask(Draft(url=URL, key=KEY, email=EMAIL))
        asked.type("password", "wrong")
        asked.page.form.fields["queue"].box.setFocus(Qt.FocusReason.TabFocusReason)
        qt_app.processEvents()
        await until(lambda: asked.said("password") == "Not with this password.")
        assert asked.page.form.fields["password"].text() == "wrong"

    run(tmp_path, qt_app, suite)


def test_the_list_chooses_and_the_frame_follows(tmp_path: Path, qt_app: QApplication) -> None:
    async def suite(asked: Asked) -> None:
        acts = asked.ask(Draft(), local=True, why=Why("You are signed out."))
        page = asked.page
        assert page.words() == "Sign in to this computer You are signed out."
        assert list(page.places.buttons) == ["", "main", "other"]
        chosen, other = (page.places.buttons[key].grab().toImage() for key in ("", "main"))
        assert chosen.pixelColor(60, 2) != other.pixelColor(60, 2)
        page.people.buttons["desk-3@directory-bolt.example"].click()
        assert asked.moves == [Become("desk-3@directory-bolt.example")]
        page.places.buttons["other"].click()
        assert page.form.fields["email"].text() == "desk-3@directory-bolt.example"
        assert (page.words(), page.form.kind.current()) == ("Sign in to Rehearsal", "staging")
        page.places.add_button.click()
        assert (page.form.fields["url"].text(), page.form.kind.current()) == ("", "production")
        page.form.kind.chosen.emit("staging")
        page.places.buttons[""].click()
        assert asked.kinds == ["local", "staging", "production", "staging", "local"]
        assert acts.local

    run(tmp_path, qt_app, suite)


def test_one_is_removed_after_a_question(tmp_path: Path, qt_app: QApplication) -> None:
    async def suite(asked: Asked) -> None:
        asked.ask(Draft(), local=True)
        asked.page.places.buttons["main"].click()
        asked.page.form.remove_button.click()
        (sheet,) = asked.window.body.findChildren(ConfirmSheet)
        sheet.confirmed.emit("")
        sheet.cancel()
        await until(lambda: "main" not in asked.page.places.buttons)
        assert [one.id for one in asked.environments.all] == ["other"]

    run(tmp_path, qt_app, suite)


@pytest.mark.parametrize("failed", [True, False])
def test_what_the_settings_say_can_not_be_typed_over(tmp_path: Path, qt_app: QApplication, failed: bool) -> None:
    async def suite(asked: Asked) -> None:
        why = Why("The sign-in was refused.", "Check it.", "raw" if failed else "", failed=failed)
        acts = asked.ask(Draft(url=URL, key=KEY), fixed={"url": "SUPABASE_URL", "key": "SUPABASE_ANON_KEY"}, why=why)
        form = asked.page.form
        assert not form.fields["url"].box.isEnabled()
        assert form.fields["email"].box.isEnabled()
        assert asked.said("key") == "Set by SUPABASE_ANON_KEY in the environment or .env."
        assert list(asked.page.places.buttons) == ["given"]
        assert asked.page.words().endswith("The sign-in was refused. Check it.")
        acts.said["email"] = Said("unsure", "Nobody answers.")
        acts.on_change()
        assert asked.said("email") == "Nobody answers."

    run(tmp_path, qt_app, suite)


def test_a_problem_leads_to_another_environment(tmp_path: Path, qt_app: QApplication) -> None:
    async def suite(asked: Asked) -> None:
        asked.window.when_moving(asked.moves.append)
        asked.window.show_problem("The project can't be reached.", "", "", [], "Choose another environment")
        asked.window.problem.elsewhere_button.click()
        assert len(asked.moves) == 1

    run(tmp_path, qt_app, suite)
