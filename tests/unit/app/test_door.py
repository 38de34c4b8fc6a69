"""What is kept of people at a project goes with it, and a password never outlives the form."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.door import Door
from app.environments import Environments
from app.moves import Elsewhere, Enter, TryAgain
from app.premises import Premises
from services.clients.session_keyring import SessionKeyring
from services.domain.environments import Draft, Environment
from services.settings import Settings, read_settings
from tests.fakes.keyrings import InMemory, Locked, in_use

URL = "https://abcd.supabase.co"
DRAFT = Draft("main", "Main", "production", URL, "sb_publishable_a", "desk-2@directory-bolt.example", "typed")
PEOPLE = ("desk-2@directory-bolt.example", "desk-3@directory-bolt.example")


def run(folder: Path, act: Callable[[Door, Settings, Premises], Awaitable[None]]) -> InMemory:
    backend = InMemory()

    async def whole() -> None:
        premises = Premises()
        try:
            await act(Door(), read_settings({"DIRECTORY_BOLT_HOME": str(folder)}), premises)
        finally:
            await premises.close()

    with in_use(backend):
        asyncio.run(whole())
    return backend


async def signed_in(door: Door, settings: Settings, premises: Premises) -> None:
    for email in PEOPLE:
        await door.settings(settings, Enter(DRAFT._replace(email=email)), premises)
        await SessionKeyring(URL, email, settings.data_path).keep("token")


def environment_of(draft: Draft) -> Environment:
    return Environment(draft.id, draft.name, draft.kind, draft.url, draft.key, draft.email)


def environment(environments: Environments, wanted: str) -> Environment:
    found = environments.get(wanted)
    assert found is not None
    return found


def test_everybody_is_forgotten_with_the_project(tmp_path: Path) -> None:
    async def act(door: Door, settings: Settings, premises: Premises) -> None:
        await signed_in(door, settings, premises)
        gone = environment(door.environments, "main")
        door.environments.remove("main")
        await door._forget(gone)
        assert door.environments.people_at(URL) == ()

    assert run(tmp_path, act).entries == {}


def test_who_is_at_the_same_project_under_another_name_stays(tmp_path: Path) -> None:
    async def act(door: Door, settings: Settings, premises: Premises) -> None:
        await signed_in(door, settings, premises)
        gone = environment(door.environments, "main")
        await door.settings(settings, Enter(DRAFT._replace(id="second", email=PEOPLE[0])), premises)
        door.environments.remove("main")
        await door._forget(gone)

    assert [email for _, email in run(tmp_path, act).entries] == [PEOPLE[0]]


def test_a_project_that_was_removed_is_forgotten_by_the_next_start_where_this_one_was_killed(tmp_path: Path) -> None:
    async def act(door: Door, settings: Settings, premises: Premises) -> None:
        await signed_in(door, settings, premises)
        door.environments.remove("main")
        # Here it is killed. The first start finds the keyring locked.
        with in_use(Locked()):
            await Door().settings(settings, TryAgain(), premises)
        again = Door()
        await again.settings(settings, TryAgain(), premises)
        assert (again.environments.removed, again.environments.people_at(URL)) == ((), ())

    assert run(tmp_path, act).entries == {}


def test_a_project_that_was_added_again_meanwhile_keeps_its_sign_in(tmp_path: Path) -> None:
    async def act(door: Door, settings: Settings, premises: Premises) -> None:
        await signed_in(door, settings, premises)
        door.environments.remove("main")
        again = environment_of(DRAFT._replace(email=PEOPLE[0]))
        door.environments.keep(again)
        await Door().settings(settings, TryAgain(), premises)

    assert [email for _, email in run(tmp_path, act).entries] == [PEOPLE[0]]


def test_a_password_is_gone_when_the_form_comes_back_for_another_choice(tmp_path: Path) -> None:
    async def act(door: Door, settings: Settings, premises: Premises) -> None:
        assert getattr(await door.settings(settings, Enter(DRAFT), premises), "staff_password", "") == "typed"
        await door.settings(settings, Elsewhere(), premises)
        assert getattr(await door.settings(settings, TryAgain(), premises), "staff_password", "") == ""

    run(tmp_path, act)
