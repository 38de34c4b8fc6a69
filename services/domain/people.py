"""The staff of the local stack: one person of each role."""

from __future__ import annotations

from typing import Final, NamedTuple


class LocalPerson(NamedTuple):
    """Somebody who exists on the local stack only; all of them have the same password."""

    role: str
    email: str


LOCAL_PEOPLE: Final = (
    LocalPerson("viewer", "desk-2@directory-bolt.example"),
    LocalPerson("operator", "desk-1@directory-bolt.example"),
    LocalPerson("admin", "desk-3@directory-bolt.example"),
)
