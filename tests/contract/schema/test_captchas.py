"""That 2Captcha may be asked is an admin's word, in the project's audit; the newest word counts."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest

from services.local.postgres import Postgres
from tests.contract.schema.rows import caller, one, refused

pytestmark = pytest.mark.stack


def say(desk: psycopg.Connection, allowed: bool | None, *, request: str = "", reason: str = "for the night") -> Any:
    return one(desk, "select staff_allow_captchas(%s, %s, %s)", request or str(uuid.uuid4()), allowed, reason)


def permission(owner: psycopg.Connection) -> Any:
    return one(owner, "select private.captcha_permission()")


def test_the_newest_word_of_an_admin_counts(server: Postgres, owner: psycopg.Connection) -> None:
    assert permission(owner) is None
    with caller(server.url, "authenticated", "admin") as desk:
        with refused("PT409", "2Captcha is not allowed already"):
            say(desk, False)
        request = str(uuid.uuid4())
        answer = say(desk, True, request=request)
        assert answer == {"allowed": True, "by": "desk@directory-bolt.example"}
        assert say(desk, True, request=request) == answer
        with refused("PT409", "2Captcha is allowed already"):
            say(desk, True)
        found = permission(owner)
        assert {**found, "at": ""} == {**answer, "reason": "for the night", "at": ""}
        say(desk, False, reason="too dear")
    assert permission(owner)["allowed"] is False
    acts = owner.execute("select act, role, reason, before from staff_actions order by id").fetchall()
    assert acts == [
        ("allow_captchas", "admin", "for the night", {"allowed": False}),
        ("forbid_captchas", "admin", "too dear", {"allowed": True}),
    ]
    told = owner.execute("select event from queue_history order by created_at").fetchall()
    assert told == [("staff_allow_captchas",), ("staff_forbid_captchas",)]


def test_nobody_else_may_say_so(server: Postgres, owner: psycopg.Connection) -> None:
    for role in (None, "viewer", "operator"):
        with caller(server.url, "authenticated", role) as desk, refused("42501"):
            say(desk, True)
    with caller(server.url, "authenticated", "admin") as desk:
        for allowed, reason in ((None, "asked"), (True, " ")):
            with refused("22023"):
                say(desk, allowed, reason=reason)
        with refused("42501"):
            one(desk, "select private.captcha_permission()")
    assert permission(owner) is None
