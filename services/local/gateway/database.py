"""Connections of the gateway: one pool that becomes the caller, one that is the owner."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from services.local.gateway.config import GatewayConfig
from services.local.gateway.tokens import Caller

_BECOME = """select set_config('role', %s, true), set_config('request.jwt.claims', %s, true),
                    set_config('transaction_read_only', %s, true)"""


class Database:
    """Two pools; open before use, close at the end."""

    def __init__(self, config: GatewayConfig) -> None:
        options = f"-c timezone=UTC -c datestyle=ISO -c statement_timeout={int(config.statement_seconds * 1000)}"
        self._callers: AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]] = AsyncConnectionPool(
            make_conninfo(config.authenticator_url, options=options),
            min_size=1, max_size=8, open=False, timeout=5.0, check=AsyncConnectionPool.check_connection,
        )  # fmt: skip
        self._owners: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
            make_conninfo(config.database_url, options=options), kwargs={"row_factory": dict_row},
            min_size=1, max_size=2, open=False, timeout=5.0, check=AsyncConnectionPool.check_connection,
        )  # fmt: skip

    async def open(self) -> None:
        """Connect. Raises psycopg_pool.PoolTimeout when that takes longer than 15 s."""
        await self._callers.open(wait=True, timeout=15.0)
        await self._owners.open(wait=True, timeout=15.0)

    async def close(self) -> None:
        """Give all connections back."""
        await self._callers.close()
        await self._owners.close()

    @asynccontextmanager
    async def as_caller(
        self, caller: Caller, *, read_only: bool
    ) -> AsyncIterator[psycopg.AsyncConnection[tuple[Any, ...]]]:
        """A transaction with the caller's role and claims; row-level security decides what it sees."""
        async with self._callers.connection() as connection, connection.transaction():
            await connection.execute(_BECOME, (caller.role, caller.claims_json, "on" if read_only else "off"))
            yield connection

    @asynccontextmanager
    async def as_owner(self) -> AsyncIterator[psycopg.AsyncConnection[DictRow]]:
        """A transaction on the accounts' tables, with rows as dicts."""
        async with self._owners.connection() as connection, connection.transaction():
            yield connection
