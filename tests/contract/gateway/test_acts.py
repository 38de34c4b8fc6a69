"""Each act of staff over the wire: by every caller, once for each request, on stale state, and cut off half way."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
import pytest
from aiohttp import ClientError
from psycopg import sql
from psycopg.types.json import Jsonb

from services.local.postgres import Postgres
from tests.contract.gateway.running import SERVICE_KEY, Address, Gateway, ask, gateway, until
from tests.contract.gateway.test_access import CALLERS, MATRIX, token_of
from tests.contract.schema.rows import add_directory, add_job, claim, one, record
from tests.fakes.cut_wire import cut_wire
from tests.leaks.logs import Logged

pytestmark = pytest.mark.stack

Connection = psycopg.Connection
Arguments = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """An act on something that it fits, what makes that stale, what is said then, and how many messages it sends."""

    function: str
    make: Callable[[Connection], Arguments]
    stale: str
    words: str
    sends: int = 0


def job_in(status: str, **more: str) -> Callable[[Connection], Arguments]:
    """Arguments for an act on a job with this status."""
    listed = "failed" if status == "failed" else "pending"
    return lambda owner: {"p_job": add_job(owner, {"a.example": listed}, status=status), "p_reason": "asked", **more}


def doubtful(owner: Connection) -> Arguments:
    """Arguments for a declaration about a directory whose outcome nobody knows."""
    job = add_job(owner, {"a.example": "pending"}, status="in_progress")
    claim(owner, job, "a.example")
    record(owner, job, "a.example", "unknown")
    return {"p_job": job, "p_directory": "a.example", "p_outcome": "skipped", "p_reason": "seen"}


def doubted(owner: Connection) -> Arguments:
    """Arguments for a review of a verdict that stands."""
    job = add_job(owner, {"a.example": "pending"}, status="in_progress")
    claim(owner, job, "a.example")
    record(owner, job, "a.example", "submitted")
    return {
        "p_job": job, "p_directory": "a.example", "p_expected": "submitted", "p_outcome": "failed", "p_reason": "seen",
    }  # fmt: skip


def directory(owner: Connection, *, paused: bool) -> Arguments:
    """Arguments for pausing a directory, or (`paused`: it is) for resuming it."""
    url = f"https://{uuid.uuid4().hex}.example/add"
    add_directory(owner, url, 50)
    key = str(one(owner, "select id::text from directories where submission_url = %s", url))
    if paused:
        owner.execute("insert into paused_directories (directory_id, reason) values (%s, 'before')", (key,))
    return {"p_directory_id": key, "p_paused": not paused, "p_reason": "changed"}


def drifted(owner: Connection) -> Arguments:
    """Arguments for accepting the new form of a directory."""
    mapping = {"fields": {"name": "#name"}, "submit": "#go"}
    about = directory(owner, paused=False)["p_directory_id"]
    owner.execute("update directories set field_selectors = %s where id = %s", (Jsonb(mapping), about))
    form = {"fields": [{"key": "n"}], "whole": True}
    new = {**mapping, "fields": {"name": "#n"}}
    return {
        "p_directory_id": about, "p_expected": mapping, "p_selectors": new, "p_form": form, "p_reason": "changed",
    }  # fmt: skip


_MOVED: Final = "update jobs set status = 'cancelled' where id = %(p_job)s"
CASES: Final = {
    "retry_failed": Case(
        "staff_retry_failed", job_in("failed"), _MOVED, "This job is cancelled: retry when it has ended.", 1
    ),
    "requeue": Case(
        "staff_requeue_job", job_in("pending", p_expected="pending"), _MOVED, "This job is cancelled by now.", 1
    ),
    "pause": Case(
        "staff_set_job_status", job_in("in_progress", p_to="paused", p_expected="in_progress"), _MOVED,
        "This job is cancelled by now.",
    ),
    "resume": Case(
        "staff_set_job_status", job_in("paused", p_to="pending", p_expected="paused"), _MOVED,
        "This job is cancelled by now.", 1,
    ),
    "cancel": Case(
        "staff_set_job_status", job_in("in_progress", p_to="cancelled"), _MOVED,
        "This job is cancelled: it can't be cancelled.",
    ),
    "declare": Case(
        "staff_declare_outcome", doubtful, "update job_results set status = 'submitted' where job_id = %(p_job)s",
        "The outcome of this directory is not unknown.",
    ),
    "review": Case(
        "staff_review_outcome", doubted, "update job_results set status = 'skipped' where job_id = %(p_job)s",
        "This directory is skipped by now.",
    ),
    "accept_form": Case(
        "staff_accept_form", drifted, "update directories set field_selectors = '{}' where id = %(p_directory_id)s",
        "The mapping of this directory is another by now.",
    ),
    "pause_directory": Case(
        "staff_pause_directory", lambda owner: directory(owner, paused=False),
        "insert into paused_directories (directory_id, reason) values (%(p_directory_id)s, 'first')",
        "This directory is paused already.",
    ),
    "resume_directory": Case(
        "staff_pause_directory", lambda owner: directory(owner, paused=True),
        "delete from paused_directories where directory_id = %(p_directory_id)s", "This directory is in use already.",
    ),
    "acknowledge": Case("staff_acknowledge", lambda _: {"p_target": str(uuid.uuid4()), "p_reason": "seen"}, "", ""),
}  # fmt: skip
"""By the act's name in the audit."""
# Runs and replays, which tests of their own follow, and what staff ask.
OTHERS: Final = {
    "staff_claim_run", "staff_finish_run", "staff_hold_run", "staff_hold_dlq", "staff_release_dlq",
    "staff_begin_replay", "staff_note_replay", "staff_record_decision", "staff_allow_captchas", "project_facts",
}  # fmt: skip


@dataclass
class Told:
    """What was answered: (status, body)."""

    by: dict[str, tuple[int, Any]] = field(default_factory=dict)
    again: list[tuple[int, Any]] = field(default_factory=list)
    stale: tuple[int, Any] = (0, None)
    traces: list[tuple[int, int, int]] = field(default_factory=list)
    """(audit rows, events, messages) after each of the tries that were cut off, and after their repetition."""
    after_cut: list[tuple[int, Any]] = field(default_factory=list)
    killed: tuple[int, Any] = (0, None)
    unaudited: tuple[int, Any] = (0, None)
    left: tuple[Any, Any] = (None, None)
    """All rows before and after an act whose audit row could not be written."""


def test_every_function_that_staff_may_call_has_a_case(server: Postgres) -> None:
    with psycopg.connect(server.url) as connection:
        found = connection.execute(
            "select proname::text from pg_proc where pronamespace = 'public'::regnamespace"
            " and has_function_privilege('authenticated', oid, 'execute')"
        )
        assert {row[0] for row in found.fetchall()} == {case.function for case in CASES.values()} | OTHERS


@pytest.mark.parametrize("who", [who for who in CALLERS if who not in ("operator", "admin")])
def test_whoever_may_not_is_refused_before_anything_is_looked_at(server: Postgres, who: str) -> None:
    role, metadata = CALLERS[who]
    with psycopg.connect(server.url) as connection:
        found = connection.execute(
            "select proname::text, array(select format_type(t, null) from unnest(proargtypes) t) from pg_proc"
            " where pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', oid, 'execute')"
        ).fetchall()
        assert len(found) == len({name for name, _ in found})
        for name, types in found:
            allowed = name == "project_facts" and who == "viewer"
            values = ", ".join(f"null::{kind}" for kind in types)
            with connection.transaction(force_rollback=True):
                claims = Jsonb({"role": role, "app_metadata": metadata or {}})
                connection.execute("select set_config('request.jwt.claims', %s::text, true)", (claims,))
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                with nullcontext() if allowed else pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"select public.{name}({values})".encode())


@pytest.fixture(scope="module")
def told(server: Postgres, logged: Logged) -> dict[str, Told]:
    """Every act through all of it, on one gateway."""

    async def scenario() -> dict[str, Told]:
        async with gateway(server) as running:
            with psycopg.connect(server.url, autocommit=True) as owner:
                return {name: await _through(running, owner, case) for name, case in CASES.items()}

    found = asyncio.run(scenario())
    assert logged.take_every("discarding closed connection")
    return found


@pytest.mark.parametrize("name", CASES)
def test_only_operators_and_admins_may(told: dict[str, Told], name: str) -> None:
    for who, (status, body) in told[name].by.items():
        if who in ("operator", "admin"):
            assert (status, "code" in body) == (200, False), (who, body)
        else:
            assert (status, body["code"]) == (401 if who == "nobody" else 403, "42501"), who
    assert told[name].by["viewer"][1]["message"] == "This needs the role operator or admin."


@pytest.mark.parametrize("name", CASES)
def test_the_same_request_gets_the_same_answer(told: dict[str, Told], name: str) -> None:
    assert told[name].again == [told[name].by["operator"]] * 2


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.stale])
def test_stale_state_is_a_conflict_in_words(told: dict[str, Told], name: str) -> None:
    status, body = told[name].stale
    assert (status, body["code"], body["message"]) == (409, "PT409", CASES[name].words)


@pytest.mark.parametrize("name", CASES)
def test_what_is_cut_off_is_done_once(told: dict[str, Told], name: str) -> None:
    done = (1, 1, CASES[name].sends)
    # The answer was lost: it is done. Its connection was killed before the end: nothing is.
    assert told[name].traces == [done, done, (0, 0, 0), done]
    assert [status for status, _ in told[name].after_cut] == [200, 200]
    assert told[name].killed[0] == 503


@pytest.mark.parametrize("name", CASES)
def test_without_its_audit_row_nothing_is_done(told: dict[str, Told], name: str) -> None:
    status, body = told[name].unaudited
    assert (status, body["message"]) == (400, "no room for the audit")
    before, after = told[name].left
    assert before == after


async def _through(running: Gateway, owner: Connection, case: Case) -> Told:
    told = Told()
    operator = {"Authorization": f"Bearer {token_of('operator')}"}
    path = f"/rest/v1/rpc/{case.function}"

    async def call(arguments: Arguments, where: Gateway | Address = running) -> tuple[int, Any]:
        return (await ask(where, "POST", path, headers=operator, json=arguments))[:2]

    for who in CALLERS:
        arguments = {**case.make(owner), "p_request_id": str(uuid.uuid4())}
        headers = {"Authorization": f"Bearer {token_of(who)}"} if CALLERS[who][0] == "authenticated" else {}
        key = {"key": SERVICE_KEY} if who == "service" else {}
        told.by[who] = (await ask(running, "POST", path, headers=headers, json=arguments, **key))[:2]
        if who == "operator":
            told.again = [await call(arguments), await call(arguments)]
    if case.stale:
        arguments = {**case.make(owner), "p_request_id": str(uuid.uuid4())}
        owner.execute(case.stale.encode(), arguments)
        told.stale = await call(arguments)
        assert _traces(owner, arguments) == (0, 0, 0)
    await _cut_off(running, owner, case, told, call)
    await _without_audit(owner, case, told, call)
    return told


async def _cut_off(running: Gateway, owner: Connection, case: Case, told: Told, call: Callable[..., Any]) -> None:
    arguments = {**case.make(owner), "p_request_id": str(uuid.uuid4())}
    with cut_wire(running.url, case.function, ["before the answer"]) as wire:
        with pytest.raises(ClientError):
            await call(arguments, Address(wire.origin))
        await until(lambda: _traces(owner, arguments)[0])
        told.traces.append(_traces(owner, arguments))
        told.after_cut.append(await call(arguments, Address(wire.origin)))
        told.traces.append(_traces(owner, arguments))
    arguments = {**case.make(owner), "p_request_id": str(uuid.uuid4())}
    # Whoever comes with this request id waits: a moment in which its connection can be killed.
    owner.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (arguments["p_request_id"],))
    waiting = asyncio.ensure_future(call(arguments))
    kill = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted"
    await until(lambda: owner.execute(kill).fetchall())
    told.killed = await waiting
    owner.execute("select pg_advisory_unlock_all()")
    told.traces.append(_traces(owner, arguments))
    told.after_cut.append(await call(arguments))
    told.traces.append(_traces(owner, arguments))


async def _without_audit(owner: Connection, case: Case, told: Told, call: Callable[..., Any]) -> None:
    arguments = {**case.make(owner), "p_request_id": str(uuid.uuid4())}
    owner.execute(
        "create or replace function public.test_no_room() returns trigger language plpgsql as"
        " $$ begin raise exception 'no room for the audit'; end $$"
    )
    owner.execute("create trigger no_room before insert on staff_actions for each row execute function test_no_room()")
    try:
        before = _everything(owner)
        told.unaudited = await call(arguments)
        told.left = (before, _everything(owner))
    finally:
        owner.execute("drop function public.test_no_room cascade")


def _traces(owner: Connection, arguments: Arguments) -> tuple[int, int, int]:
    """Audit rows, events and messages of this request."""
    request = arguments["p_request_id"]
    return (
        one(owner, "select count(*) from staff_actions where request_id = %s", request),
        one(owner, "select count(*) from queue_history where details ->> 'request_id' = %s", request),
        one(owner, "select count(*) from outbox where body -> 'metadata' ->> 'request_id' = %s", request),
    )


def _everything(owner: Connection) -> dict[str, str]:
    return {table: one(owner, f"select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {table} t")
            for table in MATRIX}  # fmt: skip
