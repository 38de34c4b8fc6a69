"""Errors of the Supabase clients in the words of `services.domain.errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpx
from postgrest.exceptions import APIError
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError

from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused, SignedOut

_MISSING: Final = frozenset({"PGRST202", "PGRST204", "PGRST205", "42P01", "42703", "42883", "404"})
_FORBIDDEN: Final = frozenset({"42501", "401", "403"})
_SIGN_IN: Final = frozenset({"PGRST300", "PGRST301", "PGRST302", "PGRST303"})
_DOWN: Final = frozenset({"PGRST000", "PGRST001", "PGRST002", "PGRST003", "57014", "57P01", "53300"})


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
    if code in _DOWN or (code.isdigit() and len(code) == 3 and code.startswith("5")):
        return NotReachable(f"The database could not {what} just now.", hint="Try again.", raw=raw)
    return Refused(message, hint=error.hint or "", raw=raw)


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
