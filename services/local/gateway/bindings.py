"""What a channel asked to hear of: the postgres_changes bindings of a join."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.local.gateway.errors import WireError
from services.local.gateway.query import Compare, parse_filter
from services.local.gateway.wal import RowChange

_EVENTS: Final = ("*", "INSERT", "UPDATE", "DELETE")
_FILTER: Final = re.compile(r"([^=]+)=(.+)", re.DOTALL)


class BindingError(ValueError):
    """A binding that can't be served."""


@dataclass(frozen=True)
class Binding:
    """One binding; `values` are the accepted texts of `column`, without which every row fits."""

    id: int
    event: str
    schema: str
    table: str
    column: str = ""
    values: frozenset[str] = frozenset()

    def fits(self, change: RowChange) -> bool:
        """Whether the change is one that was asked for; rights aside."""
        if self.event not in ("*", change.kind) or self.schema not in ("*", change.relation.schema):
            return False
        if self.table not in ("*", change.relation.table):
            return False
        image = change.old if change.kind == "DELETE" else change.new
        return not self.column or image.get(self.column) in self.values


def binding_id(params: Mapping[str, Any]) -> int:
    """A 27-bit number that is equal for equal bindings."""
    return zlib.crc32(json.dumps(params, sort_keys=True).encode()) & 0x7FFFFFF


def parse_binding(params: Mapping[str, Any]) -> Binding:
    """The binding of a join's parameters. Filters: `eq` and `in` only. Raises BindingError."""
    event, schema, table = params.get("event"), params.get("schema", "public"), params.get("table", "*")
    if event not in _EVENTS or not isinstance(schema, str) or not isinstance(table, str):
        raise BindingError("event, schema and table are needed")
    if "select" in params:
        raise BindingError("column lists are not served")
    text = params.get("filter")
    if text is None:
        return Binding(binding_id(params), event, schema, table)
    match = _FILTER.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise BindingError("the filter is not column=operator.value")
    try:
        condition = parse_filter(match[1], match[2])
    except WireError as error:
        raise BindingError(str(error)) from error
    if not isinstance(condition, Compare) or condition.operator not in ("eq", "in") or condition.negated:
        raise BindingError("only eq and in filters are served")
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    return Binding(binding_id(params), event, schema, table, condition.column, frozenset(values))
