"""Logs of the headless roles: one JSON object a line on stderr, secrets out."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Final

from services.domain.times import to_iso

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_SECRETS: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|sb_(?:secret|publishable)_[A-Za-z0-9_-]+|AKIA[A-Z0-9]{12,}"
    r"|(?<=apikey=)[^&\s\"']+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


def redact(text: str) -> str:
    """`text` without tokens, keys and passwords in addresses."""
    return _SECRETS.sub("[redacted]", text)


class JsonLines(logging.Formatter):
    """A record as one JSON line: time, level, role, message, and the `extra` fields as they are."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": to_iso(record.created),
            "level": record.levelname.lower(),
            "role": self._role,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in record.__dict__.items() if key not in _STANDARD})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, default=str, ensure_ascii=False))


def log_to_stderr(role: str, level: str = "INFO") -> None:
    """Send every log record of this process to stderr as JSON lines. `level`: DEBUG to ERROR."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(role))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "botocore", "boto3", "urllib3", "aiohttp.access", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
