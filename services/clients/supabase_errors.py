"""Errors of the Supabase clients in the words of `services.domain.errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import httpx
from postgrest.exceptions import APIError
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError

from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused, SignedOut

_MISSING: Final = frozenset({"PGRST202", "PGRST204", "PGRST205", "42P01", "42703", "42883", "404"})
_FORBIDDEN: Final = frozenset({"42501", "401", "403"})
_SIGN_IN: Final = frozenset({"PGRST300", "PGRST301", "PGRST302", "PGRST303"})
_DOWN: Final = frozenset({"PGRST000", "PGRST001", "PGRST002", "PGRST003", "408"})
_DOWN_KINDS: Final = ("08", "53", "57", "58", "XX")
"""SQLSTATE classes of a database in trouble: what it was asked may have been done."""
_T = TypeVar("_T")


def from_postgrest(error: APIError, what: str) -> ConsoleError:
    """The error of a REST call that did `what`, such as "read jobs"."""
    code = str(error.code or "")
    raw = repr(error)
    message = error.message or "no reason given"
    if code in _SIGN_IN:
        return SignedOut("The sign-in is no longer valid.", hint="Sign in again.", raw=raw)
    if code in _FORBIDDEN:
        sentence = message if message.endswith(".") else f"This sign-in may not {what}."
        return NotPermitted(sentence, hint="Ask an administrator for the role that this needs.", raw=raw)
    if code in _MISSING:
        return NotInstalled(
            f"This project lacks what is needed to {what}: {message}", hint="Apply the schema.", raw=raw
        )
    if not code and "api key" not in message.lower():
        # The database always gives a code. What a gateway before it says doesn't tell what the database did.
        return NotReachable(f"The database was not heard when asked to {what}: {message}", hint="Try again.", raw=raw)
    if (
        code in _DOWN
        or (len(code) == 5 and code[:2] in _DOWN_KINDS)
        or (code.isdigit() and len(code) == 3 and code.startswith("5"))
    ):
        return NotReachable(f"The database could not {what} just now.", hint="Try again.", raw=raw)
    return Refused(message, hint=error.hint or "", raw=raw)


def expect(answer: Any, kind: type[_T], what: str) -> _T:
    """`answer`, which must be of this kind. NotReachable for what only something before the database can have said,
    such as the page of a proxy: an answer that says nothing must not count as "done" or as "no rows"."""
    if isinstance(answer, kind):
        return answer
    raise NotReachable(
        f"What answered when asked to {what} is not the database.",
        hint="A proxy or the network's own sign-in page may be in between.",
        raw=repr(answer)[:500],
    )


def from_auth(error: AuthError) -> ConsoleError:
    """The error of a sign-in or a token refresh."""
    status = error.status if isinstance(error, AuthApiError) else 0
    if isinstance(error, AuthRetryableError) or status >= 500 or status == 429:
        return NotReachable("The sign-in service does not answer.", hint="Try again.", raw=str(error))
    return NotPermitted(f"Not signed in: {error}", hint="Check the e-mail and the password.", raw=str(error))


@contextmanager
def console_errors(what: str) -> Iterator[None]:
    """Turn every error of the block, which does `what`, into a ConsoleError."""
    try:
        yield
    except APIError as error:
        raise from_postgrest(error, what) from error
    except AuthError as error:
        raise from_auth(error) from error
    except httpx.TimeoutException as error:
        raise NotReachable(f"It took too long to {what}.", hint="Try again.", raw=repr(error)) from error
    except httpx.HTTPError as error:
        raise NotReachable(
            f"The database did not answer when asked to {what}.", hint="Check the network.", raw=repr(error)
        ) from error
