"""The key of the 2Captcha account in this machine's keyring."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Final

from services.domain.errors import Refused

SECONDS: Final = 5.0
_ACCOUNT: Final = "2Captcha"


class CaptchaKeyring:
    """The key that runs of one project use. Each call raises Refused when the keyring fails or does not answer."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._service = f"Directory-Bolt {url.rstrip('/')} captchas"
        self._seconds = seconds

    async def read(self) -> str:
        """The key, "" when there is none."""

        def call() -> str:
            import keyring

            return keyring.get_password(self._service, _ACCOUNT) or ""

        return await self._in_time(call)

    async def keep(self, key: str) -> None:
        """Put it in place of the one before; "" takes that out."""

        def call() -> str:
            import keyring

            if key:
                keyring.set_password(self._service, _ACCOUNT, key)
            elif keyring.get_password(self._service, _ACCOUNT) is not None:
                keyring.delete_password(self._service, _ACCOUNT)
            return ""

        await self._in_time(call)

    async def _in_time(self, call: Callable[[], str]) -> str:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()

        def settle(found: str | None) -> None:
            if not answer.done():
                answer.set_result(found)

        def run() -> None:
            found: str | None = None
            try:
                found = call()
            except Exception:  # what a backend says may hold what it was given
                found = None
            with contextlib.suppress(RuntimeError):  # the program ended meanwhile
                loop.call_soon_threadsafe(settle, found)

        # A daemon: a locked keyring may wait for a person for ever, and must not keep the program from ending.
        threading.Thread(target=run, name="captcha-keyring", daemon=True).start()
        try:
            found = await asyncio.wait_for(answer, self._seconds)
        except TimeoutError:
            found = None
        if found is None:
            raise Refused("This computer's keyring is locked, fails or isn't there.")
        return found
