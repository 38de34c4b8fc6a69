"""The refresh token in the keyring: kept, replaced, deleted; a keyring that fails or hangs leaves memory only."""

from __future__ import annotations

import asyncio
import threading

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail

from services.clients.session_keyring import SessionKeyring
from tests.fakes.keyrings import Failing, Hanging, InMemory, Locked, in_use

URL = "https://abcd.supabase.co"


def test_a_token_is_kept_replaced_and_deleted_for_one_person_of_one_project() -> None:
    async def steps() -> None:
        mine, other = SessionKeyring(URL + "/", "a@b.example"), SessionKeyring(URL, "c@d.example")
        assert await mine.read() == ""
        await mine.forget()
        await mine.keep("first")
        await mine.keep("second")
        await other.keep("another")
        assert (await SessionKeyring(URL, "a@b.example").read(), mine.why) == ("second", "")
        await mine.forget()
        assert (await mine.read(), await other.read()) == ("", "another")

    with in_use(InMemory()):
        asyncio.run(steps())


def test_a_keyring_that_fails_is_said_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def steps() -> SessionKeyring:
        ours = SessionKeyring(URL, "a@b.example")
        await ours.keep("planted-token")
        assert await ours.read() == ""
        return ours

    with in_use(Failing()):
        ours = asyncio.run(steps())
    assert "fails (KeyringError)" in ours.why
    assert "memory only" in caplog.text
    assert "planted-token" not in caplog.text + ours.why


def test_a_keyring_that_waits_for_a_person_is_asked_once_and_not_waited_for() -> None:
    backend = Hanging()

    async def steps() -> None:
        ours = SessionKeyring(URL, "a@b.example", seconds=0.05)
        assert await ours.read() == ""
        assert "locked" in ours.why
        backend.release.set()
        assert await ours.read() == ""
        assert backend.calls == 1

    with in_use(backend):
        asyncio.run(steps())


@pytest.mark.parametrize(("kind", "words"), [(Locked, "is locked"), (fail.Keyring, "has no keyring")])
def test_why_nothing_is_kept_is_said_in_words(kind: type[KeyringBackend], words: str) -> None:
    async def steps() -> SessionKeyring:
        ours = SessionKeyring(URL, "a@b.example")
        assert await ours.word(make=True) == ""
        return ours

    with in_use(kind()):
        assert words in asyncio.run(steps()).why


def test_the_word_of_a_keyring_stays_until_it_is_forgotten() -> None:
    async def steps() -> None:
        ours = SessionKeyring(URL, "a@b.example")
        assert await ours.word() == ""
        first = await ours.word(make=True)
        assert len(first) >= 24
        assert await ours.word(make=True) == await ours.word() == first
        assert await SessionKeyring(URL, "c@d.example").word() == ""
        await ours.forget()
        assert await ours.word() == ""

    with in_use(InMemory()):
        asyncio.run(steps())


def test_what_was_asked_for_first_is_done_first() -> None:
    class Slow(InMemory):
        def set_password(self, service: str, username: str, password: str) -> None:
            began.set()
            goes_on.wait(10)
            super().set_password(service, username, password)

    began, goes_on = threading.Event(), threading.Event()
    backend = Slow()

    async def steps() -> None:
        ours = SessionKeyring(URL, "a@b.example")
        keeping = asyncio.ensure_future(ours.keep("token"))
        await asyncio.to_thread(began.wait, 10)
        forgetting = asyncio.ensure_future(ours.forget())
        await asyncio.sleep(0)
        goes_on.set()
        await asyncio.gather(keeping, forgetting)

    with in_use(backend):
        asyncio.run(steps())
    assert backend.entries == {}


@pytest.mark.parametrize("way", ["forget", "hide"])
def test_what_takes_an_entry_out_is_tried_after_a_failure_too(way: str) -> None:
    backend = InMemory()

    async def steps() -> None:
        ours = SessionKeyring(URL, "a@b.example")
        await ours.keep("token")
        with in_use(Locked()):
            assert await ours.read() == ""
        assert "locked" in ours.why
        await (ours.forget() if way == "forget" else ours.hide())
        assert (backend.entries, ours.why) == ({}, "")

    with in_use(backend):
        asyncio.run(steps())
