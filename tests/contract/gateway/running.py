"""A gateway on a free port inside a test's own event loop, and clients of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from aiohttp import ClientSession, web
from supabase import AsyncClient, AsyncClientOptions, acreate_client

from services.local.gateway.app import GatewayConfig, build_app
from services.local.postgres import Postgres

PASSWORD = "desk password"
SECRET = "a secret of the tests with thirty-two bytes"
KEY = "sb_publishable_test"
SERVICE_KEY = "sb_secret_test"


@dataclass
class Gateway:
    """A running gateway."""

    url: str
    runner: web.AppRunner
    wires: AsyncExitStack

    async def client(self, name: str | None = None, *, key: str = KEY) -> AsyncClient:
        """A stock client, signed in as viewer, operator or customer; anonymous without a name."""
        wire = await self.wires.enter_async_context(httpx.AsyncClient())
        options = AsyncClientOptions(auto_refresh_token=False, httpx_client=wire)
        client = await acreate_client(self.url, key, options)
        self.wires.push_async_callback(client.realtime.close)
        if name is not None:
            await client.auth.sign_in_with_password({"email": f"{name}@directory-bolt.example", "password": PASSWORD})
        return client


@dataclass
class Address:
    """A gateway that somebody else runs."""

    url: str


@asynccontextmanager
async def gateway(server: Postgres, **config: Any) -> AsyncIterator[Gateway]:
    """Start a gateway; its end closes every socket."""
    made = GatewayConfig(
        database_url=server.url,
        authenticator_url=server.authenticator_url,
        jwt_secret=SECRET,
        publishable_key=KEY,
        service_role_key=SERVICE_KEY,
        **config,
    )
    runner = web.AppRunner(build_app(made), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with AsyncExitStack() as wires:
            yield Gateway(_url(runner), runner, wires)
    finally:
        await runner.cleanup()


async def ask(
    gateway: Gateway | Address, method: str, path: str, *, key: str | None = KEY, **options: Any
) -> tuple[int, Any, dict[str, str]]:
    """Status, JSON body (None when empty) and headers of a plain request."""
    headers = {**({"apikey": key} if key else {}), **options.pop("headers", {})}
    async with (
        ClientSession() as session,
        session.request(method, gateway.url + path, headers=headers, **options) as answer,
    ):
        body = await answer.json(content_type=None) if await answer.read() else None
        return answer.status, body, dict(answer.headers)


async def spoil(gateway: Gateway | Address, **switches: Any) -> None:
    """Turn these fault switches on and all others off."""
    status, body, _ = await ask(gateway, "PUT", "/_faults", key=SERVICE_KEY, json=switches)
    assert status == 200, body


async def strike(gateway: Gateway | Address, act: str, **order: Any) -> None:
    """Do one of the acts kill, resubscribe or expire."""
    status, body, _ = await ask(gateway, "POST", f"/_faults/{act}", key=SERVICE_KEY, json=order)
    assert status == 204, body


async def until(condition: Callable[[], object], *, limit: float = 30.0) -> None:
    """Wait for a condition; AssertionError when it does not come true in `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


def add_job(owner: psycopg.Connection, *, name: str = "Harbor Bakery", status: str = "pending") -> str:
    """A customer and its job; the job's id."""
    row = owner.execute(
        "with c as (insert into customers (business_name, email, package_type)"
        "  values (%s, 'owner@harbor-bakery.example', 'starter') returning id)"
        " insert into jobs (customer_id, status, package_type, directories_total) select id, %s, 'starter', 3 from c"
        " returning id::text",
        (name, status),
    ).fetchone()
    assert row is not None
    return str(row[0])


def _url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0]
    return f"http://{host}:{port}"
