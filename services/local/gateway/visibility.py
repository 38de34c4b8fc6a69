"""Which changed rows a subscriber may see, asked of row-level security as that subscriber."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import sql

from services.local.gateway.database import Database
from services.local.gateway.tokens import Caller
from services.local.gateway.wal import Relation

Key = tuple[str, ...]

_AT_ONCE: Final = 1000


async def visible_keys(
    database: Database, caller: Caller, relation: Relation, keys: Sequence[Key]
) -> frozenset[Key] | None:
    """Those of `keys` that the caller sees now; None when it may not select from the table at all."""
    seen: set[Key] = set()
    try:
        async with database.as_caller(caller, read_only=True) as connection:
            for start in range(0, len(keys), _AT_ONCE):
                chunk = keys[start : start + _AT_ONCE]
                statement = _statement(relation, len(chunk))
                cursor = await connection.execute(statement, [value for key in chunk for value in key])
                seen.update(await cursor.fetchall())
    except psycopg.errors.InsufficientPrivilege:
        return None
    return frozenset(seen)


def _statement(relation: Relation, count: int) -> sql.Composed:
    names = [sql.Identifier(name) for name in relation.key_names]
    key = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(names)))
    return sql.SQL("select {} from {} where ({}) in ({})").format(
        sql.SQL(", ").join(sql.SQL("{}::text").format(name) for name in names),
        sql.Identifier(relation.schema, relation.table),
        sql.SQL(", ").join(names),
        sql.SQL(", ").join([key] * count),
    )
