"""A sign-in that is kept: the next start needs no password until the project ends the session."""

from __future__ import annotations

import asyncio

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


def test_a_restart_needs_no_password_until_the_project_ends_the_session(server: Postgres) -> None:
    backend = InMemory()

    async def steps() -> None:
        async with gateway(server) as running:

            async def start(password: str) -> SupabaseSession:
                keyring = SessionKeyring(running.url, EMAIL)
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
            word = await SessionKeyring(running.url, EMAIL).word(make=True)
            await second.keep_for_later(False)
            await second.renew(second.access_token)
            assert kept() == []
            with pytest.raises(NotPermitted):
                await start("")
            await second.keep_for_later(True)
            assert await SessionKeyring(running.url, EMAIL).word() == word
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
                assert third.kept_where.startswith(f"{IN_MEMORY} This machine has a keyring that is locked.")
                await third.close()

    with in_use(backend):
        asyncio.run(steps())
