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
        raw = value.get("BinaryValue")
        if raw is None:
            kind, content = _STRING, str(value["StringValue"]).encode()
        else:
            kind, content = _BINARY, base64.b64decode(raw) if isinstance(raw, str) else bytes(raw)
        named, typed = name.encode(), str(value["DataType"]).encode()
        parts += (
            len(named).to_bytes(4), named, len(typed).to_bytes(4), typed, kind, len(content).to_bytes(4), content,
        )  # fmt: skip
    return hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
