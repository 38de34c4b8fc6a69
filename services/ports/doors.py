"""The port through which a project is tried before anybody signs in to it."""

from __future__ import annotations

from typing import Protocol


class ProjectDoor(Protocol):
    """Each call raises a ConsoleError: NotReachable when nobody could be asked, another one when it is wrong.

    The error's `settings` say in a sentence what is wrong with what was given.
    """

    async def find(self, url: str) -> None:
        """Is a Supabase project at this address?"""
        ...

    async def try_key(self, url: str, key: str) -> None:
        """Does the project there know this key?"""
        ...

    async def try_person(self, url: str, key: str, email: str, password: str) -> str:
        """The role of somebody; their sign-in is ended again at once. Refused for one who isn't staff."""
        ...

    async def try_queue(self, url: str) -> str:
        """Is there a queue that may be asked for its figures? The address of its dead letter queue, "" for none."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
