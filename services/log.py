"""Logs of the roles: one JSON object a line on stderr, secrets out."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from services.domain.times import to_iso

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_OUT: Final = "[redacted]"
_SHORTEST: Final = 6
_DEEPEST: Final = 20
_SECRETS: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*|sb_(?:secret|publishable)_[A-Za-z0-9_-]+"
    r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|(?<=://)[^/\s:@]*:[^/\s]+(?=@)"
)
_NAMES: Final = r"(?:password|passwd|secret|token|api_?key|authorization|signature|credential)"
_NAMED: Final = re.compile(
    rf"([\w-]*{_NAMES}[\w-]*[\"']?\s*[:=]\s*[\"']?(?:bearer\s+|basic\s+)?)[^\s\"'&,;}}]+", re.IGNORECASE
)
_IS_SECRET: Final = re.compile(_NAMES, re.IGNORECASE)
# JSON leaves these as they are; a terminal would obey them.
_UNSEEN: Final = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

_known: set[str] = set()


def keep_out(*values: str) -> None:
    """Keep these very values out of every line of this process: what the settings hold secret.

    An address brings its password along. Values of under 6 characters are passed over: they would be found in anything.
    """
    for value in values:
        found = re.search(r"://[^/\s:@]*:([^/\s]+)@", value)
        _known.update(part for part in (value, *_spellings(found)) if len(part) >= _SHORTEST)


def redact(text: str) -> str:
    """`text` without tokens, keys, passwords in addresses, and what `keep_out` was told."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, _OUT)
    return _NAMED.sub(rf"\1{_OUT}", _SECRETS.sub(_OUT, text))


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
    return _OUT if _IS_SECRET.search(key) else redact(str(value))


def _spellings(found: re.Match[str] | None) -> tuple[str, ...]:
    return (found.group(1), unquote(found.group(1))) if found else ()
