"""What the Supabase clients raise, in words for staff."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from postgrest.exceptions import APIError
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError

from services.clients.supabase_errors import console_errors
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused, SignedOut


def postgrest(code: str, message: str = "no") -> APIError:
    return APIError({"code": code, "message": message, "hint": "", "details": ""})


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (postgrest("42501", "This needs the role operator."), NotPermitted, "This needs the role operator."),
        (postgrest("42501", "permission denied for table jobs"), NotPermitted, "may not read jobs"),
        (postgrest("PGRST301", "JWT expired"), SignedOut, "no longer valid"),
        (postgrest("PGRST205", "no such table"), NotInstalled, "lacks what is needed to read jobs"),
        (postgrest("57014", "canceled"), NotReachable, "could not read jobs just now"),
        (postgrest("503", "down"), NotReachable, "could not read jobs just now"),
        (postgrest("408", "Request Timeout"), NotReachable, "could not read jobs just now"),
        (postgrest("XX000", "internal error"), NotReachable, "could not read jobs just now"),
        (postgrest("", "The upstream server is timing out"), NotReachable, "was not heard when asked to read jobs"),
        (postgrest("", "Invalid API key"), Refused, "Invalid API key"),
        (postgrest("23505", "duplicate key"), Refused, "duplicate key"),
        (postgrest("PT409", "This job is paused."), Refused, "This job is paused."),
        (AuthApiError("Invalid login credentials", 400, "invalid_credentials"), NotPermitted, "Not signed in"),
        (AuthApiError("too many", 429, None), NotReachable, "sign-in service does not answer"),
        (AuthApiError("down", 502, None), NotReachable, "sign-in service does not answer"),
        (AuthRetryableError("connection lost", 0), NotReachable, "sign-in service does not answer"),
        (AuthError("session missing", None), NotPermitted, "Not signed in"),
        (httpx.ReadTimeout("late"), NotReachable, "took too long to read jobs"),
        (httpx.ConnectError("refused"), NotReachable, "did not answer when asked to read jobs"),
    ],
)
def test_each_error_is_said_in_words(raised: Exception, kind: type[ConsoleError], words: str) -> None:
    def fail() -> None:
        with console_errors("read jobs"):
            raise raised

    assert words in str(said(fail, kind))


def said(act: Callable[[], None], kind: type[ConsoleError]) -> ConsoleError:
    with pytest.raises(kind) as caught:
        act()
    assert type(caught.value) is kind
    return caught.value
