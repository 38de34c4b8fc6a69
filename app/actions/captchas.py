"""2Captcha: whether an admin allows it, the key of its account, and the terms under which a run may ask it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Literal, Protocol

from app import tasks
from app.actions.database_acts import DatabaseActs
from app.actions.operations import Operation
from app.actions.registry import ALLOW_CAPTCHAS, ASK_SOLVER, CAPTCHA_KEY, FORBID_CAPTCHAS, Act, why_not
from services.domain.captchas import CaptchaPermission
from services.domain.errors import ConsoleError
from services.domain.redaction import keep_out
from services.ports.wishes import CaptchaPermissions, CaptchaTerms

TARGET: Final = "2captcha"
FOLLOW_SECONDS: Final = 60.0
_TERMS_SECONDS: Final = 5.0
_LONGEST_KEY: Final = 200
Place = Literal["unknown", "", "environment", "keyring", "memory"]


class KeyShelf(Protocol):
    """Where the key is kept; each call raises a ConsoleError when that can't be done."""

    async def read(self) -> str: ...

    async def keep(self, key: str) -> None: ...


class CaptchaActs:
    """`given`: a key from the environment, which comes first. `version` grows with each change."""

    def __init__(
        self, project: CaptchaPermissions, shelf: KeyShelf, database: DatabaseActs, role: Callable[[], str | None],
        *, given: str = "",
    ) -> None:  # fmt: skip
        self._project = project
        self._shelf = shelf
        self._database = database
        self._role = role
        self._given = given
        self._key = given
        self._unread = not given
        self._of_shelf = ""
        self.permission: CaptchaPermission | None = None
        """What an admin last said; None while that isn't known."""
        self.kept: Place = "environment" if given else "unknown"
        """Where the key is; "" where there is none."""
        self.trouble = ""
        """What doesn't work, as a sentence."""
        self.version = 0

    async def follow(self) -> None:
        """Look every minute: a colleague may have said otherwise. Never returns."""
        while True:
            await self.look()
            await asyncio.sleep(FOLLOW_SECONDS)

    async def look(self) -> None:
        """Ask the project anew, and once for the key. Raises nothing: `trouble` says what could not be had."""
        before = (self.permission, self.trouble, self.kept)
        if self._unread:
            await self._read_shelf()
        try:
            self.permission, self.trouble = await self._project.permission(), self._of_shelf
        except ConsoleError as error:
            self.permission, self.trouble = None, str(error)
        self.version += before != (self.permission, self.trouble, self.kept)

    async def _read_shelf(self) -> None:
        self._unread = False  # a locked keyring asks the person, which once is enough for
        try:
            found = await self._shelf.read()
        except ConsoleError as error:
            self._of_shelf = str(error)
        except asyncio.CancelledError:
            self._unread = True
            raise
        else:
            if self.kept == "unknown":  # else another was set meanwhile
                self._have(found, "keyring")

    async def terms(self) -> CaptchaTerms | None:
        """Under which a run that begins now may ask; None where it may not, or where that can't be told in time."""
        if why_not(ASK_SOLVER, self._role()):
            return None
        try:
            async with asyncio.timeout(_TERMS_SECONDS):
                await self.look()
        except TimeoutError:
            return None
        if not self._key or self.permission is None or not self.permission.allowed:
            return None
        return CaptchaTerms(self._key, self.permission.by)

    def act(self) -> Act:
        """Allowing it, or forbidding where it is allowed."""
        return FORBID_CAPTCHAS if self.permission is not None and self.permission.allowed else ALLOW_CAPTCHAS

    def why_not(self) -> str:
        """Why that act is off; "" when it may be pressed."""
        if refusal := why_not(self.act(), self._role()):
            return refusal
        if self.permission is None:
            return self.trouble or "It isn't known yet whether it is allowed."
        return "An act on this is running." if self._database.is_asking(TARGET) else ""

    async def set_allowed(self, allowed: bool, *, reason: str) -> Operation:
        """Allow or forbid it; the operation as it stands at the end. Raises ConsoleError when that is off."""
        act = ALLOW_CAPTCHAS if allowed else FORBID_CAPTCHAS
        if refusal := self.why_not():
            raise ConsoleError(refusal)
        if act is not self.act():
            self.trouble = f"2Captcha is {'allowed' if allowed else 'not allowed'} already."
            self.version += 1
            raise ConsoleError(self.trouble)
        ended = await self._database.carry_out(
            act,
            f"{act.label} 2Captcha",
            TARGET,
            lambda request: self._project.allow(request_id=request, allowed=allowed, reason=reason),
            lambda _: ("Runs may ask 2Captcha" if allowed else "No run asks 2Captcha any more", 1),
            reason=reason,
        )
        await self.look()
        return ended

    def why_not_key(self) -> str:
        """Why the key can't be changed here; "" when it can."""
        if refusal := why_not(CAPTCHA_KEY, self._role()):
            return refusal
        return "It is set by TWO_CAPTCHA_API_KEY." if self._given else ""

    async def set_key(self, key: str) -> None:
        """Keep another key, or ("") none. Where the keyring fails it lasts as long as the program."""
        key = key.strip()
        if refusal := self.why_not_key() or why_no_key(key):
            raise ConsoleError(refusal)
        self._unread, self._of_shelf = False, ""
        try:
            await self._shelf.keep(key)
            self._have(key, "keyring")
        except ConsoleError as error:
            stays = "The key is kept until the program ends."
            if not key:
                stays = "The key may be there still, and is used again at the next start: take it out once more."
            self._of_shelf = f"{error} {stays}"
            self._have(key, "memory")
        self.trouble = self._of_shelf
        self.version += 1

    def _have(self, key: str, kept: Place) -> None:
        keep_out(key)
        self._key, self.kept = key, kept if key else ""


def why_no_key(key: str) -> str:
    """Why this can't be the key of an account; "" when it can."""
    key = key.strip()
    bad = len(key) > _LONGEST_KEY or any(sign.isspace() for sign in key)
    return "That is no key of 2Captcha." if bad else ""


def start_set_key(acts: CaptchaActs, key: str) -> None:
    """Keep a key as a task, where that can be done."""
    if not acts.why_not_key() and not why_no_key(key):
        tasks.spawn("captcha key", acts.set_key(key))


def start_allow(acts: CaptchaActs, allowed: bool, reason: str) -> None:
    """Allow or forbid as a task, where it may be pressed."""

    async def go() -> None:
        with contextlib.suppress(ConsoleError):  # a colleague was faster, which `trouble` says
            await acts.set_allowed(allowed, reason=reason)

    if not acts.why_not():
        tasks.spawn("allow 2captcha", go())
