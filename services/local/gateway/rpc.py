"""Calling database functions over HTTP, as PostgREST answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg
from aiohttp import web
from psycopg import sql

from services.local.gateway.database import Database
from services.local.gateway.errors import WireError, rest_error
from services.local.gateway.rest import rest_caller
from services.local.gateway.sqlstates import database_error
from services.local.gateway.tokens import Tokens

# Input arguments with their types as SQL text, and how many at the end have defaults.
_FUNCTIONS = """
select coalesce(p.proargnames[1:p.pronargs], '{}'),
       array(select format_type(t.oid, null) from unnest(p.proargtypes) with ordinality as t (oid, n) order by t.n),
       p.pronargdefaults, p.proretset, p.prorettype = 'void'::regtype
  from pg_catalog.pg_proc p
 where p.pronamespace = 'public'::regnamespace and p.proname = %s and p.prokind = 'f'
"""


@dataclass(frozen=True)
class Function:
    """One overload: argument types by name, the names that must be given, and the kind of its answer."""

    types: dict[str, str]
    required: frozenset[str]
    returns_set: bool
    returns_void: bool

    def takes(self, names: set[str]) -> bool:
        """Whether it can be called with just these names."""
        return self.required <= names <= self.types.keys()


class Rpc:
    """POST on the functions of the schema public."""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database = database
        self._tokens = tokens

    async def call(self, request: web.Request) -> web.Response:
        """Call a function by name with named arguments."""
        caller = rest_caller(request, self._tokens)
        if request.method != "POST":
            raise rest_error(405, "PGRST117", f"Unsupported HTTP method: {request.method}")
        if any(key != "apikey" for key in request.query):
            raise rest_error(400, "PGRST100", "A function's answer can't be filtered here.")
        name = request.match_info["function"]
        arguments = await _arguments(request)
        try:
            async with self._database.as_caller(caller, read_only=False) as connection:
                rows = await (await connection.execute(_FUNCTIONS, (name,))).fetchall()
                found = [f for f in map(_function, rows) if f.takes(set(arguments))]
                if len(found) != 1:
                    raise _not_found(name, arguments, len(found))
                statement = _statement(name, found[0], list(arguments))
                row = await (await connection.execute(statement, (json.dumps(arguments),))).fetchone()
        except psycopg.Error as error:
            raise database_error(error, caller.role) from error
        if found[0].returns_void or row is None:
            return web.Response(status=204)
        return web.Response(text=row[0] or "null", content_type="application/json", charset="utf-8")


async def _arguments(request: web.Request) -> dict[str, Any]:
    body = await request.read()
    try:
        arguments = json.loads(body) if body else {}
    except (ValueError, RecursionError) as error:
        raise rest_error(400, "PGRST102", "Empty or invalid json") from error
    if not isinstance(arguments, dict):
        raise rest_error(400, "PGRST102", "All object keys must match")
    return arguments


def _function(row: tuple[Any, ...]) -> Function:
    names, types, defaults, returns_set, returns_void = row
    required = names[: len(names) - defaults]
    return Function(dict(zip(names, types, strict=False)), frozenset(required), returns_set, returns_void)


def _statement(name: str, function: Function, names: list[str]) -> sql.Composed:
    """SQL with one bound value: all the arguments as one JSON object."""
    target = sql.Identifier("public", name)
    passed = sql.SQL(", ").join(
        sql.SQL("{} => given.{}").format(sql.Identifier(each), sql.Identifier(each)) for each in names
    )
    if names:
        typed = sql.SQL(", ").join(
            # The type is the catalogue's own text, quoted there.
            sql.SQL("{} ").format(sql.Identifier(each)) + sql.SQL(function.types[each])
            for each in names
        )
        given = sql.SQL("json_to_record(%s::json) as given ({})").format(typed)
    else:
        given = sql.Composed([sql.SQL("(select %s::json) as given")])
    if function.returns_set:
        answer = sql.SQL("select coalesce(json_agg(answer), '[]')::text from {}, lateral {}({}) as answer")
        return answer.format(given, target, passed)
    return sql.SQL("select to_json({}({}))::text from {}").format(target, passed, given)


def _not_found(name: str, arguments: dict[str, Any], matches: int) -> WireError:
    names = ", ".join(sorted(arguments))
    called = f"public.{name}({names})"
    if matches > 1:
        return rest_error(300, "PGRST203", f"Could not choose the best candidate function between: {called}")
    details = (
        f"Searched for the function public.{name} {f'with parameters {names}' if names else 'without parameters'}, "
        "but no matches were found in the schema cache."
    )
    return rest_error(404, "PGRST202", f"Could not find the function {called} in the schema cache", details=details)
