"""Who has an account at a practice directory; kept in a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from services.domain.passwords import hash_password, verify_password


class Accounts:
    """E-mail addresses and password hashes by host. Calls take some 50 ms: the hash is meant to be slow."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._by_host: dict[str, dict[str, str]] = {}
        if file.exists():
            self._by_host = msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, str]])

    def create(self, host: str, email: str, password: str) -> bool:
        """A new account; False when the address has one already."""
        accounts = self._by_host.setdefault(host, {})
        if email.casefold() in accounts:
            return False
        accounts[email.casefold()] = hash_password(password)
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._by_host))
        fresh.replace(self._file)
        return True

    def matches(self, host: str, email: str, password: str) -> bool:
        """Whether the address has an account with this password."""
        return verify_password(password, self._by_host.get(host, {}).get(email.casefold(), ""))
