"""MD5 digests with which a client checks what the queue understood."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping
from typing import Final

_STRING: Final = b"\x01"
_BINARY: Final = b"\x02"


def md5_of_body(body: str) -> str:
    """Hex digest of a message body."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Mapping[str, Mapping[str, str]]) -> str:
    """Hex digest of message attributes `{name: {DataType, StringValue | BinaryValue (base64)}}`."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        digest.update(_with_length(name.encode()) + _with_length(attribute["DataType"].encode()))
        if "BinaryValue" in attribute:
            digest.update(_BINARY + _with_length(base64.b64decode(attribute["BinaryValue"])))
        else:
            digest.update(_STRING + _with_length(attribute["StringValue"].encode()))
    return digest.hexdigest()


def _with_length(value: bytes) -> bytes:
    return struct.pack("!I", len(value)) + value
