"""`main.py dlq` in a project: its roles, its lease and its audit count in a terminal as on the page."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from app.roles.dlq import run
from services.local.postgres import Postgres
from tests.contract.clients.test_dlq_role import job, put, urls
from tests.contract.gateway.running import KEY, PASSWORD, gateway
from tests.contract.queue.helpers import count_of

__all__ = ["urls"]

pytestmark = pytest.mark.stack

CUSTOMER, JOB = (str(uuid.UUID(int=n)) for n in (1, 2))
REPLAY = ("replay", "--all", "--yes", "--rate", "0")


@pytest.fixture
def as_somebody(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    def set_it(url: str, name: str) -> None:
        for key, value in {
            "SUPABASE_URL": url, "SUPABASE_ANON_KEY": KEY, "STAFF_EMAIL": f"{name}@directory-bolt.example",
            "STAFF_PASSWORD": PASSWORD, "ENVIRONMENT": "local",
        }.items():  # fmt: skip
            monkeypatch.setenv(key, value)

    return set_it


def test_roles_lease_and_audit_count(
    urls: tuple[Any, str, str],
    server: Postgres,
    owner: psycopg.Connection,
    as_somebody: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw, main, dlq = urls
    arn = raw.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    owner.execute("insert into customers (id, business_name, email) values (%s, 'One', 'a@b.example')", (CUSTOMER,))
    owner.execute("insert into jobs (id, customer_id, status) values (%s, %s, 'pending')", (JOB, CUSTOMER))
    put(raw, dlq, job(JOB))

    async def call(*argv: str) -> tuple[int, str]:
        code = await asyncio.to_thread(run, list(argv))
        said = capsys.readouterr()
        return code, said.out + said.err

    async def suite() -> None:
        async with gateway(server) as running:
            as_somebody(running.url, "viewer")
            assert (await call("list"))[0] == 0
            for argv in (REPLAY, ("archive", "--all", "--yes"), ("put-back", "x"), ("resume",)):
                code, said = await call(*argv)
                assert (code, "Needs the role operator; you are viewer." in said) == (1, True), argv
            as_somebody(running.url, "operator")
            owner.execute(
                "insert into replay_leases (id, actor, who, machine, token, taken_at, held_until)"
                " values (%s, %s, 'colleague', 'desk-2', %s, now(), now() + interval '1 minute')",
                (arn, str(uuid.uuid4()), str(uuid.uuid4())),
            )
            code, said = await call(*REPLAY)
            assert (code, "colleague on desk-2 works on these dead letters" in said) == (1, True)
            assert (count_of(raw, main), count_of(raw, dlq)) == (0, 1)
            owner.execute("truncate replay_leases")
            code, said = await call("resume", "--json")
            assert (code, json.loads(said)["moved"]) == (0, 1)
            junk = put(raw, dlq, "no json")
            assert (await call("archive", junk, "--yes"))[0] == 0
            assert (await call("put-back", junk, "--reason", "not junk"))[0] == 0

    asyncio.run(suite())
    assert (count_of(raw, main), count_of(raw, dlq)) == (1, 1)
    acts = owner.execute("select act, target, role from staff_actions order by id").fetchall()
    assert acts == [(act, arn, "operator") for act in ("replay", "archive", "put_back")]
    assert owner.execute("select count(*) from replay_leases").fetchone() == (0,)
