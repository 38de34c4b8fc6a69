"""Message attributes as text, bytes and all."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


_ENCODER: Final = json.JSONEncoder(default=_plain)


def encode(attributes: Mapping[str, Any]) -> str:
    """JSON of attributes as boto3 has them; bytes become {"base64": text}. Raises TypeError for what no queue has."""
    return _ENCODER.encode(dict(attributes))


def decode(text: str) -> dict[str, Any]:
    """What `encode` was given; {} for anything else than an object."""

    def bytes_again(value: dict[str, Any]) -> Any:
        return base64.b64decode(value["base64"]) if set(value) == {"base64"} else value

    decoded = json.loads(text, object_hook=bytes_again)
    return decoded if isinstance(decoded, dict) else {}
