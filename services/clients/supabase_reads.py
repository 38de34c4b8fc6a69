"""Rows of the project's tables, over its REST interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

from services.clients.supabase_errors import console_errors, expect
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotReachable, SignedOut
from services.ports.facts import Table

_KEYS: Final[dict[str, str]] = {"worker_heartbeats": "worker_id", "paused_directories": "directory_id"}
_DATE_STEP: Final = 1.5
"""Seconds: a Date header names whole seconds, so a smaller difference means nothing."""


class _Query(Protocol):
    """A request of the REST client that is ready to be sent."""

    async def execute(self) -> Any: ...


class SupabaseReads:
    """`services.ports.Reads` for the person who is signed in."""

    def __init__(self, session: SupabaseSession) -> None:
        self._session = session

    async def page(
        self,
        table: Table,
        *,
        order: str,
        descending: bool = False,
        limit: int = 1000,
        after: tuple[str, str] | None = None,
        equals: Mapping[str, str] | None = None,
        since: str | None = None,
        columns: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """See the port."""
        return await self._rows(
            table, lambda: self._page(table, order, descending, limit, after, equals or {}, since, columns)
        )

    async def by_ids(self, table: Table, ids: Sequence[str]) -> list[dict[str, Any]]:
        """See the port."""
        if not ids:
            return []
        key = _KEYS.get(table, "id")
        return await self._rows(table, lambda: self._session.client.table(table).select("*").in_(key, list(ids)))

    async def _rows(self, table: Table, query: Callable[[], _Query]) -> list[dict[str, Any]]:
        """What the query answers; asked a second time with a new token when the server calls this one over."""
        # A session that isn't signed in yet must not ask as nobody: nobody is shown no rows, which is an answer.
        token = self._session.access_token or await self._session.token()
        try:
            with console_errors(f"read {table}"):
                answer = await query().execute()
        except SignedOut:
            await self._session.renew(token)
            with console_errors(f"read {table}"):
                answer = await query().execute()
        return [expect(row, dict, f"read {table}") for row in expect(answer.data, list, f"read {table}")]

    def _page(
        self, table: Table, order: str, descending: bool, limit: int, after: tuple[str, str] | None,
        equals: Mapping[str, str], since: str | None, columns: Sequence[str],
    ) -> _Query:  # fmt: skip
        key = _KEYS.get(table, "id")
        query = self._session.client.table(table).select(*(columns or ("*",)))
        for column, value in equals.items():
            query = query.eq(column, value)
        if since is not None:
            query = query.gte(order, since)
        if after is not None:
            beyond = "lt" if descending else "gt"
            if order == key:
                query = query.filter(key, beyond, after[1])
            else:
                last, last_key = _quoted(after[0]), _quoted(after[1])
                query = query.or_(f"{order}.{beyond}.{last},and({order}.eq.{last},{key}.{beyond}.{last_key})")
        query = query.order(order, desc=descending)
        if order != key:
            query = query.order(key, desc=descending)
        return query.limit(limit)

    async def server_offset(self) -> float:
        """See the port. 0.0 when the clocks differ by less than the server's answer can tell."""
        session = self._session
        asked = time.time()
        with console_errors("tell the time"):
            answer = await session.wire.get(
                f"{session.url}/rest/v1/jobs",
                params={"select": "id", "limit": "1"},
                headers={"apikey": session.key, "Authorization": f"Bearer {await session.token()}"},
            )
        if answer.status_code >= 500:
            raise NotReachable("The database does not answer.", raw=f"HTTP {answer.status_code}")
        stamp = answer.headers.get("date")
        if stamp is None:
            return 0.0
        offset = parsedate_to_datetime(stamp).timestamp() + 0.5 - (asked + time.time()) / 2
        return offset if abs(offset) > _DATE_STEP else 0.0


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
