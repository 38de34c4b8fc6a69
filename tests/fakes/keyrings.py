"""Keyrings by keyring's own interface: in memory, one that fails, one that is locked, one that waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, KeyringLocked


class InMemory(KeyringBackend):
    """Keeps entries by service and name."""

    # keyring finds every class of a backend by itself: below zero it takes none of these unasked.
    priority = -1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class Failing(InMemory):
    """Repeats in its error what it was given, as a careless backend does."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringError(password)


class Locked(InMemory):
    """Gives nothing away."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked


class Hanging(InMemory):
    """Waits until `release` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.release = threading.Event()
        self.calls = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.calls += 1
        self.release.wait()
        return "too late"


@contextmanager
def in_use(backend: KeyringBackend) -> Iterator[None]:
    """Let `backend` be this machine's keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
