"""Where a person may go from here: the window asks for it, the sitting does it."""

from __future__ import annotations

from typing import NamedTuple

from services.domain.environments import Draft


class TryAgain(NamedTuple):
    """Read the settings anew and open what they say."""


class Become(NamedTuple):
    """Sign in as another person of the local stack."""

    email: str


class Enter(NamedTuple):
    """Sign in to the project that was typed; an empty password asks for the earlier sign-in."""

    draft: Draft


class Open(NamedTuple):
    """Open an environment of the list by its id; "" is the local stack."""

    environment: str


class Elsewhere(NamedTuple):
    """Leave this project, stay signed in to it, and choose where to go."""


class SignOut(NamedTuple):
    """End the sign-in for good, and ask who comes next."""


Move = TryAgain | Become | Enter | Open | Elsewhere | SignOut


def doing(move: Move) -> str:
    """What is being done meanwhile, for the screen."""
    match move:
        case Become(email):
            return f"Signing in as {email}"
        case Enter(draft):
            return f"Signing in to {draft.name.strip() or draft.url.strip()}"
        case Elsewhere():
            return "Leaving"
        case SignOut():
            return "Signing out"
        case _:
            return "Starting"


def meanwhile(move: Move) -> str:
    """What that means, and how long it may take, as sentences; "" where there is nothing to say."""
    match move:
        case SignOut():
            return (
                "The project is told to end the session, and this computer forgets it. "
                "A project that does not answer is waited for up to half a minute."
            )
        case Elsewhere():
            return "You stay signed in there."
        case _:
            return ""
