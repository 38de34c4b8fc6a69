"""The file format of the last known state: written whole or not at all, read only when nothing in it is damaged."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec

from app.store.merge import RECORDS
from services.domain.redaction import may_hold_secret, redact, redact_value

_VERSION: Final = 3
_MAGIC: Final = b"directory-bolt last state "
_BLOCK: Final = struct.Struct(">II")
_END: Final = b"end"
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODERS: Final = {table: msgspec.msgpack.Decoder(list[kind]) for table, kind in RECORDS.items()}  # type: ignore[valid-type]
MOST_BYTES: Final = 64 * 1024 * 1024

Rows = tuple[str, Sequence[Any]]
"""A table and some of its records."""


class Unusable(Exception):
    """Nothing of a file can be shown; the text is a sentence that says why."""


class Head(msgspec.Struct, frozen=True):
    """Whose state it is. Times are unix seconds; `as_of` has the tables that were read, by the server's clock."""

    project: str
    person: str
    written_at: float
    as_of: dict[str, float]
    cut: bool = False
    """True when older jobs were left out for their size."""
    history_from: float | None = None
    locks: tuple[str, ...] = ()
    """Hashes of what opens it: the password of that person, or a word of their own in the keyring."""


class StateWriter:
    """Writes beside the file and puts the whole in its place at `finish`; `drop` leaves the old one as it is.

    Blocks the thread. Raises OSError.
    """

    def __init__(self, file: Path, most: int = MOST_BYTES) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = file
        self._part = file.with_suffix(".part")
        self._part.unlink(missing_ok=True)
        self._left = most
        handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._out = os.fdopen(handle, "wb")
        self._out.write(_MAGIC + f"{_VERSION}\n".encode())

    def add(self, table: str, records: Sequence[Any]) -> bool:
        """Append records of one table; False when the file would become too large: then nothing is appended."""
        body = _ENCODER.encode(records)
        if may_hold_secret(body.decode(errors="replace")):
            body = _ENCODER.encode([_without_secrets(record) for record in records])
        block = zlib.compress(table.encode() + b"\0" + body, 1)
        if len(block) > self._left:
            return False
        self._left -= len(block)
        self._put(block)
        return True

    def finish(self, head: Head) -> None:
        """The file is complete: it takes the place of the one before, whatever happens from here on."""
        self._put(zlib.compress(_END + b"\0" + _ENCODER.encode(head), 1))
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()
        self._part.replace(self._file)
        _sync_folder(self._file.parent)

    def drop(self) -> None:
        """Give this file up; safe after `finish`."""
        with suppress(OSError):
            self._out.close()
        self._part.unlink(missing_ok=True)

    def _put(self, block: bytes) -> None:
        self._out.write(_BLOCK.pack(len(block), zlib.crc32(block)) + block)


def read_state(file: Path, breathe: Callable[[], None] = lambda: None) -> tuple[Head, list[Rows]]:
    """Everything in the file, `breathe` called between its parts. Blocks the thread. Raises OSError, Unusable."""
    found: list[Rows] = []
    for name, body in _blocks(file.read_bytes()):
        breathe()
        try:
            if name == _END:
                return msgspec.msgpack.decode(body, type=Head), found
            found.append((name.decode(), _DECODERS[name.decode()].decode(body)))
        except (msgspec.MsgspecError, KeyError, UnicodeDecodeError) as error:
            raise Unusable("The file of the last known state is of another kind.") from error
    raise Unusable("The file of the last known state ends too early.")


def _blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = data.find(b"\n") + 1
    if not data.startswith(_MAGIC) or not start:
        raise Unusable("The file of the last known state is damaged.")
    if data[len(_MAGIC) : start].strip() != str(_VERSION).encode():
        raise Unusable("The last known state was written by another version of this program.")
    while start + _BLOCK.size <= len(data):
        length, check = _BLOCK.unpack_from(data, start)
        start += _BLOCK.size
        block = data[start : start + length]
        start += length
        if len(block) != length or zlib.crc32(block) != check:
            raise Unusable("The file of the last known state is damaged.")
        try:
            name, _, body = zlib.decompress(block).partition(b"\0")
        except zlib.error as error:
            raise Unusable("The file of the last known state is damaged.") from error
        yield name, body


def _without_secrets(record: Any) -> Any:
    """A record with what may be a secret taken out of its words: an error may quote one."""
    changed: dict[str, Any] = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        fresh: Any = value
        if isinstance(value, str):
            fresh = redact(value)
        elif isinstance(value, bytes):
            fresh = _redacted(value)
        elif isinstance(value, dict):
            fresh = redact_value(value)
        if fresh != value:
            changed[name] = fresh
    return msgspec.structs.replace(record, **changed) if changed else record


def _redacted(body: bytes) -> bytes:
    """JSON without what may be a secret; {} for what is none."""
    try:
        return msgspec.json.encode(redact_value(msgspec.json.decode(body)))
    except (ValueError, RecursionError):
        return b"{}"


def parts(records: Iterable[Any], size: int = 200) -> Iterator[list[Any]]:
    """The records in lists of at most `size`."""
    part: list[Any] = []
    for record in records:
        part.append(record)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk too; some systems know no such thing."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
