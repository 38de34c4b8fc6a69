"""Where a person may go from here: the window asks for it, the sitting does it."""

from __future__ import annotations

from typing import NamedTuple


class TryAgain(NamedTuple):
    """Read the settings anew and open what they say."""


class Become(NamedTuple):
    """Sign in as another person of the local stack."""

    email: str


Move = TryAgain | Become
