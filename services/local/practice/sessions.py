"""Visits that go over several pages: kept by the site, known to the browser by a cookie only."""

from __future__ import annotations

import secrets
from typing import Final

import msgspec

COOKIE: Final = "visit"
_MOST: Final = 500


class Session(msgspec.Struct):
    """One visitor of one site. `values` by field key; `done` counts the form's pages that were taken in.

    `captcha` and `code` are what the visitor has to write; "" when nothing was asked, or it was used up.
    """

    token: str
    host: str
    values: dict[str, str] = {}
    done: int = 0
    captcha: str = ""
    code: str = ""
    wrong: int = 0
    account: str = ""


class Sessions:
    """The newest visits; in memory, so a restart ends them."""

    def __init__(self) -> None:
        self._by_token: dict[str, Session] = {}

    def find(self, token: str, host: str) -> Session | None:
        """The visit that a cookie names, if it is one of `host`."""
        session = self._by_token.get(token)
        return session if session is not None and session.host == host else None

    def start(self, host: str) -> Session:
        """A new visit; the oldest one is forgotten when there are too many."""
        session = Session(secrets.token_urlsafe(18), host)
        self._by_token[session.token] = session
        if len(self._by_token) > _MOST:
            del self._by_token[next(iter(self._by_token))]
        return session

    def end(self, session: Session) -> None:
        """Forget a visit."""
        self._by_token.pop(session.token, None)
