"""Logs of the roles: one JSON object a line on stderr, secrets out."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, Final

from services.domain.redaction import redact, redact_value
from services.domain.times import to_iso

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
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
                line.setdefault(key, redact_value(value, key))
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
