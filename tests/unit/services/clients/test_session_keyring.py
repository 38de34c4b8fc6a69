"""The refresh token in the keyring: kept, replaced, deleted; a keyring that fails or hangs leaves memory only."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail

from services.clients.session_keyring import SessionKeyring
from tests.fakes.keyrings import Failing, Hanging, InMemory, Locked, in_use

URL = "https://abcd.supabase.co"
EMAIL = "a@b.example"
HERE, THERE = Path("/data/here").absolute(), Path("/data/there").absolute()
OF_ALL = f"Directory-Bolt {URL}"
"""The entry that all data folders had."""


def test_a_token_is_kept_replaced_and_deleted_for_one_person_of_one_project() -> None:
    async def steps() -> None:
        mine, other = SessionKeyring(URL + "/", "a@b.example", HERE), SessionKeyring(URL, "c@d.example", HERE)
        assert await mine.read() == ""
        await mine.forget()
        await mine.keep("first")
        await mine.keep("second")
        await other.keep("another")
        assert (await SessionKeyring(URL, "a@b.example", HERE).read(), mine.why) == ("second", "")
        await mine.forget()
        assert (await mine.read(), await other.read()) == ("", "another")

    with in_use(InMemory()):
        asyncio.run(steps())


def test_a_keyring_that_fails_is_said_without_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    async def steps() -> SessionKeyring:
        ours = SessionKeyring(URL, "a@b.example", HERE)
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
        ours = SessionKeyring(URL, "a@b.example", HERE, seconds=0.05)
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
        ours = SessionKeyring(URL, "a@b.example", HERE)
        assert await ours.word(make=True) == ""
        return ours

    with in_use(kind()):
        assert words in asyncio.run(steps()).why


def test_the_word_of_a_keyring_stays_until_it_is_forgotten() -> None:
    async def steps() -> None:
        ours = SessionKeyring(URL, "a@b.example", HERE)
        assert await ours.word() == ""
        first = await ours.word(make=True)
        assert len(first) >= 24
        assert await ours.word(make=True) == await ours.word() == first
        assert await SessionKeyring(URL, "c@d.example", HERE).word() == ""
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
        ours = SessionKeyring(URL, "a@b.example", HERE)
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
        ours = SessionKeyring(URL, "a@b.example", HERE)
        await ours.keep("token")
        with in_use(Locked()):
            assert await ours.read() == ""
        assert "locked" in ours.why
        await (ours.forget() if way == "forget" else ours.hide())
        assert (backend.entries, ours.why) == ({}, "")

    with in_use(backend):
        asyncio.run(steps())


def test_two_data_folders_have_an_entry_each() -> None:
    async def steps() -> None:
        ours, theirs = SessionKeyring(URL, EMAIL, HERE), SessionKeyring(URL, EMAIL, THERE)
        await ours.keep("ours")
        words = await ours.word(make=True), await theirs.word(make=True)
        await theirs.keep("theirs")
        assert (await ours.read(), await theirs.take_over()) == ("ours", "theirs")
        await theirs.hide()
        assert (await ours.take_over(), await ours.word()) == ("ours", words[0])
        await theirs.bring_back("theirs")
        await ours.forget()
        assert (await theirs.read(), await theirs.word()) == ("theirs", words[1])

    with in_use(InMemory()):
        asyncio.run(steps())


def old_entry() -> InMemory:
    backend = InMemory()
    backend.entries = {(OF_ALL, EMAIL): "old", (f"{OF_ALL} last state", EMAIL): "word", (OF_ALL, "c@d.example"): "no"}
    return backend


def test_an_entry_of_all_folders_goes_to_the_first_that_comes_without_a_password() -> None:
    backend = old_entry()

    async def steps() -> None:
        first, second = SessionKeyring(URL, EMAIL, HERE), SessionKeyring(URL, EMAIL, THERE)
        assert await second.read() == ""  # a password is at hand: the session may be another folder's
        assert (await first.take_over(), await first.word()) == ("old", "word")
        assert (await second.take_over(), await second.word()) == ("", "")
        assert [key for key in backend.entries if key[0].startswith(OF_ALL) and "from" not in key[0]] == [
            (OF_ALL, "c@d.example")
        ]
        await first.keep("new")
        assert await first.take_over() == "new"

    with in_use(backend):
        asyncio.run(steps())


@pytest.mark.parametrize("calls", range(1, 5))
def test_a_start_that_is_killed_while_it_takes_an_entry_over_loses_nothing(calls: int) -> None:
    class Dying(InMemory):
        left = calls

        def set_password(self, service: str, username: str, password: str) -> None:
            self.live()
            super().set_password(service, username, password)

        def delete_password(self, service: str, username: str) -> None:
            self.live()
            super().delete_password(service, username)

        def live(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("killed")

    backend = Dying()
    backend.entries = old_entry().entries

    async def steps() -> None:
        await SessionKeyring(URL, EMAIL, HERE).take_over()
        backend.left = 100
        again = SessionKeyring(URL, EMAIL, HERE)
        assert (await again.take_over(), await again.word()) == ("old", "word")
        assert await SessionKeyring(URL, EMAIL, THERE).take_over() == ""

    with in_use(backend):
        asyncio.run(steps())


def test_an_entry_of_all_folders_that_another_one_has_use_for_is_left_alone() -> None:
    async def steps() -> None:
        ours = SessionKeyring(URL, EMAIL, HERE)
        await ours.keep("ours")
        assert await ours.take_over() == "ours"
        assert await SessionKeyring(URL, EMAIL, THERE).take_over() == "old"

    with in_use(old_entry()):
        asyncio.run(steps())


@pytest.mark.parametrize("way", ["forget", "hide"])
def test_no_lock_and_no_sign_out_leaves_an_entry_of_all_folders(way: str) -> None:
    backend = old_entry()

    async def steps() -> None:
        ours = SessionKeyring(URL, EMAIL, HERE)
        await (ours.forget() if way == "forget" else ours.hide())

    with in_use(backend):
        asyncio.run(steps())
    assert backend.entries == {(OF_ALL, "c@d.example"): "no"}
