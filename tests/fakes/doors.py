"""A project's door in memory: it knows one address, one key, one person and one queue."""

from __future__ import annotations

import asyncio

from services.domain.errors import ConsoleError, NotPermitted, NotReachable, Refused

URL, KEY, EMAIL, PASSWORD = "https://a.example", "sb_publishable_a", "desk-2@directory-bolt.example", "right"
QUEUE = "https://queue.example/1/Main"


class FakeDoor:
    """`asked` has what it was asked for; nothing is answered before `may_answer` is set; `gone`: nobody answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gone = False
        self.closed = False
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def find(self, url: str) -> None:
        await self._wait(f"find {url}")
        if url != URL:
            raise Refused("What answers is no Supabase project.", settings={"SUPABASE_URL": "Not as a project does."})

    async def try_key(self, url: str, key: str) -> None:
        await self._wait(f"key {key}")
        if key != KEY:
            raise NotPermitted("The project doesn't accept the key.", settings={"SUPABASE_ANON_KEY": "Not known."})

    async def try_person(self, url: str, key: str, email: str, password: str) -> str:
        await self._wait(f"person {password}")
        if (email, password) != (EMAIL, PASSWORD):
            both = dict.fromkeys(("STAFF_EMAIL", "STAFF_PASSWORD"), "Not with this password.")
            raise NotPermitted("The sign-in was refused.", settings=both)
        return "operator"

    async def try_queue(self, url: str) -> str:
        await self._wait(f"queue {url}")
        if url != QUEUE:
            raise ConsoleError("This queue does not exist.", hint="Check it.")
        return "https://queue.example/1/Dead"

    async def close(self) -> None:
        self.closed = True

    async def _wait(self, what: str) -> None:
        self.asked.append(what)
        await self.may_answer.wait()
        if self.gone:
            raise NotReachable("Nothing answers.", settings={"SUPABASE_URL": "Nothing answers there."})
