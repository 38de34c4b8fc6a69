"""Reading tables over HTTP, as PostgREST answers."""

from __future__ import annotations

import dataclasses
import re

import psycopg
from aiohttp import web

from services.local.gateway.callers import bearer, key_caller
from services.local.gateway.config import GatewayConfig
from services.local.gateway.database import Database
from services.local.gateway.errors import WireError, rest_error
from services.local.gateway.query import Read, is_name, parse_read
from services.local.gateway.sqlstates import database_error
from services.local.gateway.statements import count_statement, read_statement
from services.local.gateway.tokens import Caller, TokenError, Tokens

_OBJECT = "application/vnd.pgrst.object+json"


def rest_caller(request: web.Request, tokens: Tokens) -> Caller:
    """The caller of a REST request: its bearer token, else its API key. WireError 401 when either is refused."""
    caller = key_caller(request, tokens)
    token = bearer(request)
    if token is None:
        return caller
    try:
        return tokens.caller(token)
    except TokenError as error:
        challenge = {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{error}"'}
        raise rest_error(401, "PGRST303" if error.expired else "PGRST301", str(error), headers=challenge) from error


class Rest:
    """GET and HEAD on the tables of the schema public."""

    def __init__(self, config: GatewayConfig, database: Database, tokens: Tokens) -> None:
        self._max_rows = config.max_rows
        self._database = database
        self._tokens = tokens

    async def read(self, request: web.Request) -> web.Response:
        """A page of rows."""
        caller = rest_caller(request, self._tokens)
        if request.method not in ("GET", "HEAD"):
            raise rest_error(405, "PGRST117", f"Unsupported HTTP method: {request.method}")
        table = request.match_info["table"]
        if not is_name(table):
            raise _no_table(table)
        read = _with_range(parse_read(request.query.items()), request.headers.get("Range"))
        limit = self._max_rows if read.limit is None else min(read.limit, self._max_rows)
        single = _OBJECT in request.headers.get("Accept", "")
        total: int | None = None
        try:
            async with self._database.as_caller(caller, read_only=True) as connection:
                page = await (await connection.execute(*read_statement(table, read, limit=limit))).fetchone()
                if "count=" in request.headers.get("Prefer", ""):
                    counted = await (await connection.execute(*count_statement(table, read))).fetchone()
                    total = counted[0] if counted else None
        except psycopg.errors.UndefinedTable as error:
            raise _no_table(table) from error
        except psycopg.Error as error:
            raise database_error(error, caller.role) from error
        assert page is not None
        body, count = str(page[0]), int(page[1])
        if single:
            return _single(body, count)
        return _page(body, count, read.offset, total)


def _single(body: str, count: int) -> web.Response:
    if count != 1:
        message = "Cannot coerce the result to a single JSON object"
        raise rest_error(406, "PGRST116", message, details=f"The result contains {count} rows")
    return web.Response(text=body[1:-1], content_type=_OBJECT, charset="utf-8")


def _page(body: str, count: int, offset: int, total: int | None) -> web.Response:
    if total is not None and offset > total:
        details = f"An offset of {offset} was requested, but there are only {total} rows."
        raise rest_error(416, "PGRST103", "Requested range not satisfiable", details=details)
    seen = f"{offset}-{offset + count - 1}" if count else "*"
    status = 206 if total is not None and count < total else 200
    headers = {"Content-Range": f"{seen}/{'*' if total is None else total}"}
    return web.Response(text=body, status=status, content_type="application/json", charset="utf-8", headers=headers)


def _no_table(table: str) -> WireError:
    return rest_error(404, "PGRST205", f"Could not find the table 'public.{table}' in the schema cache")


def _with_range(read: Read, header: str | None) -> Read:
    """The request with the limits of a Range header, where the query has none."""
    match = re.fullmatch(r"(?:items=)?([0-9]{1,18})-([0-9]{1,18})?", header or "")
    if match is None or read.limit is not None or read.offset:
        return read
    first = int(match[1])
    limit = None if match[2] is None else max(0, int(match[2]) - first + 1)
    return dataclasses.replace(read, offset=first, limit=limit)
