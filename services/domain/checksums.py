"""The MD5 sums that SQS answers for a message."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

_STRING: Final = b"\x01"
_BINARY: Final = b"\x02"


def body_md5(body: str) -> str:
    """MD5 of a message body, hex."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def attributes_md5(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """MD5 of message attributes as SQS defines it, hex; "" without any.

    `attributes` as boto3 has them: name -> DataType with StringValue or BinaryValue
    (bytes, or base64 text as in the JSON protocol).
    """
    if not attributes:
        return ""
    parts: list[bytes] = []
    for name in sorted(attributes):
        value = attributes[name]
        parts += _with_length(name.encode())
        parts += _with_length(str(value["DataType"]).encode())
        raw = value.get("BinaryValue")
        parts.append(_STRING if raw is None else _BINARY)
        if raw is None:
            parts += _with_length(str(value["StringValue"]).encode())
        else:
            parts += _with_length(base64.b64decode(raw) if isinstance(raw, str) else bytes(raw))
    return hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()


def _with_length(value: bytes) -> tuple[bytes, bytes]:
    return len(value).to_bytes(4, "big"), value
