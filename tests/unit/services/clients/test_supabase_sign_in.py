"""A sign-in that fails names the setting that is wrong: asked of real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from aiohttp import web
from supabase_auth.errors import AuthApiError

from services.clients.supabase_session import SupabaseSession
from services.clients.supabase_sign_in import blame
from services.domain.errors import ConsoleError, NotPermitted, NotReachable, Refused, SignedOut
from tests.local_http import serve

SECRET = "correct-horse-battery"


def sign_in(url: str, key: str = "sb_publishable_k") -> ConsoleError:
    """What comes of it, which is an error."""

    async def act() -> ConsoleError:
        with pytest.raises(ConsoleError) as caught:
            await SupabaseSession.sign_in(url, key, "a@b.example", SECRET)
        return caught.value

    error = asyncio.run(act())
    told = f"{error} {error.hint} {error.raw} {error.settings}"
    assert SECRET not in told
    assert key not in told
    return error


def answering(status: int, body: object, kind: str = "application/json") -> Callable[[str], web.Application]:
    def build(_: str) -> web.Application:
        async def answer(request: web.Request) -> web.Response:
            if isinstance(body, str):
                return web.Response(status=status, text=body, content_type=kind)
            return web.json_response(body, status=status)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        return app

    return build


@pytest.mark.parametrize(
    "url", ["abcd.supabase.co", "ftp://abcd.supabase.co", "https://", "http://[::1", "http://h:99999"]
)
def test_what_is_no_address_is_named(url: str) -> None:
    error = sign_in(url)
    assert isinstance(error, Refused)
    assert error.settings == {"SUPABASE_URL": "It is no web address: it must begin with https:// and name a host."}


def test_a_host_that_does_not_exist_is_named() -> None:
    error = sign_in("https://no-such-project.invalid")
    assert isinstance(error, NotReachable)
    assert error.settings["SUPABASE_URL"].startswith("There is no host named no-such-project.invalid")


def test_an_address_where_nothing_listens_is_named() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{held.getsockname()[1]}"
        error = sign_in(f"http://{host}")
    assert isinstance(error, NotReachable)
    assert error.settings == {"SUPABASE_URL": f"Nothing answers at {host}."}


def test_an_answer_without_a_certificate_is_named() -> None:
    with serve(answering(200, {})) as origin:
        error = sign_in(origin.replace("http:", "https:"))
    assert isinstance(error, NotReachable)
    assert "SUPABASE_URL" in error.settings


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, "<html>Welcome</html>"), (200, {}), (200, []), (404, {"message": "no route"}), (404, "<h1>Not found</h1>"),
     (301, ""), (405, {"error": "method"})],
)  # fmt: skip
def test_something_else_than_supabase_is_named(status: int, body: object) -> None:
    with serve(answering(status, body, "text/html")) as origin:
        error = sign_in(origin)
    assert isinstance(error, Refused)
    assert str(error) == "What answers is no Supabase project."
    assert error.settings == {"SUPABASE_URL": f"{origin[7:]} answers, but not as a Supabase project does."}


@pytest.mark.parametrize(
    ("status", "body", "named", "kind"),
    [
        (401, {"message": "Invalid API key", "hint": "Double check it."}, ["SUPABASE_ANON_KEY"], NotPermitted),
        (400, {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"},
         ["STAFF_EMAIL", "STAFF_PASSWORD"], NotPermitted),
        (400, {"code": 400, "error_code": "email_not_confirmed", "msg": "Email not confirmed"}, ["STAFF_EMAIL"],
         NotPermitted),
        (400, {"code": 400, "error_code": "user_banned", "msg": "User is banned"}, ["STAFF_EMAIL"], SignedOut),
        (429, {"code": 429, "msg": "Too many"}, [], NotReachable),
        (422, {"code": 422, "msg": "Captcha needed"}, [], Refused),
        (503, {"msg": "starting"}, ["SUPABASE_URL"], NotReachable),
    ],
)  # fmt: skip
def test_what_supabase_refuses_is_named(status: int, body: object, named: list[str], kind: type) -> None:
    with serve(answering(status, body)) as origin:
        error = sign_in(origin)
    assert (list(error.settings), type(error)) == (named, kind)


def test_a_secret_key_is_refused_before_it_goes_anywhere() -> None:
    error = sign_in("https://abcd.supabase.invalid", "sb_secret_very")
    assert list(error.settings) == ["SUPABASE_ANON_KEY"]


def test_an_error_that_nobody_knows_keeps_its_text() -> None:
    error = blame(OSError("strange"), "https://x.example")
    assert (error.settings, error.raw) == ({}, "OSError: strange")
    unknown = blame(AuthApiError("Signups not allowed", 403, "signup_disabled"), "https://x.example")
    assert "Signups not allowed" in str(unknown)
