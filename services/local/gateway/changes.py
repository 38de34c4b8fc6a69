"""A row change as the JSON that Supabase Realtime sends for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from psycopg.postgres import types

from services.local.gateway.wal import Image, Relation, RowChange

LARGEST_BYTES: Final = 1024 * 1024
_LARGEST_KEPT: Final = 64
_NUMBERS: Final = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric", "oid"})
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SHORT_ZONE: Final = re.compile(r"([+-][0-9]{2})$")


@lru_cache(maxsize=256)
def type_name(oid: int) -> str:
    """PostgreSQL's short name of a type; "text" for types that are not built in."""
    info = types.get(oid)
    return info.name if info else "text"


def json_value(oid: int, text: str | None) -> str:
    """JSON text of a value as to_jsonb would write it, from PostgreSQL's text in UTC and ISO style."""
    if text is None:
        return "null"
    name = type_name(oid)
    if name in _NUMBERS and _NUMBER.fullmatch(text):
        return text
    if name == "bool":
        return "true" if text == "t" else "false"
    if name in ("json", "jsonb"):
        return text
    if name in ("timestamp", "timestamptz"):
        text = _SHORT_ZONE.sub(r"\1:00", text.replace(" ", "T", 1)) if name == "timestamptz" else text.replace(" ", "T")
    return json.dumps(text)


def change_json(change: RowChange) -> str:
    """The `data` object of a change that the subscriber may see."""
    if change.fault == "401":
        return unauthorized_json(change)
    errors: list[str] = []
    new, old = change.new, change.old
    if change.fault == "413" or _size(new) + _size(old) > LARGEST_BYTES:
        errors.append("Error 413: Payload Too Large")
        new, old = _small(new), _small(old)
    moment = datetime.fromtimestamp(change.committed_at, UTC).isoformat(timespec="milliseconds")
    relation = change.relation
    parts = [
        f'"schema":{json.dumps(relation.schema)},"table":{json.dumps(relation.table)}',
        f'"commit_timestamp":"{moment.replace("+00:00", "Z")}","type":"{change.kind}"',
        f'"columns":{_columns(relation)},"errors":{json.dumps(errors or None)}',
    ]
    oids = {column.name: column.type_oid for column in relation.columns}
    if change.kind != "DELETE":
        parts.append(f'"record":{_object(oids, new)}')
    if change.kind != "INSERT":
        parts.append(f'"old_record":{_object(oids, old)}')
    return "{" + ",".join(parts) + "}"


def unauthorized_json(change: RowChange) -> str:
    """The `data` object for a subscriber that may not select from the table at all."""
    return json.dumps(
        {
            "schema": change.relation.schema,
            "table": change.relation.table,
            "type": change.kind,
            "errors": ["Error 401: Unauthorized"],
        }
    )


def changes_frame_payload(ids: Iterable[int], data: str) -> str:
    """The payload of one postgres_changes message; `data` is JSON text."""
    return f'{{"ids":[{",".join(map(str, ids))}],"data":{data}}}'


@lru_cache(maxsize=64)
def _columns(relation: Relation) -> str:
    return json.dumps([{"name": column.name, "type": type_name(column.type_oid)} for column in relation.columns])


def _object(oids: dict[str, int], image: Image) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{json_value(oids[name], text)}" for name, text in image.items()) + "}"


def _size(image: Image) -> int:
    return sum(len(text.encode()) for text in image.values() if text)


def _small(image: Image) -> Image:
    return {name: text for name, text in image.items() if len((text or "").encode()) <= _LARGEST_KEPT}
