"""Reads through the stock client, and the codes that it meets."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from postgrest import APIError, CountMethod

from services.local.postgres import Postgres
from tests.contract.gateway.running import SERVICE_KEY, add_job, ask, gateway

pytestmark = pytest.mark.stack


def test_staff_see_rows_and_others_see_none(server: Postgres, owner: psycopg.Connection) -> None:
    job = add_job(owner)

    async def scenario() -> None:
        async with gateway(server) as running:
            rows: list[Any] = []
            for name, expected in ((None, 0), ("customer", 0), ("viewer", 1), ("operator", 1)):
                client = await running.client(name)
                rows = (await client.table("jobs").select("*").execute()).data
                assert len(rows) == expected, name
            assert rows[0]["id"] == job
            assert rows[0]["metadata"] == {}
            assert rows[0]["directories_total"] == 3
            assert rows[0]["created_at"].endswith("+00:00")
            service = await running.client(key=SERVICE_KEY)
            assert len((await service.table("jobs").select("id").execute()).data) == 1

    asyncio.run(scenario())


def test_filters_order_and_pages(server: Postgres, owner: psycopg.Connection) -> None:
    for n in range(7):
        owner.execute(
            "insert into directories (name, submission_url, domain_authority, category, active)"
            " values (%s, %s, %s, %s, %s)",
            (f"Dir, {n}", f"http://d{n}.example/add", n // 2, None if n == 3 else f"c{n % 2}", n != 6),
        )

    async def scenario() -> None:
        async with gateway(server) as running:
            client = await running.client("viewer")

            def read(columns: str = "name") -> Any:
                return client.table("directories").select(columns)

            async def names(query: Any) -> list[str]:
                return [row["name"][-1] for row in (await query.execute()).data]

            by_name = read().order("name")
            assert await names(by_name) == list("0123456")
            assert await names(read().order("domain_authority", desc=True).order("name")) == list("6452301")
            assert await names(read().order("name", desc=True).limit(2).offset(1)) == ["5", "4"]
            assert await names(read().order("name").range(2, 3)) == ["2", "3"]
            assert (await names(read().order("category", nullsfirst=True).limit(1))) == ["3"]
            assert await names(read().eq("name", "Dir, 4")) == ["4"]
            assert await names(read().neq("name", "Dir, 4").gt("domain_authority", 1).order("name")) == ["5", "6"]
            assert await names(read().gte("domain_authority", 2).lt("domain_authority", 3).order("name")) == ["4", "5"]
            assert await names(read().lte("domain_authority", 0).order("name")) == ["0", "1"]
            assert await names(read().in_("name", ["Dir, 1", "Dir, 5", 'no "such"']).order("name")) == ["1", "5"]
            assert await names(read().in_("name", [])) == []
            assert await names(read().is_("category", None)) == ["3"]
            assert await names(read().is_("active", "false")) == ["6"]
            assert await names(read().not_.is_("category", None).eq("active", True).order("name")) == list("01245")
            assert await names(read().like("name", "%, 2")) == ["2"]
            assert await names(read().ilike("name", "dir*6")) == ["6"]
            keyset = 'domain_authority.gt.1,and(domain_authority.eq.1,name.gt."Dir, 2")'
            assert await names(read().or_(keyset).order("name")) == list("3456")

    asyncio.run(scenario())


def test_keyset_pages_by_time_reach_every_row_once(server: Postgres, owner: psycopg.Connection) -> None:
    jobs = {add_job(owner, name=f"Business {n}") for n in range(9)}
    owner.execute("update jobs set status = 'in_progress'")

    async def scenario() -> list[str]:
        seen: list[str] = []
        async with gateway(server) as running:
            client = await running.client("viewer")
            after: tuple[str, str] | None = None
            while True:
                query = client.table("jobs").select("id,updated_at").order("updated_at").order("id").limit(2)
                if after is not None:
                    time, key = after
                    query = query.or_(f"updated_at.gt.{time},and(updated_at.eq.{time},id.gt.{key})")
                rows: list[Any] = (await query.execute()).data
                if not rows:
                    return seen
                seen += [row["id"] for row in rows]
                after = (rows[-1]["updated_at"], rows[-1]["id"])

    seen = asyncio.run(scenario())
    assert len(seen) == 9
    assert set(seen) == jobs


def test_counts_single_rows_and_the_row_limit(server: Postgres, owner: psycopg.Connection) -> None:
    for n in range(5):
        add_job(owner, name=f"Business {n}")

    async def scenario() -> None:
        async with gateway(server, max_rows=3) as running:
            client = await running.client("viewer")
            page = await client.table("jobs").select("id", count=CountMethod.exact).limit(2).execute()
            assert (len(page.data), page.count) == (2, 5)
            head = await client.table("jobs").select("id", count=CountMethod.exact, head=True).execute()
            assert head.count == 5
            assert len((await client.table("jobs").select("id").execute()).data) == 3
            status, rows, headers = await ask(
                running, "GET", "/rest/v1/jobs?select=id", key=SERVICE_KEY,
                headers={"Prefer": "count=exact", "Range-Unit": "items", "Range": "3-4"},
            )  # fmt: skip
            assert (status, len(rows), headers["Content-Range"]) == (206, 2, "3-4/5")
            assert "Date" in headers
            one: Any = await client.table("customers").select("*").eq("business_name", "Business 3").single().execute()
            assert one.data["business_name"] == "Business 3"
            assert await client.table("jobs").select("*").eq("status", "failed").maybe_single().execute() is None
            with pytest.raises(APIError) as several:
                await client.table("jobs").select("*").single().execute()
            assert several.value.code == "PGRST116"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/rest/v1/nowhere", 404, "PGRST205"),
        ("/rest/v1/jobs?select=nothing", 400, "42703"),
        ("/rest/v1/jobs?nothing=eq.1", 400, "42703"),
        ("/rest/v1/jobs?order=nothing", 400, "42703"),
        ("/rest/v1/jobs?id=eq.no-uuid", 400, "22P02"),
        ("/rest/v1/jobs?id=like.a", 404, "42883"),
        ("/rest/v1/jobs?id=1", 400, "PGRST100"),
        ("/rest/v1/jobs?select=id,customers(email)", 400, "PGRST100"),
        ("/rest/v1/jobs?or=(id.eq.1", 400, "PGRST100"),
        ("/rest/v1/jobs?limit=-1", 400, "PGRST100"),
        ("/rest/v1/customers?email=eq.a%00b", 400, "22021"),
        ("/rest/v1/users", 404, "PGRST205"),
        ("/rest/v1/pg_class", 404, "PGRST205"),
    ],
)
def test_what_is_not_there_is_said_in_codes(server: Postgres, path: str, status: int, code: str) -> None:
    async def scenario() -> None:
        async with gateway(server) as running:
            answered, body, _ = await ask(running, "GET", path, key=SERVICE_KEY)
            assert (answered, body["code"]) == (status, code)
            assert set(body) == {"code", "message", "details", "hint"}

    asyncio.run(scenario())


def test_tables_are_not_written_over_rest(server: Postgres, owner: psycopg.Connection) -> None:
    add_job(owner)

    async def scenario() -> None:
        async with gateway(server) as running:
            for method in ("POST", "PATCH", "DELETE", "PUT"):
                status, body, _ = await ask(
                    running, method, "/rest/v1/jobs", key=SERVICE_KEY, json={"status": "failed"}
                )
                assert (status, body["code"]) == (405, "PGRST117")

    asyncio.run(scenario())
    assert owner.execute("select status from jobs").fetchall() == [("pending",)]


def test_only_this_machine_may_knock(server: Postgres) -> None:
    async def scenario() -> None:
        async with gateway(server, max_body_bytes=1000) as running:
            path = "/rest/v1/jobs"
            assert (await ask(running, "GET", path, headers={"Host": "rebound.example"}))[0] == 421
            assert (await ask(running, "GET", path, headers={"Host": "127.0.0.1.rebound.example"}))[0] == 421
            assert (await ask(running, "GET", path, headers={"Host": "localhost:1"}))[0] == 200
            assert (await ask(running, "GET", path, headers={"Origin": "https://page.example"}))[0] == 403
            assert (await ask(running, "GET", path, headers={"Origin": "null"}))[0] == 403
            assert (await ask(running, "GET", path, headers={"Origin": running.url}))[0] == 200
            assert (await ask(running, "POST", "/rest/v1/rpc/x", data=b"x" * 2000))[0] == 413
            status, body, _ = await ask(running, "GET", "/elsewhere")
            assert (status, set(body)) == (404, {"message"})

    asyncio.run(scenario())


def test_a_slow_statement_is_stopped(server: Postgres, owner: psycopg.Connection) -> None:
    owner.execute("begin")
    owner.execute("lock table jobs in access exclusive mode")

    async def scenario() -> None:
        async with gateway(server, statement_seconds=0.2) as running:
            status, body, _ = await ask(running, "GET", "/rest/v1/jobs", key=SERVICE_KEY)
            assert (status, body["code"]) == (500, "57014")

    try:
        asyncio.run(scenario())
    finally:
        owner.execute("rollback")
