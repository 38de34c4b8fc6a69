"""The projects that this computer knows, in a small file of the data folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from services.domain.environments import Environment
from services.domain.errors import Refused

LOCAL: Final = ""
"""The choice that stands for the local stack of this computer."""


class _Content(msgspec.Struct):
    chosen: str = LOCAL
    idle_minutes: float | None = None
    shows_browser: bool = False
    emails: dict[str, str] = msgspec.field(default_factory=dict)
    people: dict[str, list[str]] = msgspec.field(default_factory=dict)
    environments: list[Environment] = msgspec.field(default_factory=list)
    removed: list[Environment] = msgspec.field(default_factory=list)


class Environments:
    """Its calls block: each is a small file. What can't be read is kept aside; `trouble` says so in words."""

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._content = _Content()
        self.trouble = ""
        """Why the list is empty though there is a file, and where the file went; "" while all is well."""

    @property
    def all(self) -> tuple[Environment, ...]:
        """In the order in which they were added."""
        return tuple(self._content.environments)

    @property
    def chosen(self) -> Environment | None:
        """The one to open; None for the local stack."""
        return self.get(self._content.chosen)

    @property
    def idle_minutes(self) -> float | None:
        """After how many minutes without input the window is covered; None for the default."""
        return self._content.idle_minutes

    @property
    def shows_browser(self) -> bool:
        """Whether runs on this computer show their browser's window."""
        return self._content.shows_browser

    def get(self, wanted: str) -> Environment | None:
        """By its id."""
        return next((one for one in self._content.environments if one.id == wanted), None)

    def email_at(self, url: str) -> str:
        """Who signed in last to a project that the settings name."""
        return self._content.emails.get(url.rstrip("/"), "")

    def people_at(self, url: str) -> tuple[str, ...]:
        """Everybody who signed in to a project from this computer, as far as it is known."""
        return tuple(self._content.people.get(url.rstrip("/"), ()))

    @property
    def removed(self) -> tuple[Environment, ...]:
        """Taken from the list, and not yet forgotten: this computer may still keep a sign-in to them."""
        return tuple(self._content.removed)

    def read(self) -> None:
        """Read the file anew; one that is missing is an empty list."""
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            self._content = _Content()
            return
        except OSError as error:
            self._content, self.trouble = _Content(), f"The list of environments can't be read: {error.strerror}."
            return
        try:
            self._content = msgspec.json.decode(data, type=_Content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._content = _Content()
            self.trouble = self._put_aside()

    def keep(self, environment: Environment, *, choose: bool = True) -> None:
        """Add one, or put it in the place of the one with its id. Raises Refused when it can't be written."""
        known = [one.id for one in self._content.environments]
        fresh = list(self._content.environments)
        if environment.id in known:
            fresh[known.index(environment.id)] = environment
        else:
            fresh.append(environment)
        chosen = environment.id if choose else self._content.chosen
        people = self._with(environment.url, environment.email)
        self._write(msgspec.structs.replace(self._content, environments=fresh, chosen=chosen, people=people))

    def choose(self, wanted: str) -> None:
        """Open this one from now on; LOCAL for the local stack. Raises Refused."""
        if wanted != self._content.chosen:
            self._write(msgspec.structs.replace(self._content, chosen=wanted))

    def remove(self, gone: str) -> None:
        """Take one from the list, and note that it is to be forgotten; where it was chosen, the local stack is.

        Raises Refused.
        """
        left = [one for one in self._content.environments if one.id != gone]
        chosen = LOCAL if self._content.chosen == gone else self._content.chosen
        removed = [*self._content.removed, *(one for one in self._content.environments if one.id == gone)]
        self._write(msgspec.structs.replace(self._content, environments=left, chosen=chosen, removed=removed))

    def forgotten(self, environment: Environment) -> None:
        """Nothing of it is left on this computer. Raises Refused."""
        removed = [one for one in self._content.removed if one != environment]
        if len(removed) != len(self._content.removed):
            self._write(msgspec.structs.replace(self._content, removed=removed))

    def set_idle_minutes(self, minutes: float) -> None:
        """Cover the window after so many minutes from now on. Raises Refused."""
        self._write(msgspec.structs.replace(self._content, idle_minutes=minutes))

    def set_shows_browser(self, on: bool) -> None:
        """Show the browser's window from now on, or no longer. Raises Refused."""
        self._write(msgspec.structs.replace(self._content, shows_browser=on))

    def keep_email(self, url: str, email: str) -> None:
        """Remember who signed in to a project that the settings name. Raises Refused."""
        if self.email_at(url) != email:
            emails = {**self._content.emails, url.rstrip("/"): email}
            self._write(msgspec.structs.replace(self._content, emails=emails, people=self._with(url, email)))

    def forget_people(self, url: str) -> None:
        """Nothing of the people of a project is left on this computer. Raises Refused."""
        people = {at: emails for at, emails in self._content.people.items() if at != url.rstrip("/")}
        if people != self._content.people:
            self._write(msgspec.structs.replace(self._content, people=people))

    def _with(self, url: str, email: str) -> dict[str, list[str]]:
        known = self.people_at(url)
        return {**self._content.people, url.rstrip("/"): [*known, *([email] if email and email not in known else [])]}

    def _write(self, content: _Content) -> None:
        """Whole or not at all, for its owner only."""
        fresh = self._file.with_suffix(".new")
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(msgspec.json.format(msgspec.json.encode(content), indent=1))
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._file)
        except OSError as error:
            raise Refused(
                "The list of environments can't be written.",
                hint="Is the disk full, or the data folder closed to this account?",
                raw=str(error),
            ) from error
        self._content = content

    def _put_aside(self) -> str:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock()))
        aside = self._file.with_name(f"{self._file.name}.damaged-{stamp}")
        try:
            self._file.replace(aside)
        except OSError as error:
            return f"The list of environments is damaged, and can't be kept aside: {error.strerror}."
        return f"The list of environments was damaged. It is kept aside as {aside.name}; add what you need again."
