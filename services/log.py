"""Logs of the roles: one JSON object a line on stderr, secrets out."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from services.domain.redaction import OUT, is_secret, redact
from services.domain.times import to_iso

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_DEEPEST: Final = 20
# JSON leaves these as they are; a terminal would obey them.
_UNSEEN: Final = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class JsonLines(logging.Formatter):
    """A record as one JSON line: time, level, role, message, and the `extra` fields under their names."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": to_iso(record.created),
            "level": record.levelname.lower(),
            "role": self._role,
            "message": redact(record.getMessage()),
        }
        for key, value in record.__dict__.items():
            if key not in _STANDARD:
                line.setdefault(key, _clean(value, key))
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info))
        dumped = json.dumps(line, ensure_ascii=False)
        return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", dumped)


def log_to_stderr(role: str, level: str = "INFO") -> None:
    """Send every log record of this process to stderr as JSON lines. `level`: DEBUG to ERROR."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(role))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "botocore", "boto3", "urllib3", "aiohttp.access", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _clean(value: object, key: str = "", depth: int = 0) -> object:
    """`value` as JSON can say it, secrets out; what a secret's name stands before is one."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(name): _clean(inner, str(name), depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner, key, depth + 1) for inner in value]
    return OUT if is_secret(key) else redact(str(value))
