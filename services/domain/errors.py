"""Errors that reach staff, each with a sentence and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class ConsoleError(Exception):
    """Base. `str(error)` is one sentence for staff; `hint` says what to do; `raw` is for experts.

    `settings` maps the names of settings that may be wrong to a sentence each, without their secret values.
    """

    def __init__(
        self, sentence: str, *, hint: str = "", raw: str = "", settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.hint = hint
        self.raw = raw
        self.settings = dict(settings or {})


class NotReachable(ConsoleError):
    """The other side did not answer, or not in time. Whether it acted is not known."""


class NotPermitted(ConsoleError):
    """The sign-in or the key may not do this."""


class SignedOut(NotPermitted):
    """The sign-in has ended: nothing can be asked any more before the next one."""


class NotInstalled(ConsoleError):
    """A table, function or column is missing in this project."""


class Refused(ConsoleError):
    """The other side understood and said no; nothing was changed."""


class Busy(Refused):
    """The other side asked to go slower; nothing was changed, and the same may be tried again."""


class SettingProblem(NamedTuple):
    """One setting that is missing or can't be used, in words for the screen. No value that is secret."""

    name: str
    wrong: str
    why: str
    how: str
