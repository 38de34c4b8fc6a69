"""The refresh token of a person in this machine's keyring, so that the next start needs no password.

A locked keyring may wait for a person for ever, so each call is made in a thread of its own with a limit.
After one that failed the keyring is left alone: `why` says so in words, and the sign-in lives in memory only. What
takes an entry out is tried all the same: the keyring may be open again, and what is in it opens the project.

An entry belongs to one data folder: two consoles of one person have a session each, and a token can be spent once.
Earlier versions had one for all folders. The first start that comes without a password takes it over, and whatever
takes an entry out takes that one out too: what it holds opens the project just as well.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

SECONDS: Final = 5.0


class SessionKeyring:
    """The entry of one person in one project, of the consoles on one data folder."""

    def __init__(self, url: str, email: str, folder: Path, *, seconds: float = SECONDS) -> None:
        self._of_all = f"Directory-Bolt {url.rstrip('/')}"
        self._service = f"{self._of_all} from {folder.absolute()}"
        self._email = email
        self._seconds = seconds
        self._turn = threading.Lock()
        self._hidden = ""
        self.why = ""
        """Why nothing is kept, in words; "" while the keyring works."""

    async def read(self) -> str:
        """The token that was kept, "" when there is none or it can't be had."""

        def call() -> str:
            import keyring

            return keyring.get_password(self._service, self._email) or ""

        return await self._in_time(call)

    async def take_over(self) -> str:
        """Like `read`; where there is none, an entry of all folders becomes this one's, its word with it."""

        def call() -> str:
            import keyring

            for own, of_all in ((_words(self._service), _words(self._of_all)), (self._service, self._of_all)):
                kept, old = (keyring.get_password(service, self._email) for service in (own, of_all))
                if old and not kept:
                    keyring.set_password(own, self._email, old)
                if old and kept in (None, "", old):
                    # Also what an earlier start had no time for: the next folder must not take the same session.
                    keyring.delete_password(of_all, self._email)
            return keyring.get_password(self._service, self._email) or ""

        return await self._in_time(call)

    async def keep(self, token: str) -> None:
        """Put `token` in place of the one before, which the server has spent."""

        def call() -> str:
            import keyring

            keyring.set_password(self._service, self._email, token)
            return ""

        await self._in_time(call)

    async def word(self, *, make: bool = False) -> str:
        """A word that nobody has but who may open this keyring; "" when there is none, or it can't be had.

        `make`: make one where there is none.
        """

        def call() -> str:
            import keyring

            found = keyring.get_password(_words(self._service), self._email) or ""
            if not found and make:
                found = secrets.token_urlsafe(24)
                keyring.set_password(_words(self._service), self._email, found)
            return found

        return await self._in_time(call)

    async def forget(self) -> None:
        """Delete the entries, if there are any."""

        def call() -> str:
            self._delete()
            return ""

        await self._in_time(call, at_any_rate=True)

    async def hide(self) -> None:
        """Take the entries out; `bring_back` puts them there again, and a program that ends meanwhile doesn't."""

        def call() -> str:
            import keyring

            self._hidden = keyring.get_password(_words(self._service), self._email) or self._hidden
            self._delete()
            return ""

        await self._in_time(call, at_any_rate=True)

    async def bring_back(self, token: str) -> None:
        """The word as it was, with this token."""

        def call() -> str:
            import keyring

            if self._hidden:
                keyring.set_password(_words(self._service), self._email, self._hidden)
            keyring.set_password(self._service, self._email, token)
            return ""

        await self._in_time(call)

    def _delete(self) -> None:
        import keyring

        for service in (self._service, _words(self._service), self._of_all, _words(self._of_all)):
            if keyring.get_password(service, self._email) is not None:
                keyring.delete_password(service, self._email)

    async def _in_time(self, call: Callable[[], str], *, at_any_rate: bool = False) -> str:
        if self.why and not at_any_rate:
            return ""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()

        def settle(found: str, why: str) -> None:
            if not answer.done():
                self.why = why
                answer.set_result(found)

        def run() -> None:
            found, why = "", ""
            try:
                with self._turn:  # what was asked for first is done first: no late "keep" after a "forget"
                    found = call()
            except Exception as error:
                why = _why(error)
            try:
                loop.call_soon_threadsafe(settle, found, why)
            except RuntimeError:
                return  # The program ended meanwhile.

        # A daemon: a call that never comes back must not keep the program from ending.
        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            found = await asyncio.wait_for(answer, self._seconds)
        except TimeoutError:
            found, self.why = "", "This computer has a keyring that is locked or does not answer."
        if self.why:
            _log.info("%s The sign-in is kept in memory only and asks for the password at the next start.", self.why)
        return found


def _words(service: str) -> str:
    return f"{service} last state"


def _why(error: Exception) -> str:
    """In words, and of the error its kind only: what a backend says may hold what it was given."""
    kind = type(error).__name__
    known = {"NoKeyringError": "has no keyring", "KeyringLocked": "has a keyring that is locked"}
    return f"This computer {known.get(kind, f'has a keyring that fails ({kind})')}."
