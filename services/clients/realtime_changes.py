"""Frames of the realtime service that carry a row change, decoded straight into what sync needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Literal

import msgspec

from services.clients.realtime_rows import read_record_change
from services.ports.facts import Change

_INTEGERS: Final = frozenset({"int2", "int4", "int8", "oid"})
_DECIMALS: Final = frozenset({"float4", "float8", "numeric"})
_JSON: Final = frozenset({"json", "jsonb"})

Converter = Callable[[str], Any]


class _Data(msgspec.Struct, gc=False):
    table: str
    type: Literal["INSERT", "UPDATE", "DELETE"]
    record: msgspec.Raw = msgspec.Raw(b"null")
    old_record: msgspec.Raw = msgspec.Raw(b"null")
    columns: msgspec.Raw = msgspec.Raw(b"[]")
    errors: list[str] | str | None = None


class _Payload(msgspec.Struct, gc=False):
    data: _Data


class _Frame(msgspec.Struct, gc=False, tag_field="event", tag="postgres_changes"):
    topic: str
    payload: _Payload


class _Column(msgspec.Struct, gc=False):
    name: str
    type: str = "text"


class _Plan(msgspec.Struct, frozen=True, gc=False):
    """What a list of columns says: their names, and which values may come as text that isn't one."""

    names: frozenset[str]
    converters: tuple[tuple[str, Converter], ...]


_frame = msgspec.json.Decoder(_Frame).decode
_row = msgspec.json.Decoder(dict[str, Any] | None).decode
_columns = msgspec.json.Decoder(list[_Column]).decode


def read_change(frame: bytes) -> tuple[str, Change] | None:
    """(topic, change) of a text frame, None when the frame is something else.

    Raises ValueError for a row change that can't be understood.
    """
    return read_record_change(frame) or _read_any(frame)


def _read_any(frame: bytes) -> tuple[str, Change] | None:
    try:
        message = _frame(frame)
    except msgspec.DecodeError:
        if _is_change(frame):
            raise
        return None
    return message.topic, _change(message.payload.data)


def _change(data: _Data) -> Change:
    if data.type == "DELETE":
        return Change(data.table, "DELETE", _row(data.old_record) or {})
    row = _row(data.record)
    plan = _plan(bytes(data.columns))
    if row is None:
        return Change(data.table, data.type, {}, complete=False)
    for name, convert in plan.converters:
        value = row.get(name)
        if type(value) is str:
            row[name] = convert(value)
    complete = bool(plan.names) and not data.errors and plan.names <= row.keys()
    return Change(data.table, data.type, row, complete)


def _is_change(frame: bytes) -> bool:
    try:
        raw = json.loads(frame)
    except ValueError:
        return False
    return isinstance(raw, dict) and raw.get("event") == "postgres_changes"


@lru_cache(maxsize=64)
def _plan(columns: bytes) -> _Plan:
    listed = _columns(columns)
    found = [(column.name, _converter(column.type)) for column in listed]
    return _Plan(
        frozenset(column.name for column in listed),
        tuple((name, convert) for name, convert in found if convert is not None),
    )


def _converter(kind: str) -> Converter | None:
    """How a value of this type is read when it comes as text, as older servers send it."""
    if kind == "bool":
        return _boolean
    if kind in _INTEGERS:
        return _number(int)
    if kind in _DECIMALS:
        return _number(float)
    return _document if kind in _JSON else None


def _boolean(text: str) -> Any:
    return {"t": True, "true": True, "f": False, "false": False}.get(text, text)


def _number(read: Callable[[str], Any]) -> Converter:
    def convert(text: str) -> Any:
        try:
            return read(text)
        except ValueError:
            return text

    return convert


def _document(text: str) -> Any:
    # A JSON string is a value of its own: only objects and lists come as text by mistake.
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
