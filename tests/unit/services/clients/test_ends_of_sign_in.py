"""How a sign-in ends: what is on its way is kept, and what nothing keeps is ended at the project too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from supabase import AsyncClientOptions, acreate_client

from services.clients import supabase_session
from services.clients.session_keyring import SessionKeyring
from services.clients.supabase_session import SupabaseSession
from services.clients.supabase_sign_out import end_session
from services.domain.errors import ConsoleError, NotPermitted
from tests.fakes.keyrings import InMemory, Locked, in_use
from tests.unit.services.clients.test_odd_renewals import GOOD
from tests.waiting import until

URL = "http://127.0.0.1:9"
HERE = Path("/data").absolute()


class Project:
    """A sign-in service that says what it was asked, and answers when `may_answer` is set."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.answers: dict[str, httpx.Response] = {}
        """By what was asked; else all goes well."""

    async def handle(self, request: httpx.Request) -> httpx.Response:
        what = request.url.params.get("grant_type") or request.url.path.rsplit("/", 1)[-1]
        if what == "refresh_token":
            what = f"refresh {json.loads(request.content)['refresh_token']}"
        elif what == "logout":
            what = f"logout {request.headers['Authorization'].removeprefix('Bearer ')}"
        self.asked.append(what)
        await self.may_answer.wait()
        if what in self.answers:
            return self.answers[what]
        number = len(self.asked)
        fresh = {**GOOD, "access_token": f"a{number}", "refresh_token": f"r{number}"}
        return httpx.Response(204) if what.startswith("logout") else httpx.Response(200, json=fresh)

    def wire(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.handle))

    async def session(self, password: str = "password", *, kept: bool = True) -> SupabaseSession:
        wire = self.wire()
        client = await acreate_client(URL, "key", AsyncClientOptions(auto_refresh_token=False, httpx_client=wire))
        keyring = SessionKeyring(URL, "a@b.example", HERE) if kept else None
        return SupabaseSession(URL, client, wire, "a@b.example", password, keyring)


def run(suite: Callable[[Project], Awaitable[None]], backend: InMemory | None = None) -> list[str]:
    """What is in the keyring afterwards."""

    async def whole() -> None:
        async with asyncio.timeout(30):
            await suite(Project())

    backend = backend or InMemory()
    with in_use(backend):
        asyncio.run(whole())
    return list(backend.entries.values())


async def asked(project: Project, what: str) -> None:
    await until(lambda: what in project.asked)


def test_a_close_waits_for_the_renewal_that_has_spent_the_kept_token() -> None:
    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()
        project.may_answer.clear()
        renewing = asyncio.ensure_future(session.renew("a1"))
        await asked(project, "refresh r1")
        renewing.cancel()
        closing = asyncio.ensure_future(session.close())
        await asyncio.sleep(0)
        project.may_answer.set()
        await closing

    assert run(suite) == ["r2"]


def test_a_start_that_is_cut_short_keeps_what_it_got_for_the_kept_token(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = InMemory()
    backend.entries[f"Directory-Bolt {URL}", "a@b.example"] = "kept"

    async def suite(project: Project) -> None:
        project.may_answer.clear()

        async def later(*_: object, **__: object) -> SupabaseSession:
            return await project.session("")

        monkeypatch.setattr(SupabaseSession, "later", later)
        starting = asyncio.ensure_future(SupabaseSession.sign_in(URL, "key", "a@b.example", ""))
        await asked(project, "refresh kept")
        starting.cancel()
        await asyncio.sleep(0)
        project.may_answer.set()
        with pytest.raises(asyncio.CancelledError):
            await starting

    assert run(suite, backend) == ["r1"]


def test_a_question_about_a_password_that_is_given_up_leaves_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()

        async def later(*_: object, **__: object) -> SupabaseSession:
            return await project.session(kept=False)

        monkeypatch.setattr(SupabaseSession, "later", later)
        project.may_answer.clear()
        confirming = asyncio.ensure_future(session.confirm("password"))
        await until(lambda: len(project.asked) == 2)
        confirming.cancel()
        await asyncio.sleep(0)
        project.may_answer.set()
        with pytest.raises(asyncio.CancelledError):
            await confirming
        assert project.asked == ["password", "password", "logout a2"]
        await session.close()

    assert run(suite) == ["r1"]


async def called_off_after(turns: int, ending: Awaitable[object]) -> bool:
    """Cancel it after so many turns of the loop, unless it ended before; whether that was so."""
    task = asyncio.ensure_future(ending)
    for _ in range(turns):
        await asyncio.sleep(0)
    ended = task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return ended


def test_an_end_that_is_called_off_in_the_middle_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def suite(project: Project) -> None:
        for turns in range(1, 100):
            session = await project.session(kept=False)
            await session.token()
            ended = await called_off_after(turns, session.sign_out())
            assert project.asked == ["password", "logout a1"]
            assert await called_off_after(turns, session.close()) or not ended
            assert session.wire.is_closed
            project.asked.clear()
            if ended:
                break
        assert 2 < turns < 99

    run(suite)


def test_a_sign_in_that_is_called_off_twice_leaves_no_session_and_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def suite(project: Project) -> None:
        made: list[SupabaseSession] = []

        async def later(*_: object, **__: object) -> SupabaseSession:
            made.append(await project.session(kept=False))
            return made[-1]

        monkeypatch.setattr(SupabaseSession, "later", later)
        for turns in range(100):
            project.may_answer.clear()
            starting = asyncio.ensure_future(SupabaseSession.sign_in(URL, "key", "a@b.example", "password"))
            await asked(project, "password")
            starting.cancel()
            await asyncio.sleep(0)
            project.may_answer.set()
            ended = await called_off_after(turns, starting)
            assert project.asked == ["password", "logout a1"]
            assert made[-1].wire.is_closed
            project.asked.clear()
            if ended:
                break
        assert 5 < turns < 99

    run(suite)


def test_a_close_waits_for_no_answer_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supabase_session, "_LAST_SECONDS", 0.01)

    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()
        project.may_answer.clear()
        renewing = asyncio.ensure_future(session.renew("a1"))
        await asked(project, "refresh r1")
        await session.close()
        with pytest.raises(asyncio.CancelledError):
            await renewing

    assert run(suite) == ["r1"]


def test_a_password_ends_the_earlier_session_once_the_new_one_is_kept() -> None:
    backend = InMemory()
    backend.entries[f"Directory-Bolt {URL} from {HERE}", "a@b.example"] = "older"

    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()
        await session.close()
        assert project.asked == ["password", "refresh older", "logout a2"]

    assert run(suite, backend) == ["r1"]


def test_a_wrong_password_ends_no_earlier_session() -> None:
    backend = InMemory()
    backend.entries[f"Directory-Bolt {URL} from {HERE}", "a@b.example"] = "older"

    async def suite(project: Project) -> None:
        project.answers["password"] = httpx.Response(400, json={"error_code": "invalid_credentials", "msg": "No."})
        session = await project.session()
        with pytest.raises(NotPermitted):
            await session.token()
        await session.close()
        assert project.asked == ["password"]

    assert run(suite, backend) == ["older"]


@pytest.mark.parametrize("status", [400, 403, 418, 502])
def test_a_project_that_quotes_the_kept_token_has_it_shown_to_nobody(status: int) -> None:
    kept = f"planted-refresh-token-{status}"
    backend = InMemory()
    backend.entries[f"Directory-Bolt {URL} from {HERE}", "a@b.example"] = kept

    async def suite(project: Project) -> None:
        project.answers[f"refresh {kept}"] = httpx.Response(status, json={"error_code": "x", "msg": f"Not {kept}"})
        session = await project.session("")
        with pytest.raises(ConsoleError) as refused:
            await session.token()
        assert refused.value.raw
        assert kept not in f"{refused.value.raw} {refused.value} {refused.value.hint} {refused.value.settings}"
        await session.close()

    run(suite, backend)


def test_what_no_start_can_go_on_with_is_ended_at_the_project() -> None:
    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()
        await session.keep_for_later(False)
        await session.close()
        assert project.asked == ["password", "logout a1"]

    assert run(suite) == []
    assert run(in_memory, Locked()) == []


async def in_memory(project: Project) -> None:
    session = await project.session()
    await session.token()
    await session.close()
    assert project.asked == ["password", "logout a1"]


def test_a_sign_out_during_a_renewal_ends_the_session_and_keeps_nothing() -> None:
    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()
        project.may_answer.clear()
        renewing = asyncio.ensure_future(session.renew("a1"))
        await asked(project, "refresh r1")
        leaving = asyncio.ensure_future(session.sign_out())
        await asyncio.sleep(0)
        project.may_answer.set()
        assert await leaving
        await session.close()
        await renewing
        assert project.asked[-1] == "logout a2"

    assert run(suite) == []


@pytest.mark.parametrize(
    ("answers", "over", "asked_for"),
    [
        ({}, True, ["logout a"]),
        ({"logout a": (403, "session_not_found")}, True, ["logout a"]),
        ({"logout a": (503, "")}, False, ["logout a"]),
        # An access token that is too old says nothing of its session.
        ({"logout a": (403, "bad_jwt")}, True, ["logout a", "refresh r", "logout a2"]),
        ({"logout a": (401, ""), "refresh r": (400, "refresh_token_not_found")}, True, ["logout a", "refresh r"]),
        ({"logout a": (403, "bad_jwt"), "refresh r": (502, "")}, False, ["logout a", "refresh r"]),
        ({"logout a": (403, "bad_jwt"), "logout a2": (500, "")}, False, ["logout a", "refresh r", "logout a2"]),
    ],
)
def test_what_the_project_says_of_the_end(
    answers: dict[str, tuple[int, str]], over: bool, asked_for: list[str]
) -> None:
    async def suite(project: Project) -> None:
        project.answers = {
            what: httpx.Response(status, json={"error_code": code}) if code else httpx.Response(status, text="<p>No")
            for what, (status, code) in answers.items()
        }
        async with project.wire() as wire:
            assert await end_session(wire, URL, "key", "r", "a") is over
        assert project.asked == asked_for

    run(suite)


def test_a_project_that_is_gone_was_not_told() -> None:
    def gone(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone")

    async def suite(_: Project) -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(gone)) as wire:
            assert not await end_session(wire, URL, "key", "r")

    run(suite)
