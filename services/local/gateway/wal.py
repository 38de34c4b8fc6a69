"""Decoding of pgoutput, protocol version 1: the bytes of logical replication to row changes."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["INSERT", "UPDATE", "DELETE"]
# A column is absent when its large value did not change and so is not in the log.
Image = dict[str, str | None]

_POSTGRES_EPOCH: Final = 946_684_800


@dataclass(frozen=True)
class Column:
    """A column of a published table; `key`: part of its replica identity."""

    name: str
    type_oid: int
    key: bool


@dataclass(frozen=True, eq=False)
class Relation:
    """A published table as it was when the change was made; one object per session and shape."""

    schema: str
    table: str
    columns: tuple[Column, ...]

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of the columns that tell rows apart."""
        return tuple(column.name for column in self.columns if column.key)


@dataclass(frozen=True)
class RowChange:
    """One changed row, values as PostgreSQL's text. `new` is empty on delete; `old` holds key columns only."""

    kind: Kind
    relation: Relation
    new: Image
    old: Image
    committed_at: float
    xid: int
    fault: Literal["", "413", "401"] = ""
    """Set by a fault switch: sent as if the row were too large, or as if it might not be seen."""

    @property
    def key(self) -> tuple[str, ...]:
        """The key values of the row: before a delete, after anything else."""
        image = self.old if self.kind == "DELETE" else self.new
        return tuple(image.get(name) or "" for name in self.relation.key_names)


class Decoder:
    """Decodes the messages of one decoding session, in order."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._committed_at = 0.0
        self._xid = 0

    def feed(self, message: bytes) -> RowChange | None:
        """The row change in a message, if it is one. Raises ValueError on bytes that aren't pgoutput."""
        try:
            return self._decode(_Bytes(message))
        except (struct.error, KeyError, UnicodeDecodeError) as error:
            raise ValueError(f"not a pgoutput message: {message[:40]!r}") from error

    def _decode(self, data: _Bytes) -> RowChange | None:
        kind = data.char()
        if kind == "B":
            _, microseconds, self._xid = data.unpack("!QqI")
            self._committed_at = _POSTGRES_EPOCH + microseconds / 1e6
        elif kind == "R":
            self._relation(data)
        elif kind in "IUD":
            relation = self._relations[data.unpack("!I")[0]]
            new: Image = {}
            old: Image = {}
            part = data.char()
            if part in "KO":
                old = data.image(relation)
                part = data.char() if kind == "U" else ""
            if part == "N":
                new = data.image(relation)
            keys = relation.key_names
            if kind == "U" and not old:
                old = new
            old = {name: value for name, value in old.items() if name in keys}
            name: Kind = "INSERT" if kind == "I" else "UPDATE" if kind == "U" else "DELETE"
            return RowChange(name, relation, new, old if kind != "I" else {}, self._committed_at, self._xid)
        # Commit, origin, type, truncate: nothing here depends on them.
        return None

    def _relation(self, data: _Bytes) -> None:
        (oid,) = data.unpack("!I")
        schema, table = data.text(), data.text()
        data.char()
        (count,) = data.unpack("!H")
        columns = []
        for _ in range(count):
            (flags,) = data.unpack("!B")
            name = data.text()
            type_oid, _ = data.unpack("!Ii")
            columns.append(Column(name, type_oid, bool(flags & 1)))
        self._relations[oid] = Relation(schema or "pg_catalog", table, tuple(columns))


class _Bytes:
    """A position in a message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def unpack(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values

    def char(self) -> str:
        return chr(self.unpack("!B")[0])

    def text(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise struct.error("text without an end")
        value = self._data[self._at : end].decode()
        self._at = end + 1
        return value

    def image(self, relation: Relation) -> Image:
        (count,) = self.unpack("!H")
        if count != len(relation.columns):
            raise struct.error("a row with another number of columns")
        values: Image = {}
        for column in relation.columns:
            kind = self.char()
            if kind == "n":
                values[column.name] = None
            elif kind == "t":
                (length,) = self.unpack("!i")
                if not 0 <= length <= len(self._data) - self._at:
                    raise struct.error("a value that is longer than its message")
                values[column.name] = self._data[self._at : self._at + length].decode()
                self._at += length
            elif kind != "u":
                raise struct.error("unknown kind of value")
        return values
