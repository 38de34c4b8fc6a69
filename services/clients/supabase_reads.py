"""Rows of the project's tables, over its REST interface."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

from services.clients.supabase_errors import console_errors
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotReachable
from services.ports.facts import Table

_KEYS: Final[dict[str, str]] = {"worker_heartbeats": "worker_id"}
_DATE_STEP: Final = 1.5
"""Seconds: a Date header names whole seconds, so a smaller difference means nothing."""


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
        key = _KEYS.get(table, "id")
        query = self._session.client.table(table).select(*(columns or ("*",)))
        for column, value in (equals or {}).items():
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
        with console_errors(f"read {table}"):
            answer = await query.limit(limit).execute()
        return _rows(answer.data)

    async def by_ids(self, table: Table, ids: Sequence[str]) -> list[dict[str, Any]]:
        """See the port."""
        if not ids:
            return []
        with console_errors(f"read {table}"):
            answer = (
                await self._session.client.table(table).select("*").in_(_KEYS.get(table, "id"), list(ids)).execute()
            )
        return _rows(answer.data)

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


def _rows(data: Any) -> list[dict[str, Any]]:
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
