"""What a project has, asked as the person who is signed in: its own word, else one trial for each thing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

import msgspec
from postgrest.exceptions import APIError

from services.clients.supabase_errors import console_errors, expect
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotInstalled, NotPermitted, Refused, SignedOut
from services.domain.project import FUNCTIONS, TABLES, FunctionNeed, ProjectFacts, TableNeed

_T = TypeVar("_T")
_MALFORMED: Final = "22P02"
_UNSURE: Final = (
    "Policies, live tables and pictures can't be told here: the project lacks the function project_facts "
    "(0007_project_facts.sql)."
)
_UNSURE_PICTURES: Final = (
    "Who may see and add pictures can't be told here: the project's function project_facts is an older one, or may "
    "not look (0007_project_facts.sql)."
)


class SupabaseProject:
    """`services.ports.Project` for the person who is signed in."""

    def __init__(self, session: SupabaseSession) -> None:
        self._session = session

    async def facts(self) -> ProjectFacts:
        """See the port."""
        try:
            with console_errors("ask what the project has"):
                await self._session.token()
                answer = await self._session.client.rpc("project_facts", {}).execute()
        except NotInstalled:
            return await self._tried()
        found = msgspec.convert(expect(answer.data, dict, "ask what the project has"), ProjectFacts)
        return msgspec.structs.replace(found, unsure=_UNSURE_PICTURES) if found.pictures is None else found

    async def _tried(self) -> ProjectFacts:
        tables: dict[str, list[str]] = {}
        closed: list[str] = []
        for need, columns in zip(TABLES, await _all(map(self._columns, TABLES)), strict=True):
            if columns is None:
                closed.append(need.name)
            elif columns:
                tables[need.name] = columns
        known = await _all(map(self._exists, FUNCTIONS))
        functions = [need.name for need, there in zip(FUNCTIONS, known, strict=True) if there]
        return ProjectFacts(tables=tables, functions=functions, closed=closed, unsure=_UNSURE)

    async def _columns(self, need: TableNeed) -> list[str] | None:
        """Those of the needed columns that are there, None when the table may not be read. [] without the table."""
        try:
            await self._select(need.name, *need.columns)
            return list(need.columns)
        except NotPermitted as error:
            if isinstance(error, SignedOut):
                raise
            return None
        except NotInstalled:
            there = [column for column in need.columns if await self._has(need.name, column)]
            return there or (["*"] if await self._has(need.name, "*") else [])

    async def _has(self, table: str, column: str) -> bool:
        try:
            await self._select(table, column)
        except NotInstalled:
            return False
        return True

    async def _select(self, table: str, *columns: str) -> None:
        with console_errors(f"read {table}"):
            await self._session.client.table(table).select(*columns).limit(1).execute()

    async def _exists(self, need: FunctionNeed) -> bool:
        """Call it with an id that isn't one: the server refuses that before the function could begin."""
        arguments: dict[str, Any] = {**dict.fromkeys(need.others), **dict.fromkeys(need.ids, "not an id")}
        try:
            with console_errors(f"find {need.name}"):
                try:
                    await self._session.client.rpc(need.name, arguments).execute()
                except APIError as error:
                    if error.code != _MALFORMED:
                        raise
        except (NotInstalled, NotPermitted) as error:
            if isinstance(error, SignedOut):
                raise
            return False
        except Refused:
            return True
        return True


async def _all(asking: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """What they give, asked side by side. Once one of them raises, none goes on behind its back."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in asking]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]
