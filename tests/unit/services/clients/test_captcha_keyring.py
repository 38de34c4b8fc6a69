"""The key of 2Captcha in the machine's keyring: kept for one project, and told in words where that fails."""

from __future__ import annotations

import asyncio

import pytest

from services.clients.captcha_keyring import CaptchaKeyring
from services.domain.errors import Refused
from tests.fakes.keyrings import Failing, Hanging, InMemory, in_use

URL = "https://abcd.supabase.co"


def test_it_is_kept_for_one_project_and_taken_out_again() -> None:
    async def go() -> None:
        kept, other = CaptchaKeyring(URL + "/"), CaptchaKeyring("https://other.supabase.co")
        await kept.keep("a-key")
        assert (await CaptchaKeyring(URL).read(), await other.read()) == ("a-key", "")
        await kept.keep("")
        await kept.keep("")
        assert await kept.read() == ""

    with in_use(InMemory()):
        asyncio.run(go())


def test_a_keyring_that_fails_or_waits_says_nothing_of_the_key() -> None:
    with in_use(Failing()), pytest.raises(Refused) as refused:
        asyncio.run(CaptchaKeyring(URL).keep("a-key"))
    assert str(refused.value) == "This computer's keyring is locked, fails or isn't there."
    assert "a-key" not in repr(refused.value.__cause__)
    waiting = Hanging()
    with in_use(waiting), pytest.raises(Refused):
        asyncio.run(CaptchaKeyring(URL, seconds=0.05).read())
    waiting.release.set()
