"""The MD5 sums that SQS answers for a message."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping
from typing import Any


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
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        kind = str(value["DataType"])
        for text in (name, kind):
            _update(digest, text.encode())
        if kind.split(".", 1)[0] == "Binary":
            raw = value["BinaryValue"]
            digest.update(b"\x02")
            _update(digest, base64.b64decode(raw) if isinstance(raw, str) else bytes(raw))
        else:
            digest.update(b"\x01")
            _update(digest, str(value["StringValue"]).encode())
    return digest.hexdigest()


def _update(digest: Any, data: bytes) -> None:
    digest.update(struct.pack(">I", len(data)))
    digest.update(data)
