"""Who sees what and may write what: every table, each door, every kind of caller."""

from __future__ import annotations

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import psycopg
import pytest
from postgrest import APIError
from psycopg import sql
from psycopg.types.json import Jsonb
from realtime.types import RealtimePostgresChangesListenEvent
from supabase import AsyncClient

from services.local.gateway.config import GatewayConfig
from services.local.gateway.tokens import Tokens
from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, SECRET, SERVICE_KEY, Gateway, gateway, until
from tests.contract.schema.rows import TABLES

pytestmark = pytest.mark.stack

ALL: Final = RealtimePostgresChangesListenEvent.All
OURS: Final = "0a000000-0000-4000-8000-000000000001"
THEIRS: Final = "0b000000-0000-4000-8000-000000000001"
# Who asks: the database role, and app_metadata of the sign-in.
CALLERS: Final[dict[str, tuple[str, dict[str, str] | None]]] = {
    "nobody": ("anon", None),
    "no role": ("authenticated", {}),
    "odd role": ("authenticated", {"role": "superuser", "customer_id": "x' or true --"}),
    "customer": ("authenticated", {"customer_id": OURS}),
    "other": ("authenticated", {"customer_id": THEIRS}),
    "viewer": ("authenticated", {"role": "viewer"}),
    "operator": ("authenticated", {"role": "operator"}),
    "admin": ("authenticated", {"role": "admin"}),
    "service": ("service_role", None),
}
# What anybody may write about himself: nothing may follow from it.
ODD: Final = {"role": "admin", "customer_id": OURS, "app_metadata": {"role": "admin"}}
STAFF: Final = ("viewer", "operator", "admin", "service")
WRITERS: Final = ("admin", "service")
# Table -> whether customers see their own rows, and what the pipeline may do to it. Staff see every row. All others see
# none, and nobody but the pipeline writes. A table without a line here fails the tests.
MATRIX: Final = {
    "customers": ("own", "all"),
    "jobs": ("own", "all"),
    "directories": ("", "all"),
    "directory_submissions": ("own", "all"),
    "job_results": ("", "all"),
    "queue_history": ("", "insert"),
    "worker_heartbeats": ("", "all"),
    "staff_actions": ("", "insert"),
    "outbox": ("", "all"),
    "flow_runs": ("", "all"),
    "paused_directories": ("", "all"),
    "replay_leases": ("", "all"),
    "staff_operations": ("", "all"),
    "form_fingerprints": ("", "all"),
}
_SEED: Final = {
    "customers": "(id, business_name, email) values (%(id)s, 'Blue Door', 'a@b.example') returning id",
    "jobs": "(id, customer_id) values (%(id)s, %(id)s) returning id",
    "directories": "(id, name, submission_url) values (%(id)s, 'd', 'http://' || %(who)s || '/add') returning id",
    "directory_submissions": "(submission_queue_id, directory_url) values (%(id)s, 'http://d/add') returning id",
    "job_results": "(job_id, directory_name, idempotency_key) values (%(id)s, 'd', %(who)s) returning id",
    "queue_history": "(job_id, event) values (%(id)s, 'job_started') returning id",
    "worker_heartbeats": "(worker_id) values (%(who)s) returning worker_id",
    "staff_actions": "(request_id, role, act, target) values (%(id)s, 'admin', 'x', %(who)s) returning id",
    "outbox": "(job_id, body) values (%(id)s, '{}') returning id",
    "flow_runs": "(idempotency_key, deployment, parameters) values (%(who)s, 'd', '{}') returning id",
    "paused_directories": "(directory_id, reason) values (%(id)s, 'changed') returning directory_id",
    "replay_leases": "(id, actor, who, machine, token, taken_at, held_until)"
    " values (%(who)s, %(id)s, 'x', 'y', %(id)s, now(), now()) returning id",
    "form_fingerprints": "(id, seen) values (%(who)s, '{}') returning id",
    # The act above has made it.
    "staff_operations": "update staff_operations set words = 'x' where id = %(id)s returning id",
}
_KEYS: Final = {"worker_heartbeats": "worker_id", "paused_directories": "directory_id"}


@dataclass
class Seen:
    """What came through each door. Rows by their key, as text."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    """Table -> customer -> the key of the row that was made for this customer."""
    read: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(caller, table) -> keys over REST."""
    heard: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """(caller, table) -> keys of inserts over Realtime."""
    deleted: dict[str, list[Any]] = field(default_factory=dict)
    """Caller -> what deletes told over Realtime."""
    refused: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(caller, verb, table) -> the code by which REST refused it."""


def test_every_table_and_view_has_a_line(server: Postgres) -> None:
    with psycopg.connect(server.url) as connection:
        found = connection.execute(
            "select relname::text from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind in ('r', 'p', 'v', 'm', 'f') order by relname"
        )
        assert {row[0] for row in found.fetchall()} == set(MATRIX) == set(TABLES)


def test_nothing_but_the_schema_public_can_be_reached(server: Postgres) -> None:
    rights = ("select", "insert", "update", "delete", "truncate", "references", "trigger")
    with psycopg.connect(server.url) as connection:
        open_ones = connection.execute(
            "select c.oid::regclass::text, r, p from pg_class c, unnest(%s::text[]) r, unnest(%s::text[]) p"
            " where c.relnamespace not in ('public'::regnamespace, 'pg_catalog'::regnamespace,"
            "  'information_schema'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f')"
            " and has_table_privilege(r, c.oid, p) and has_schema_privilege(r, c.relnamespace, 'usage')",
            (["anon", "authenticated"], list(rights)),
        )
        rows = ("storage.objects", "anon", "select"), ("storage.objects", "authenticated", "select"), (
            "storage.objects", "authenticated", "insert",
        )  # fmt: skip
        assert sorted(open_ones.fetchall()) == sorted(rows), "what isn't read or written through Storage's policies"
        guarded = connection.execute("select relrowsecurity from pg_class where oid = 'storage.objects'::regclass")
        assert guarded.fetchall() == [(True,)]


@pytest.fixture(scope="module")
def seen(server: Postgres) -> Iterator[Seen]:
    """One database, one gateway, every caller through every door once."""
    with psycopg.connect(server.url, autocommit=True) as owner:
        _empty(owner)
        yield asyncio.run(_look(server, owner))
        _empty(owner)


def expected(seen: Seen, who: str, table: str) -> set[str]:
    """The keys that a caller may see."""
    if who in STAFF:
        return set(seen.rows[table].values())
    own = seen.rows[table].get(who) if MATRIX[table][0] == "own" else None
    return {own} if own else set()


@pytest.mark.parametrize("table", MATRIX)
def test_rest_shows_just_these_rows(seen: Seen, table: str) -> None:
    for who in CALLERS:
        assert seen.read[who, table] == expected(seen, who, table), who


@pytest.mark.parametrize("table", MATRIX)
def test_realtime_brings_just_these_rows(seen: Seen, table: str) -> None:
    for who in CALLERS:
        assert seen.heard[who, table] == expected(seen, who, table), who


def test_a_delete_tells_its_key_alone(seen: Seen) -> None:
    # As with Supabase, everybody hears of a delete: the row is gone, so nobody can ask whose it was.
    for who in CALLERS:
        assert seen.deleted[who] == [{"id": int(seen.rows["outbox"]["customer"])}], who


def test_rest_writes_no_table(seen: Seen) -> None:
    assert len(seen.refused) == len(WRITERS) * len(MATRIX) * 3
    assert set(seen.refused.values()) == {"PGRST117"}


@pytest.mark.parametrize("who", CALLERS)
def test_the_database_lets_nobody_but_the_pipeline_write(server: Postgres, owner: psycopg.Connection, who: str) -> None:
    role, metadata = CALLERS[who]
    seed(owner)
    with psycopg.connect(server.url) as connection:
        claims = Jsonb({"role": role, "app_metadata": metadata or {}})
        for table, (_, pipeline) in MATRIX.items():
            for verb in ("insert", "update", "delete", "truncate"):
                connection.execute("select set_config('request.jwt.claims', %s::text, true)", (claims,))
                connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
                may = who == "service" and pipeline in ("all", verb)
                assert _is_permitted(connection, verb, table) == may, (verb, table)


def seed(owner: psycopg.Connection) -> dict[str, dict[str, str]]:
    """A row of each table for each of the two customers: table -> customer -> key."""
    made: dict[str, dict[str, str]] = defaultdict(dict)
    for who, customer in (("customer", OURS), ("other", THEIRS)):
        for table, values in _SEED.items():
            statement = values if values.startswith("update") else f"insert into {table} {values}"
            row = owner.execute(f"{statement}::text".encode(), {"id": customer, "who": who}).fetchone()
            assert row is not None
            made[table][who] = row[0]
    return made


def _is_permitted(connection: psycopg.Connection, verb: str, table: str) -> bool:
    """Whether this isn't refused for want of a right; whatever it did is undone."""
    column = {"replay_leases": "who", "staff_operations": "words", "form_fingerprints": "accepted_by"}.get(
        table
    ) or _KEYS.get(table, "created_at")
    statement = {
        "insert": f"insert into {table} default values",
        "update": f"update {table} set {column} = {column}",
        "delete": f"delete from {table}",
        "truncate": f"truncate {table} cascade",
    }[verb]
    try:
        connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.errors.IntegrityError:
        return True
    finally:
        connection.rollback()
    return True


def _empty(owner: psycopg.Connection) -> None:
    owner.execute("set session_replication_role = replica")
    owner.execute(f"truncate {', '.join(TABLES)}".encode())
    owner.execute("set session_replication_role = default")


async def _look(server: Postgres, owner: psycopg.Connection) -> Seen:
    seen = Seen()
    async with gateway(server) as running:
        clients = {who: await _client(running, who) for who in CALLERS}
        ears = {who: await _ear(client) for who, client in clients.items()}
        seen.rows = await asyncio.to_thread(seed, owner)
        await asyncio.gather(*(_read(seen, who, client) for who, client in clients.items()))
        await asyncio.gather(*(_write(seen, who, clients[who]) for who in WRITERS))
        # A row that is gone by the time that its turn comes is shown to nobody.
        for who in STAFF:
            await until(partial(_heard_all, ears[who]))
        # Everybody hears of a delete: whoever heard this one has heard all there is.
        await asyncio.to_thread(owner.execute, "delete from outbox where job_id = %s", (OURS,))
        for who, changes in ears.items():
            await until(partial(_heard_a_delete, changes))
            seen.deleted[who] = [change["old_record"] for change in changes if _kind(change) == "DELETE"]
            for change in changes:
                if _kind(change) == "INSERT":
                    key = change["record"][_KEYS.get(change["table"], "id")]
                    seen.heard[who, change["table"]].add(str(key))
    return seen


def token_of(who: str) -> str:
    """An access token of this caller, who signed in."""
    user = {"id": uuid.uuid4(), "email": f"{who}@b.example", "app_metadata": CALLERS[who][1], "user_metadata": ODD}
    return Tokens(GatewayConfig("", "", SECRET, KEY, SERVICE_KEY)).issue(user, str(uuid.uuid4()))[0]


async def _client(running: Gateway, who: str) -> AsyncClient:
    """The stock client of this caller."""
    role = CALLERS[who][0]
    client = await running.client(key=SERVICE_KEY if role == "service_role" else KEY)
    if role == "authenticated":
        client.postgrest.auth(token_of(who))
        await client.realtime.set_auth(token_of(who))
    return client


async def _ear(client: AsyncClient) -> list[dict[str, Any]]:
    """What comes in on a channel that is confirmed for every table."""
    changes: list[dict[str, Any]] = []
    confirmed: list[Any] = []
    channel = client.channel("everything")
    channel.on_postgres_changes(ALL, schema="public", callback=lambda payload: changes.append(dict(payload["data"])))
    channel.on_system(confirmed.append)
    await channel.subscribe()
    await until(lambda: confirmed)
    return changes


async def _read(seen: Seen, who: str, client: AsyncClient) -> None:
    for table in MATRIX:
        key = _KEYS.get(table, "id")
        rows: list[Any] = (await client.table(table).select("*").execute()).data
        seen.read[who, table] = {str(row[key]) for row in rows}


async def _write(seen: Seen, who: str, client: AsyncClient) -> None:
    for table in MATRIX:
        key = _KEYS.get(table, "id")
        writes = {
            "insert": client.table(table).insert({key: OURS}),
            "update": client.table(table).update({key: OURS}).neq(key, THEIRS),
            "delete": client.table(table).delete().neq(key, THEIRS),
        }
        for verb, write in writes.items():
            try:
                await write.execute()
            except APIError as error:
                seen.refused[who, verb, table] = str(error.code)


def _heard_all(changes: list[dict[str, Any]]) -> bool:
    return sum(_kind(change) == "INSERT" for change in changes) == 2 * len(MATRIX)


def _heard_a_delete(changes: list[dict[str, Any]]) -> bool:
    return any(_kind(change) == "DELETE" for change in changes)


def _kind(change: dict[str, Any]) -> str:
    return str(change["type"].value)
