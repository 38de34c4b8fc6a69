"""The password of who is signed in, as far as this start has seen it to be right: kept in memory, as a slow hash."""

from __future__ import annotations

import asyncio
from typing import Final

from services.domain.passwords import hash_password, verify_password

MOST_TRIES: Final = 5
"""So many wrong ones in a row are looked at here; then only the project can say."""


class KnownPassword:
    """Opens no more than the last known state does: who has the password sees that without the project too."""

    def __init__(self) -> None:
        self._hash = ""
        self._tries = 0

    @property
    def usable(self) -> bool:
        """Whether a password can be looked at without the project."""
        return bool(self._hash) and self._tries < MOST_TRIES

    async def learn(self, password: str) -> None:
        """The project has just accepted this one."""
        self._hash = await asyncio.to_thread(hash_password, password)
        self._tries = 0

    async def matches(self, password: str) -> bool:
        """Whether this is the one; False where nothing is known."""
        if not self.usable:
            return False
        self._tries += 1
        right = await asyncio.to_thread(verify_password, password, self._hash)
        self._tries = 0 if right else self._tries
        return right

    def forget(self) -> None:
        """The project has refused it."""
        self._hash = ""
