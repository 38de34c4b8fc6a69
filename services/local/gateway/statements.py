"""Read requests as SQL: identifiers quoted, every value bound."""

from __future__ import annotations

from typing import Final

from psycopg import sql

from services.local.gateway.query import Compare, Condition, Order, Read

_COMPARISONS: Final = {
    "eq": sql.SQL("="), "neq": sql.SQL("<>"), "gt": sql.SQL(">"), "gte": sql.SQL(">="), "lt": sql.SQL("<"),
    "lte": sql.SQL("<="), "like": sql.SQL("like"), "ilike": sql.SQL("ilike"),
}  # fmt: skip
_IS: Final = {
    "null": sql.SQL("is null"), "not_null": sql.SQL("is not null"), "true": sql.SQL("is true"),
    "false": sql.SQL("is false"), "unknown": sql.SQL("is unknown"),
}  # fmt: skip

Statement = tuple[sql.Composed, list[str | int]]


def read_statement(table: str, read: Read, *, limit: int) -> Statement:
    """One row: the page as JSON text, and the number of rows in it."""
    source = sql.Identifier("public", table)
    values: list[str | int] = []
    columns = (
        sql.SQL(", ").join(sql.Identifier("public", table, name) for name in read.columns)
        if read.columns
        else sql.SQL("{}.*").format(source)
    )
    inner = sql.SQL("select {} from {}").format(columns, source) + _where(table, read, values)
    if read.order:
        inner += sql.SQL(" order by ") + sql.SQL(", ").join(_order(table, key) for key in read.order)
    inner += sql.SQL(" limit %s offset %s")
    values += [limit, read.offset]
    statement = sql.SQL("with page as ({}) select coalesce(json_agg(page), '[]')::text, count(*) from page")
    return statement.format(inner), values


def count_statement(table: str, read: Read) -> Statement:
    """One row: how many rows match, limit and offset aside."""
    values: list[str | int] = []
    statement = sql.SQL("select count(*) from {}").format(sql.Identifier("public", table))
    return statement + _where(table, read, values), values


def _where(table: str, read: Read, values: list[str | int]) -> sql.Composed:
    if not read.where:
        return sql.Composed([])
    return sql.SQL(" where ") + sql.SQL(" and ").join(_condition(table, part, values) for part in read.where)


def _condition(table: str, condition: Condition, values: list[str | int]) -> sql.Composed:
    if isinstance(condition, Compare):
        made = _compare(table, condition, values)
    else:
        word = sql.SQL(" and ") if condition.kind == "and" else sql.SQL(" or ")
        made = word.join(_condition(table, part, values) for part in condition.parts)
    return sql.SQL("not ({})" if condition.negated else "({})").format(made)


def _compare(table: str, compare: Compare, values: list[str | int]) -> sql.Composed:
    column = sql.Identifier("public", table, compare.column)
    if isinstance(compare.value, tuple):
        if not compare.value:
            return sql.Composed([sql.SQL("false")])
        values.extend(compare.value)
        return sql.SQL("{} in ({})").format(column, sql.SQL(", ").join([sql.Placeholder()] * len(compare.value)))
    if compare.operator == "is":
        return sql.SQL("{} {}").format(column, _IS[compare.value])
    wild = compare.operator in ("like", "ilike")
    values.append(compare.value.replace("*", "%") if wild else compare.value)
    return sql.SQL("{} {} %s").format(column, _COMPARISONS[compare.operator])


def _order(table: str, order: Order) -> sql.Composed:
    made = sql.SQL("{} desc" if order.descending else "{}").format(sql.Identifier("public", table, order.column))
    if order.nulls:
        made += sql.SQL(" nulls first") if order.nulls == "first" else sql.SQL(" nulls last")
    return made
