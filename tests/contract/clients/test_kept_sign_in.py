"""A sign-in that is kept: the next start needs no password until the project ends the session."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest

from app.actions.preferences import IN_MEMORY
from services.clients.session_keyring import SessionKeyring
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotPermitted
from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, PASSWORD, gateway
from tests.fakes.keyrings import InMemory, Locked, in_use

pytestmark = pytest.mark.stack
EMAIL = "operator@directory-bolt.example"
HERE, THERE = Path("/data/here").absolute(), Path("/data/there").absolute()
DYING = """
import asyncio, os, signal, sys
from pathlib import Path
from services.clients.session_keyring import SessionKeyring
from services.clients.supabase_session import SupabaseSession
from tests.fakes.keyrings import InMemory, in_use

class Dying(InMemory):
    def set_password(self, service, username, password):
        os.kill(os.getpid(), signal.SIGKILL)

async def main(url, key, email, folder, kept):
    backend = Dying()
    backend.entries[f"Directory-Bolt {url} from {folder}", email] = kept
    with in_use(backend):
        await SupabaseSession.sign_in(url, key, email, "", keyring=SessionKeyring(url, email, Path(folder)))

asyncio.run(main(*sys.argv[1:]))
"""
"""A start that is killed when it has the renewed sign-in, and the keyring doesn't yet."""


def test_a_restart_needs_no_password_until_the_project_ends_the_session(server: Postgres) -> None:
    backend = InMemory()

    async def steps() -> None:
        async with gateway(server) as running:

            async def start(password: str) -> SupabaseSession:
                keyring = SessionKeyring(running.url, EMAIL, HERE)
                return await SupabaseSession.sign_in(running.url, KEY, EMAIL, password, keyring=keyring)

            def kept() -> list[str]:
                return list(backend.entries.values())

            with pytest.raises(NotPermitted) as nothing:
                await start("")
            assert list(nothing.value.settings) == ["STAFF_PASSWORD"]
            first = await start(PASSWORD)
            before = kept()
            await first.close()
            second = await start("")
            assert (second.role, second.email) == ("operator", EMAIL)
            assert len(kept()) == 1
            assert kept() != before
            before = kept()
            await second.renew(second.access_token)
            assert len(kept()) == 1
            assert kept() != before
            assert "In the keyring" in second.kept_where
            before = kept()
            await second.confirm(PASSWORD)
            with pytest.raises(NotPermitted):
                await second.confirm("wrong")
            assert (kept(), await second.renew("another")) == (before, second.access_token)
            # A locked window, ended and started again, doesn't open without a password.
            word = await SessionKeyring(running.url, EMAIL, HERE).word(make=True)
            await second.keep_for_later(False)
            await second.renew(second.access_token)
            assert kept() == []
            with pytest.raises(NotPermitted):
                await start("")
            await second.keep_for_later(True)
            assert await SessionKeyring(running.url, EMAIL, HERE).word() == word
            third = await start("")
            await third.close()
            await second.client.auth.sign_out()
            await second.close()
            with pytest.raises(NotPermitted) as ended:
                await start("")
            assert list(ended.value.settings) == ["STAFF_PASSWORD"]
            assert kept() == []
            with in_use(Locked()):
                third = await start(PASSWORD)
                assert third.kept_where.startswith(f"{IN_MEMORY} This computer has a keyring that is locked.")
                await third.close()

    with in_use(backend):
        asyncio.run(steps())


def test_two_data_folders_end_no_session_of_each_other(server: Postgres, owner: psycopg.Connection) -> None:
    def sessions() -> set[str]:
        return {str(row[0]) for row in owner.execute("select id from auth.sessions")}

    async def suite(start: Start) -> None:
        here = await start(HERE, PASSWORD)
        (ours,) = sessions()
        there = await start(THERE, PASSWORD)
        (theirs,) = sessions() - {ours}
        for open_one in (here, there):
            await open_one.renew(open_one.access_token)
            await open_one.close()
        for folder in (THERE, HERE):
            await (await start(folder, "")).close()
        assert sessions() == {ours, theirs}
        # A password ends the earlier session of its own folder, and no other one, whichever way round.
        await (await start(THERE, PASSWORD)).close()
        assert ours in sessions()
        assert theirs not in sessions()
        await (await start(HERE, "")).close()
        (theirs,) = sessions() - {ours}
        await (await start(HERE, PASSWORD)).close()
        assert theirs in sessions()
        assert ours not in sessions()
        await (await start(THERE, "")).close()

    run(server, suite)


def test_the_sign_in_of_an_earlier_version_goes_on_in_the_folder_that_has_use_for_it(
    server: Postgres, owner: psycopg.Connection
) -> None:
    async def suite(start: Start) -> None:
        first = await start(HERE, PASSWORD)
        await first.close()
        ((service, email),) = start.backend.entries
        of_all = service.removesuffix(f" from {HERE}"), email
        start.backend.entries[of_all] = start.backend.entries.pop((service, email))
        await (await start(THERE, PASSWORD)).close()  # it may be the other folder's, and stays whole
        again = await start(HERE, "")
        assert again.email == EMAIL
        assert of_all not in start.backend.entries
        assert len(start.backend.entries) == 2
        await again.close()
        await (await start(HERE, "")).close()
        await (await start(THERE, "")).close()

    run(server, suite)


def test_a_start_that_is_killed_before_it_keeps_the_renewed_sign_in_loses_nothing(
    server: Postgres, owner: psycopg.Connection
) -> None:
    async def suite(start: Start) -> None:
        first = await start(HERE, PASSWORD)
        await first.close()
        (kept,) = start.backend.entries.values()
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DYING, first.url, KEY, EMAIL, str(HERE), kept
        )
        assert await child.wait() == -signal.SIGKILL
        owner.execute("update auth.sessions set refreshed_at = now() - interval '1 hour'")
        again = await start(HERE, "")
        assert again.role == "operator"
        assert list(start.backend.entries.values()) != [kept]
        await again.renew(again.access_token)
        await again.close()

    run(server, suite)


class Start:
    """Starts on a data folder, with a password or with what is kept."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.backend = InMemory()

    async def __call__(self, folder: Path, password: str) -> SupabaseSession:
        keyring = SessionKeyring(self._url, EMAIL, folder)
        return await SupabaseSession.sign_in(self._url, KEY, EMAIL, password, keyring=keyring)


def run(server: Postgres, suite: Callable[[Start], Awaitable[None]]) -> None:
    async def act() -> None:
        async with asyncio.timeout(60), gateway(server) as running:
            start = Start(running.url)
            with in_use(start.backend):
                await suite(start)

    asyncio.run(act())
