"""The outcome of one directory in one job, as a record.

A console holds hundreds of thousands of these: what only a look at one of them needs stays encoded, and is packed
together with others' once they have been there for a while.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar, Self

import msgspec

from services.domain.columns import Row, decoded, encoded, number, shared, text
from services.domain.faults import status_reason
from services.domain.statuses import result_status
from services.domain.times import parse_instant


class Result(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one directory in one job (`job_results`). `directory_name` is a host."""

    TABLE: ClassVar = "job_results"
    SELDOM: ClassVar = ("idempotency_key", "payload", "response_log", "screenshot_url", "listing_url")
    """Columns that only a look at this one row needs: most of its memory."""
    id: str
    job_id: str = ""
    directory_name: str = ""
    status: str = "submitting"
    error_message: str = ""
    created_at: float | None = None
    updated_at: float | None = None
    version: int | None = None
    reason: str = ""
    """Why it failed, where the status itself says so, as "captcha_failed" does."""
    seldom: bytes = b"[]"
    """The columns in `SELDOM` as one JSON list, or many such lists packed together: ask the properties for them."""
    place: int = 0
    """Which of the lists that are packed together."""

    @property
    def idempotency_key(self) -> str:
        """Blocks a second submission of the same."""
        return text(self._seldom().idempotency_key)

    @property
    def payload(self) -> dict[str, Any]:
        """Business data and plan that were sent."""
        return decoded(bytes(self._seldom().payload))

    @property
    def response_log(self) -> dict[str, Any]:
        """What the site answered, and the reasons of the verdict."""
        return decoded(bytes(self._seldom().response_log))

    @property
    def screenshot_url(self) -> str:
        """A link, or a path on the worker's own disk."""
        return text(self._seldom().screenshot_url)

    @property
    def listing_url(self) -> str:
        """Where the directory shows the business."""
        return text(self._seldom().listing_url)

    def seldom_columns(self) -> dict[str, Any]:
        """The columns in `SELDOM` as a row has them."""
        return {name: getattr(self, name) for name in self.SELDOM}

    def with_payload(self, payload: Mapping[str, Any]) -> Self:
        """The same with another payload."""
        seldom = _seldom({**self.seldom_columns(), "payload": payload})
        return msgspec.structs.replace(self, seldom=seldom, place=0)

    def _seldom(self) -> _Seldom:
        seldom = self.seldom
        try:
            return _read_seldom(seldom if seldom.startswith(b"[") else _unpacked(seldom)[self.place])
        except (ValueError, RecursionError, zlib.error):
            return _Seldom()

    @classmethod
    def from_row(cls, row: Row) -> Self:
        status = text(row.get("status") or row.get("submission_status"))
        return cls(
            id=text(row.get("id")),
            job_id=shared(row.get("job_id")),
            directory_name=shared(row.get("directory_name")),
            status=result_status(status),
            error_message=text(row.get("error_message")),
            created_at=parse_instant(row.get("created_at")),
            updated_at=parse_instant(row.get("updated_at")),
            version=None if row.get("version") is None else number(row["version"]),
            reason=status_reason(status),
            seldom=_seldom(row),
        )


class _Seldom(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The columns in `Result.SELDOM`."""

    idempotency_key: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"{}")
    response_log: msgspec.Raw = msgspec.Raw(b"{}")
    screenshot_url: str | None = None
    listing_url: str | None = None


_read_seldom = msgspec.json.Decoder(_Seldom).decode
_read_pack = msgspec.msgpack.Decoder(list[bytes]).decode


def _seldom(row: Row) -> bytes:
    return msgspec.json.encode(
        _Seldom(
            text(row.get("idempotency_key")),
            msgspec.Raw(encoded(row.get("payload"))),
            msgspec.Raw(encoded(row.get("response_log"))),
            text(row.get("screenshot_url")),
            text(row.get("listing_url")),
        )
    )


@lru_cache(maxsize=32)
def _unpacked(packed: bytes) -> list[bytes]:
    return _read_pack(zlib.decompress(packed))


def pack(results: Sequence[Result]) -> None:
    """Hold what is seldom read of these together: it takes a fifth of the room, and says the same."""
    packed = zlib.compress(msgspec.msgpack.encode([one.seldom for one in results]), 1)
    for place, one in enumerate(results):
        # In this order: another thread may be reading the record.
        msgspec.structs.force_setattr(one, "place", place)
        msgspec.structs.force_setattr(one, "seldom", packed)
