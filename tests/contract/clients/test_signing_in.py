"""The form on a real gateway: what is missing is asked for, what was typed stays, what is over is said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PySide6.QtWidgets import QApplication

from app import local_stack
from app.actions.sign_in import SignInActs
from app.desk import Desk
from app.environments import Environments
from app.moves import Elsewhere, Open, SignOut
from app.sitting import sit
from services.domain.environments import Draft
from services.domain.people import LOCAL_PEOPLE
from services.local.postgres import Postgres
from services.local.seed import seed_staff
from services.settings import read_settings
from tests.contract.clients.test_sitting import Screen
from tests.contract.gateway.running import KEY, PASSWORD, Gateway, gateway, until
from tests.fakes.keyrings import InMemory, in_use
from tests.fakes.stack import fake_stack

pytestmark = pytest.mark.stack
EMAIL = "operator@directory-bolt.example"


class Person:
    """Somebody at the screen of a sitting."""

    def __init__(self, running: Gateway, home: Path, keyring: InMemory) -> None:
        self.screen = Screen()
        self.keyring = keyring
        self.url, self.home = running.url, home
        self.draft = Draft(name="Rehearsal", kind="staging", url=running.url, key=KEY, email=EMAIL)

    async def form(self) -> SignInActs:
        """The form, once it is there."""
        await until(lambda: self.screen.acts is not None)
        acts, self.screen.acts = self.screen.acts, None
        assert acts is not None
        return acts

    async def desk(self) -> Desk:
        """The desk, once it is there."""
        await until(lambda: self.screen.desk is not None)
        desk, self.screen.desk = self.screen.desk, None
        assert desk is not None
        return desk

    async def sit(self, suite: Callable[[], Awaitable[None]], **environment: str) -> None:
        """One start of the program, until `suite` is through."""
        settings = read_settings({"DIRECTORY_BOLT_HOME": str(self.home), **environment})
        closing = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            sitting = group.create_task(sit(lambda: settings, self.home / ".env", self.screen, closing))
            await suite()
            closing.set()
            assert await sitting == 0

    def kept(self) -> Environments:
        """The list on the disk."""
        made = Environments(self.home / "console" / "environments.json")
        made.read()
        return made


def run(server: Postgres, home: Path, suite: Callable[[Person], Awaitable[None]], **config: Any) -> InMemory:
    backend = InMemory()

    async def act() -> None:
        async with asyncio.timeout(90), gateway(server, **config) as running:
            await suite(Person(running, home, backend))

    with in_use(backend):
        asyncio.run(act())
    return backend


@pytest.fixture
def stack(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Path], Any]:
    """A local stack that is the gateway of the test."""
    seed_staff(server.url, PASSWORD)

    def use(url: str, home: Path) -> Any:
        made = fake_stack(
            {
                "SUPABASE_URL": url, "SUPABASE_ANON_KEY": KEY, "STAFF_EMAIL": LOCAL_PEOPLE[1].email,
                "STAFF_PASSWORD": PASSWORD, "ENVIRONMENT": "local", "DIRECTORY_BOLT_HOME": str(home),
            }
        )  # fmt: skip
        monkeypatch.setattr(local_stack, "StackProcess", made)
        return made

    return use


def test_from_the_local_stack_to_a_project_out_again_and_back(
    server: Postgres,
    owner: psycopg.Connection,
    tmp_path: Path,
    qt_app: QApplication,
    stack: Callable[[str, Path], Any],
) -> None:
    def sessions() -> set[Any]:
        return {row[0] for row in owner.execute("select id from auth.sessions")}

    async def suite(person: Person) -> None:
        made = stack(person.url, tmp_path)

        async def first_start() -> None:
            assert (await person.desk()).environment == "local"
            person.screen.go(Elsewhere())
            form = await person.form()
            assert (form.local, len(form.people), form.why.sentence) == (True, 3, "")
            # A refusal leaves all that was typed where it was, and says which field it is about.
            form.edit(person.draft._replace(password="wrong"))
            form.enter()
            form = await person.form()
            assert form.draft._replace(id="") == person.draft._replace(password="wrong")
            assert (form.said["email"].state, form.said["password"].state) == ("wrong", "wrong")
            assert form.why.failed
            form.edit(form.draft._replace(email="customer@directory-bolt.example", password=PASSWORD))
            form.enter()
            form = await person.form()
            assert "has no role here" in form.said["email"].words
            form.edit(form.draft._replace(email=EMAIL, password=PASSWORD))
            form.enter()
            desk = await person.desk()
            assert (desk.environment, desk.who, desk.role) == ("staging", EMAIL, "operator")
            assert (desk.lock.minutes, desk.preferences.fixed, desk.preferences.given) == (15, "", False)
            assert made.made[0].stopped
            await until(lambda: desk.store.link.live)
            person.screen.go(Open(""))
            desk = await person.desk()
            assert (desk.environment, desk.lock.minutes, desk.preferences.current) == ("local", 0, "")
            (other,) = desk.preferences.environments
            person.screen.go(Open(other.id))  # its sign-in is in the keyring
            assert (await person.desk()).preferences.current == other.id

        async def second_start() -> None:
            # The keyring has the sign-in: nobody is asked.
            desk = await person.desk()
            assert desk.who == EMAIL
            assert all(service.endswith((f" from {tmp_path}", " last state")) for service, _ in person.keyring.entries)
            desk.lock.lock()
            await until(lambda: not person.keyring.entries)

        async def third_start() -> None:
            # A start gets round no lock.
            form = await person.form()
            assert form.why.sentence == "A password is needed to sign in."
            form.edit(form.draft._replace(password=PASSWORD))
            form.enter()
            await person.desk()
            before = sessions()
            person.screen.go(SignOut())
            form = await person.form()
            assert form.why.sentence == "You are signed out."
            assert len(before - sessions()) == 1
            assert not list((tmp_path / "console" / "last_state").glob("*"))
            form.enter()
            form = await person.form()
            assert (form.draft.email, form.said["password"].state, form.why.failed) == (EMAIL, "", False)
            assert form.why.sentence == "A password is needed to sign in."
            form.become(LOCAL_PEOPLE[2].email)
            desk = await person.desk()
            assert (desk.environment, desk.role) == ("local", "admin")

        await person.sit(first_start)
        (kept,) = person.kept().all
        assert (kept.name, kept.email, person.kept().chosen) == ("Rehearsal", EMAIL, kept)
        await person.sit(second_start)
        await person.sit(third_start)
        assert person.kept().chosen is None

    assert run(server, tmp_path, suite).entries == {}


def test_what_the_settings_leave_out_is_asked_for_and_what_they_say_wins(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, qt_app: QApplication
) -> None:
    async def suite(person: Person) -> None:
        given = {"SUPABASE_URL": person.url, "SUPABASE_ANON_KEY": KEY, "ENVIRONMENT": "staging"}

        async def steps() -> None:
            form = await person.form()
            assert form.fixed == {"url": "SUPABASE_URL", "key": "SUPABASE_ANON_KEY"}
            assert (form.draft.url, form.people, form.local, form.why.failed) == (person.url, (), False, False)
            form.edit(form.draft._replace(email=EMAIL, password=PASSWORD, url="https://elsewhere.example"))
            form.enter()
            assert (await person.desk()).who == EMAIL

        async def again() -> None:
            assert (await person.desk()).who == EMAIL

        await person.sit(steps, **given)
        assert person.kept().all == ()
        await person.sit(again, **given)

    run(server, tmp_path, suite)


def test_a_session_that_is_over_leads_to_the_form(
    server: Postgres,
    owner: psycopg.Connection,
    tmp_path: Path,
    qt_app: QApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.clients.supabase_session._LOOK_EVERY", 0.05)

    async def suite(person: Person) -> None:
        given = {"SUPABASE_URL": person.url, "SUPABASE_ANON_KEY": KEY, "STAFF_EMAIL": EMAIL}

        async def steps() -> None:
            form = await person.form()
            form.edit(form.draft._replace(password=PASSWORD))
            form.enter()
            await person.desk()
            owner.execute("truncate auth.sessions")
            form = await person.form()
            assert (form.why.sentence, form.draft.password) == ("The sign-in has ended.", "")

        await person.sit(steps, **given)

    assert run(server, tmp_path, suite, token_seconds=2).entries == {}
