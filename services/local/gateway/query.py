"""PostgREST's query language: the text of a read request to a tree of conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from services.local.gateway.errors import WireError, rest_error

OPERATORS: Final = ("eq", "neq", "gte", "gt", "lte", "lt", "like", "ilike", "is", "in")
_IS_WORDS: Final = ("null", "not_null", "true", "false", "unknown")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_OPERATION: Final = re.compile(rf"(not\.)?({'|'.join(OPERATORS)})\.")
_GROUP: Final = re.compile(r"(not\.)?(and|or)(?=\()")
_ORDER: Final = re.compile(rf"({_NAME.pattern})(?:\.(asc|desc))?(?:\.(nullsfirst|nullslast))?")
_DEEPEST: Final = 20
_MOST_COLUMNS: Final = 500


@dataclass(frozen=True)
class Compare:
    """One column against a value; a tuple of values for `in`."""

    column: str
    operator: str
    value: str | tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Group:
    """Conditions that hold together."""

    kind: Literal["and", "or"]
    parts: tuple[Condition, ...]
    negated: bool = False


Condition = Compare | Group


@dataclass(frozen=True)
class Order:
    """One sort key; `nulls` is "first", "last" or empty for PostgreSQL's default."""

    column: str
    descending: bool = False
    nulls: str = ""


@dataclass(frozen=True)
class Read:
    """A read request. No columns: all of them. No limit: as many as the gateway gives."""

    columns: tuple[str, ...] = ()
    where: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


def is_name(text: str) -> bool:
    """Whether a table or column could have this name."""
    return _NAME.fullmatch(text) is not None


def parse_read(pairs: Iterable[tuple[str, str]]) -> Read:
    """The request of a query string's decoded pairs. Raises WireError PGRST100."""
    columns: tuple[str, ...] = ()
    where: list[Condition] = []
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset = 0
    for key, value in pairs:
        if key == "select":
            columns = parse_select(value)
        elif key == "order":
            order = parse_order(value)
        elif key == "limit":
            limit = _number(key, value)
        elif key == "offset":
            offset = _number(key, value)
        elif key != "apikey":
            where.append(parse_filter(key, value))
    return Read(columns, tuple(where), order, limit, offset)


def parse_select(text: str) -> tuple[str, ...]:
    """Column names; empty for `*`."""
    names = tuple(name.strip() for name in text.split(","))
    if names in (("*",), ("",)):
        return ()
    if len(names) > _MOST_COLUMNS:
        raise _refused("select parameter", text)
    for name in names:
        if not is_name(name):
            raise _refused("select parameter", text)
    return names


def parse_order(text: str) -> tuple[Order, ...]:
    """Sort keys of `column[.asc|.desc][.nullsfirst|.nullslast]`, comma separated."""
    keys = []
    for part in text.split(","):
        match = _ORDER.fullmatch(part.strip())
        if match is None:
            raise _refused("order", text)
        keys.append(Order(match[1], match[2] == "desc", (match[3] or "").removeprefix("nulls")))
    return tuple(keys)


def parse_filter(key: str, value: str) -> Condition:
    """One pair of the query string: `column=op.value`, or `[not.]and|or=(...)`."""
    group = re.fullmatch(r"(not\.)?(and|or)", key)
    if group is not None:
        reader = _Reader(value, "logic tree")
        condition: Condition = reader.group("and" if group[2] == "and" else "or", bool(group[1]), 0)
        reader.end()
        return condition
    if not _NAME.fullmatch(key):
        raise _refused("filter", f"{key}={value}")
    operation = _OPERATION.match(value)
    if operation is None:
        raise _refused("filter", value)
    rest = value[operation.end() :]
    operand: str | tuple[str, ...] = rest
    if operation[2] == "in":
        reader = _Reader(rest, "filter")
        operand = reader.values()
        reader.end()
    elif operation[2] == "is":
        operand = _is_word(rest)
    return Compare(key, operation[2], operand, bool(operation[1]))


class _Reader:
    """A position in the text of a logic tree."""

    def __init__(self, text: str, what: str) -> None:
        self._text = text
        self._what = what
        self._at = 0

    def group(self, kind: Literal["and", "or"], negated: bool, depth: int) -> Group:
        if depth > _DEEPEST:
            raise self._refuse()
        self._expect("(")
        parts = [self._condition(depth)]
        while self._take(","):
            parts.append(self._condition(depth))
        self._expect(")")
        return Group(kind, tuple(parts), negated)

    def values(self) -> tuple[str, ...]:
        self._expect("(")
        if self._take(")"):
            return ()
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def end(self) -> None:
        if self._at != len(self._text):
            raise self._refuse()

    def _condition(self, depth: int) -> Condition:
        group = _GROUP.match(self._text, self._at)
        if group is not None:
            self._at = group.end()
            return self.group("and" if group[2] == "and" else "or", bool(group[1]), depth + 1)
        name = _NAME.match(self._text, self._at)
        if name is None:
            raise self._refuse()
        self._at = name.end()
        self._expect(".")
        operation = _OPERATION.match(self._text, self._at)
        if operation is None:
            raise self._refuse()
        self._at = operation.end()
        value: str | tuple[str, ...]
        if operation[2] == "in":
            value = self.values()
        else:
            value = self._value()
            if operation[2] == "is":
                value = _is_word(value)
        return Compare(name[0], operation[2], value, bool(operation[1]))

    def _value(self) -> str:
        if not self._take('"'):
            start = self._at
            while self._at < len(self._text) and self._text[self._at] not in ",()":
                self._at += 1
            return self._text[start : self._at]
        out = []
        while not self._take('"'):
            if self._at < len(self._text) and self._text[self._at] == "\\":
                self._at += 1
            if self._at >= len(self._text):
                raise self._refuse()
            out.append(self._text[self._at])
            self._at += 1
        return "".join(out)

    def _take(self, char: str) -> bool:
        if self._text.startswith(char, self._at):
            self._at += 1
            return True
        return False

    def _expect(self, char: str) -> None:
        if not self._take(char):
            raise self._refuse()

    def _refuse(self) -> WireError:
        return _refused(self._what, self._text, self._at + 1)


def _is_word(text: str) -> str:
    if text.lower() not in _IS_WORDS:
        raise _refused("filter", f"is.{text}")
    return text.lower()


def _number(key: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise _refused(key, text)
    return int(text)


def _refused(what: str, text: str, column: int = 1) -> WireError:
    return rest_error(
        400,
        "PGRST100",
        f'"failed to parse {what} ({text[:200]})" (line 1, column {column})',
        details="This gateway serves a part of the query language.",
    )
