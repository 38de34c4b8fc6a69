"""Which project is opened next and as whom, from the settings, the list of environments and what people typed."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable
from urllib.parse import urlsplit

from app.actions.sign_in import FIELDS, SignInActs, Why, said_by
from app.environments import LOCAL, Environments
from app.moves import Become, Elsewhere, Enter, Move, Open, SignOut, TryAgain
from app.premises import Premises
from app.sync.last_state import LastState
from services.clients.project_door import SupabaseDoor
from services.clients.session_keyring import SessionKeyring
from services.domain.environments import Draft, Environment, Field, Said
from services.domain.errors import ConsoleError, NotReachable, Refused, SignedOut
from services.domain.people import LOCAL_PEOPLE
from services.domain.text import slug
from services.settings import Settings, described


class Door:
    """`settings` first; what the other calls say is of the settings that it found."""

    def __init__(self) -> None:
        self._settings = Settings()
        self._environments: Environments | None = None
        self._draft = Draft()
        self._given: dict[str, str] = {}
        self.person = ""
        """Who is at the local stack, "" for whom it names itself."""
        self.typed: frozenset[str] = frozenset()
        """Which fields of the settings come from the sign-in."""

    @property
    def environments(self) -> Environments:
        """The list that `settings` has read."""
        assert self._environments is not None
        return self._environments

    @property
    def current(self) -> str:
        """The id of the environment that is opened, "" for the local stack."""
        return self._draft.id

    @property
    def elsewhere(self) -> str:
        """The words of the way from a problem to the sign-in; "" where the settings leave no choice."""
        return "" if self._settings.supabase_url or self._environments is None else "Choose another environment"

    async def settings(self, settings: Settings, move: Move, premises: Premises) -> Settings | Why:
        """What to open after this move; a Why where people have to be asked first. Raises ConsoleError."""
        self._settings, self._given = settings, _given(settings) if settings.supabase_url else {}
        await premises.hold(settings.data_path)
        environments = self._environments = Environments(settings.data_path / "console" / "environments.json")
        await asyncio.to_thread(environments.read)
        for removed in environments.removed:  # the program ended in the middle of it, or the keyring was locked
            await self._forget(removed)
        match move:
            case Enter(draft):
                await asyncio.to_thread(self._keep, environments, draft)
            case Become(email):
                self.person, self._draft = email, Draft()
                await asyncio.to_thread(environments.choose, LOCAL)
            case Open(wanted):
                await asyncio.to_thread(environments.choose, wanted)
                self.person, self._draft = "", as_draft(environments.chosen) if environments.chosen else Draft()
        if settings.supabase_url and not self._draft.email:
            self._draft = self._draft._replace(email=environments.email_at(settings.supabase_url))
        elif environments.chosen is not None and not self._draft.url:
            self._draft = as_draft(environments.chosen)
        if isinstance(move, Elsewhere | SignOut):
            self._draft = self._draft._replace(password="")  # somebody else may sit down to the form
            return Why()
        if environments.trouble and not settings.supabase_url and isinstance(move, TryAgain):
            return Why(environments.trouble, failed=True)
        found = _entered(settings, self._draft) if settings.supabase_url or self._draft.url else settings
        self.typed = _typed_over(settings, found)
        return found

    def opened(self) -> None:
        """Somebody came in: their password is needed no more."""
        self._draft = self._draft._replace(password="")

    def asks_for(self, error: ConsoleError) -> bool:
        """Whether this is for people to type, rather than to set in the environment or .env."""
        if isinstance(error, NotReachable) or not (self._given or self._draft.url):
            return False
        return any(name in FIELDS and name not in self._given for name in error.settings)

    def after_the_end(self, error: SignedOut) -> Why | None:
        """The project ended the sign-in; None where the settings have the password for the next one."""
        self._draft = self._draft._replace(password="")
        if "STAFF_PASSWORD" in self._given or not (self._given or self._draft.url):
            return None
        return Why(str(error), "Somebody ended it, or it was not used for too long. Sign in again.", error.raw)

    def after_sign_out(self, *, told: bool) -> Why:
        """The person signed out."""
        if told:
            return Why("You are signed out.")
        return Why(
            "You are signed out on this computer.", "The project could not be told: there the session ends later."
        )

    def form(self, why: Why | ConsoleError, go: Callable[[Move], None]) -> SignInActs:
        """The form in which people type what is missing or wrong."""
        draft = self._draft
        if self._settings.supabase_url:
            asked = _entered(self._settings, draft)
            draft = draft._replace(
                name=urlsplit(asked.supabase_url).hostname or "",
                kind="staging" if asked.where == "staging" else "local" if asked.where == "local" else "production",
                url=asked.supabase_url, key=asked.publishable_key, email=asked.staff_email, queue=asked.queue_url,
            )  # fmt: skip
        reason, said = (why, {}) if isinstance(why, Why) else _why(why, draft)
        return SignInActs(
            SupabaseDoor(self._settings),
            self.environments,
            go,
            self._forget,
            draft=draft,
            why=reason,
            said=said,
            fixed={FIELDS[name]: name for name in self._given if FIELDS[name] != "password"},
            people=() if self._settings.supabase_url else LOCAL_PEOPLE,
            local=not draft.url and not self.environments.trouble,
        )

    async def _forget(self, environment: Environment) -> None:
        """What is kept of everybody who signed in to it; under another name it may still be on the list."""
        url, environments = environment.url, self.environments
        others = [one for one in environments.all if one.url.rstrip("/") == url.rstrip("/")]
        folder = self._settings.data_path / "console" / "last_state"
        people = {environment.email, *environments.people_at(url)} if not others else {environment.email}
        for email in people - {"", *(one.email for one in others)}:
            keyring = SessionKeyring(url, email, self._settings.data_path)
            await keyring.forget()
            await asyncio.to_thread(LastState(folder, url, email).forget)
            if keyring.why:
                return  # the next start tries again
        with contextlib.suppress(Refused):  # they are gone; that their names stay is no harm
            if not others:
                await asyncio.to_thread(environments.forget_people, url)
            await asyncio.to_thread(environments.forgotten, environment)

    def _keep(self, environments: Environments, draft: Draft) -> None:
        """Write down what was typed before it is tried, so that a crash loses none of it."""
        self._draft = draft
        with contextlib.suppress(Refused):  # a full disk is no reason not to sign in
            if self._settings.supabase_url:
                environments.keep_email(self._settings.supabase_url, draft.email.strip())
                return
            url = draft.url.strip().rstrip("/")
            name = draft.name.strip() or urlsplit(url).hostname or url
            kept = Environment(
                draft.id or slug(f"{name} {url}"), name, draft.kind, url, draft.key.strip(), draft.email.strip(),
                draft.queue.strip(), draft.dead_letters.strip(),
            )  # fmt: skip
            self._draft = as_draft(kept)._replace(password=draft.password)
            environments.keep(kept)


def as_draft(environment: Environment) -> Draft:
    """An environment as it stands in the form, without a password."""
    return Draft(
        environment.id, environment.name, environment.kind, environment.url, environment.key, environment.email, "",
        environment.queue, environment.dead_letters,
    )  # fmt: skip


def _why(error: ConsoleError, draft: Draft) -> tuple[Why, dict[Field, Said]]:
    """What a form says of an error: a field that is only empty isn't wrong yet."""
    said = {field: found if getattr(draft, field) else Said("", found.words) for field, found in said_by(error).items()}
    failed = any(found.state for found in said.values())
    return Why(str(error), error.hint, error.raw, failed=failed), said


def _given(settings: Settings) -> dict[str, str]:
    """What this machine's environment or .env says of the project: names, each with the value."""
    names = {field.name: field.metadata["names"] for field in described()}
    keys = ("supabase_url", "publishable_key", "staff_email", "staff_password", "queue_url", "dlq_url")
    return {names[key][0]: getattr(settings, key) for key in keys if getattr(settings, key)}


def _entered(settings: Settings, draft: Draft) -> Settings:
    """The settings for a project that was typed or chosen; what they say of a project themselves stays."""
    if settings.supabase_url:
        return dataclasses.replace(
            settings,
            publishable_key=settings.publishable_key or draft.key.strip(),
            staff_email=settings.staff_email or draft.email.strip(),
            staff_password=draft.password or settings.staff_password,
        )
    return dataclasses.replace(
        settings,
        environment=draft.kind,
        supabase_url=draft.url.strip(),
        publishable_key=draft.key.strip(),
        staff_email=draft.email.strip(),
        staff_password=draft.password,
        queue_url=draft.queue.strip(),
        dlq_url=draft.dead_letters.strip(),
    )


def _typed_over(settings: Settings, entered: Settings) -> frozenset[str]:
    """Which fields of `entered` a sign-in has changed."""
    return frozenset(
        field.name for field in described() if getattr(settings, field.name) != getattr(entered, field.name)
    )
