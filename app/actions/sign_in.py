"""The form of a sign-in: what is typed, what is known of each field, and where one may go from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple

from app import tasks
from app.environments import Environments
from app.moves import Become, Enter, Move
from services.domain.environments import Draft, Environment, Field, Said, wrong_form
from services.domain.errors import ConsoleError, NotReachable
from services.domain.people import LocalPerson
from services.ports.doors import ProjectDoor

PAUSE: Final = 0.4
"""Seconds without a key after which the outside is asked."""
FIELDS: Final[dict[str, Field]] = {
    "SUPABASE_URL": "url",
    "SUPABASE_ANON_KEY": "key",
    "STAFF_EMAIL": "email",
    "STAFF_PASSWORD": "password",
    "SQS_QUEUE_URL": "queue",
    "SQS_DLQ_URL": "dead_letters",
}
"""Which field stands for which setting."""
NEEDED: Final[dict[Field, str]] = {
    "url": "the project's address",
    "key": "its publishable key",
    "email": "your e-mail address",
}


class Why(NamedTuple):
    """Why the form is shown: a sentence and what to do ("" for none); `failed` when something went wrong."""

    sentence: str = ""
    hint: str = ""
    raw: str = ""
    failed: bool = False


class SignInActs:
    """`draft` is what stands in the form, `said` what is known of its fields; `on_change` is called after each change.

    `fixed`: fields that the environment or .env decides, each with a sentence. `people`: who may be chosen on the
    local stack. `forget`: removes what this computer keeps of somebody's sign-in. `close` at the end.
    """

    def __init__(
        self,
        door: ProjectDoor,
        environments: Environments,
        go: Callable[[Move], None],
        forget: Callable[[Environment], Awaitable[None]],
        *,
        draft: Draft,
        why: Why,
        said: Mapping[Field, Said],
        fixed: Mapping[Field, str],
        people: tuple[LocalPerson, ...],
        local: bool,
        pause: float = PAUSE,
    ) -> None:
        self._door = door
        self._environments = environments
        self._go = go
        self._forget = forget
        self._pause = pause
        self._known: dict[tuple[str, ...], Said] = {}
        self._dead_letters: dict[str, str] = {}
        self._tried: tuple[str, ...] = ()
        self._asking: list[asyncio.Task[None]] = []
        self.draft = draft
        self.why = why
        self.said: dict[Field, Said] = dict(said)
        self.fixed = dict(fixed)
        self.people = people
        self.local = local
        """Whether the local stack is what is chosen in the list."""
        self.on_change: Callable[[], None] = _nothing

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The projects of the list."""
        return self._environments.all

    @property
    def trouble(self) -> str:
        """What is wrong with the list itself, as a sentence; "" while all is well."""
        return self._environments.trouble

    def begin(self) -> None:
        """The form is shown: ask about what stands in it already."""
        if self.draft.url and not self.local:
            self._start("check sign-in", self._check(self.draft, wrong_form(self.draft)))

    def edit(self, draft: Draft) -> None:
        """Something else stands in the form: look at it at once, and ask the outside once the typing pauses."""
        before, self.draft, self.local = self.draft, draft, False
        wrong = wrong_form(draft)
        for field in ("url", "key", "email", "queue"):
            if field in wrong:
                self.said[field] = Said("wrong", wrong[field])
            elif getattr(draft, field) != getattr(before, field) or self.said.get(field, Said()).state != "wrong":
                self.said[field] = Said()
        if (draft.email, draft.password, draft.url) != (before.email, before.password, before.url):
            self.said["password"] = Said()
            if "email" not in wrong:
                self.said["email"] = Said()
        self._show_known(wrong)
        self._start("check sign-in", self._check(draft, wrong))
        self.on_change()

    def try_person(self) -> None:
        """The person left the password: try it once. Not letter by letter, for a project counts wrong ones."""
        draft = self.draft
        asked = (draft.url, draft.key, draft.email, draft.password)
        if all(asked) and asked != self._tried and not wrong_form(draft):
            self._tried = asked
            self._start("check person", self._check_person(draft))

    def choose(self, environment: Environment) -> None:
        """Fill the form with one of the list."""
        self.said, self.why = {}, Why()
        self.edit(
            Draft(
                environment.id, environment.name, environment.kind, environment.url, environment.key,
                environment.email, "", environment.queue, environment.dead_letters,
            )
        )  # fmt: skip

    def choose_local(self) -> None:
        """Look at the local stack's people instead of the form."""
        self.local, self.why = True, Why()
        self.on_change()

    def add(self) -> None:
        """Begin with an empty form."""
        self.said, self.why = {}, Why()
        self.edit(Draft())

    def why_not_enter(self) -> str:
        """Why nobody can sign in with what is typed; "" when it can be tried."""
        lacking = [words for field, words in NEEDED.items() if not getattr(self.draft, field).strip()]
        if lacking:
            return f"Still needed: {', '.join(lacking)}."
        return next(iter(wrong_form(self.draft).values()), "")

    def enter(self) -> None:
        """Sign in with what is typed; without a password, by the earlier sign-in that this computer keeps."""
        if not self.why_not_enter():
            draft = self.draft
            queue = draft.queue.strip()
            dead = self._dead_letters.get(queue) or draft.dead_letters or (f"{queue}-dlq" if queue else "")
            self._go(Enter(draft._replace(dead_letters=dead if queue else "")))

    def become(self, email: str) -> None:
        """Go on as this person of the local stack."""
        self._go(Become(email))

    def remove(self, environment: Environment) -> None:
        """Take one from the list, with all that this computer keeps of the sign-in to it."""
        tasks.spawn("remove an environment", self._remove(environment))

    async def close(self) -> None:
        """The form is left: nothing more is asked."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)
        await self._door.close()

    def _start(self, name: str, asking: Coroutine[Any, Any, None]) -> None:
        self._asking = [task for task in self._asking if not task.done()]
        self._asking.append(tasks.supersede(name, asking))

    async def _remove(self, environment: Environment) -> None:
        try:
            await asyncio.to_thread(self._environments.remove, environment.id)
        except ConsoleError as error:
            self.why = Why(str(error), error.hint, error.raw, failed=True)
        else:
            await self._forget(environment)
            if self.draft.id == environment.id:
                self.draft, self.said = Draft(), {}
        self.on_change()

    def _show_known(self, wrong: Mapping[Field, str]) -> None:
        for field, key in self._keys(self.draft, wrong).items():
            self.said[field] = self._known.get(key, self.said.get(field, Said()))

    def _keys(self, draft: Draft, wrong: Mapping[Field, str]) -> dict[Field, tuple[str, ...]]:
        """What would be asked of which field, as far as enough is typed."""
        url, key, queue = draft.url.strip(), draft.key.strip(), draft.queue.strip()
        keys: dict[Field, tuple[str, ...]] = {}
        if url and "url" not in wrong:
            keys["url"] = (url,)
            if key and "key" not in wrong:
                keys["key"] = (url, key)
        if queue and "queue" not in wrong:
            keys["queue"] = ("queue", queue)
        return keys

    async def _check(self, draft: Draft, wrong: Mapping[Field, str]) -> None:
        await asyncio.sleep(self._pause)
        keys = self._keys(draft, wrong)
        asking = [field for field, key in keys.items() if key not in self._known]
        for field in asking:
            self.said[field] = Said("asking")
        self.on_change()
        async with asyncio.TaskGroup() as group:
            if "queue" in asking:
                group.create_task(self._ask("queue", keys["queue"], lambda: self._find_queue(draft.queue.strip())))
            if "url" in asking:
                await self._ask("url", keys["url"], lambda: self._door.find(keys["url"][0]))
            if "key" in asking and self._known.get(keys["url"], Said()).state == "ok":
                await self._ask("key", keys["key"], lambda: self._door.try_key(*keys["key"]))
            elif "key" in asking:
                self.said["key"] = Said()
        self.on_change()

    async def _find_queue(self, url: str) -> None:
        self._dead_letters[url] = await self._door.try_queue(url)

    async def _ask(self, field: Field, key: tuple[str, ...], call: Callable[[], Awaitable[None]]) -> None:
        said = Said("ok", _WELL[field])
        try:
            await call()
        except ConsoleError as error:
            said = _said(field, error)
        if said.state != "unsure":
            self._known[key] = said
        self.said[field] = said
        self.on_change()

    async def _check_person(self, draft: Draft) -> None:
        self.said["password"] = Said("asking")
        self.on_change()
        said: dict[Field, Said] = {}
        try:
            role = await self._door.try_person(
                draft.url.strip(), draft.key.strip(), draft.email.strip(), draft.password
            )
            said["password"] = Said("ok", f"Right: you are {role} there.")
        except ConsoleError as error:
            said = said_by(error) or {"password": _said("password", error)}
            said.setdefault("password", Said())
        if draft == self.draft:
            self.said |= said
            self.on_change()


_WELL: Final[dict[Field, str]] = {
    "url": "A Supabase project answers.",
    "key": "The project knows this key.",
    "queue": "The queue answers.",
}


def said_by(error: ConsoleError) -> dict[Field, Said]:
    """What an error says of the fields that it points at."""
    return {FIELDS[name]: _found(error, words) for name, words in error.settings.items() if name in FIELDS}


def _said(field: Field, error: ConsoleError) -> Said:
    pointed = said_by(error)
    if field in pointed:
        return pointed[field]
    return next(iter(pointed.values()), _found(error, f"{error} {error.hint}".strip()))


def _found(error: ConsoleError, words: str) -> Said:
    return Said("unsure" if isinstance(error, NotReachable) else "wrong", words)


def _nothing() -> None:
    return None
