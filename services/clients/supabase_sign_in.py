"""What a failed sign-in says about the settings: which one is wrong, in words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError

from services.domain.environments import wrong_address
from services.domain.errors import ConsoleError, NotPermitted, NotReachable, Refused, SignedOut
from services.domain.redaction import redact

URL: Final = "SUPABASE_URL"
KEY: Final = "SUPABASE_ANON_KEY"
EMAIL: Final = "STAFF_EMAIL"
PASSWORD: Final = "STAFF_PASSWORD"  # noqa: S105


def check_address(url: str) -> None:
    """Raise Refused for what is no web address, or one that anybody on the way could listen to."""
    wrong = wrong_address(url)
    if wrong:
        raise Refused("The project's address can't be used.", settings={URL: wrong})


def something_else(url: str, raw: str) -> ConsoleError:
    """What answers at `url` is another thing than a project."""
    return Refused(
        "What answers is no Supabase project.",
        raw=raw,
        settings={URL: f"{_host(url)} answers, but not as a Supabase project does."},
    )


def not_this_key(url: str, raw: str) -> ConsoleError:
    """The project at `url` refused the key."""
    return NotPermitted(
        "The project doesn't accept the key.", raw=raw, settings={KEY: f"{_host(url)} doesn't know this key."}
    )


def not_staff(email: str) -> ConsoleError:
    """The person exists, and has no role."""
    return NotPermitted(
        "This account isn't one of the staff.",
        hint="An administrator can give it a role: viewer, operator or admin.",
        settings={EMAIL: f"{email} can sign in, but has no role here: an administrator has to give it one."},
    )


def blame(error: Exception, url: str) -> ConsoleError:
    """The error of a sign-in at `url` in words, with the settings that it points at."""
    raw = redact(f"{type(error).__name__}: {error}")
    status = error.status if isinstance(error, AuthApiError | AuthRetryableError) else 0
    if isinstance(error, AuthRetryableError) and status:
        return NotReachable(
            "The project has trouble answering.",
            hint="It is tried again by itself.",
            raw=raw,
            settings={URL: f"{_host(url)} answers with error {status}."},
        )
    if isinstance(error, AuthRetryableError | httpx.HTTPError):
        return NotReachable(
            "The project can't be reached.",
            hint="Check the network and the address. It is tried again by itself.",
            raw=raw,
            settings={URL: _why_not_reached(error, url)},
        )
    if isinstance(error, AuthApiError):
        return _refused(error, url, raw)
    if isinstance(error, AuthError | ValueError | TypeError | AttributeError):
        return something_else(url, raw)
    return Refused("Signing in failed.", raw=raw)


def _refused(error: AuthApiError, url: str, raw: str) -> ConsoleError:
    words = str(error).lower()
    if error.status == 429:
        return NotReachable("Too many sign-ins were tried.", hint="It is tried again by itself.", raw=raw)
    if "api key" in words or "apikey" in words or (error.status == 401 and error.code != "invalid_credentials"):
        return not_this_key(url, raw)
    if error.status in (404, 405):
        return something_else(url, raw)
    if error.code == "email_not_confirmed" or "not confirmed" in words:
        return NotPermitted(
            "The e-mail address isn't confirmed yet.",
            raw=raw,
            settings={EMAIL: "Its owner has yet to press the link in the invitation."},
        )
    if error.code == "user_banned" or "banned" in words:
        return SignedOut("This person may not sign in.", raw=raw, settings={EMAIL: "It was shut out."})
    if error.status == 400:
        wrong = f"{_host(url)} doesn't accept this e-mail address with this password."
        return NotPermitted("The sign-in was refused.", raw=raw, settings={EMAIL: wrong, PASSWORD: wrong})
    return Refused(f"The sign-in was refused: {redact(str(error))}", raw=raw)


def _why_not_reached(error: Exception, url: str) -> str:
    host = _host(url)
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            return f"There is no host named {urlsplit(url).hostname}, or this computer is offline."
        if isinstance(cause, ssl.SSLError):
            return f"{host} has no certificate that this computer trusts."
        if isinstance(cause, ConnectionRefusedError):
            return f"Nothing answers at {host}."
        if isinstance(cause, httpx.TimeoutException):
            return f"{host} did not answer in time."
    return f"{host} can't be reached."


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        waiting += [more for more in (one.__cause__, one.__context__, *inner) if more is not None]


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or url
