"""Secrets taken out of text before it is written or shown: by their look, by the name before them, and by value."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote

OUT: Final = "[redacted]"
_SHORTEST: Final = 6
_SHORTEST_ENCODED: Final = 8
_LOOKS: Final = re.compile(
    r"sb_(?:secret|publishable)_[A-Za-z0-9_-]+|(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=_-]{8,}|sk-ant-[A-Za-z0-9_-]{8,}"
    r"|xox[a-z]-[A-Za-z0-9-]{8,}|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+"
    r"|AIza[A-Za-z0-9_-]{30,}|gh[oprsu]_[A-Za-z0-9]{20,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    r"|(?<=://)[^/\s:@]*:[^/\s]+(?=@)"
)
_RUN: Final = re.compile(r"[A-Za-z0-9_.-]{13,}")
_BEGINS: Final = "eyJ"
"""How a signed token begins, and each of its first two parts of three."""
_NAMES: Final = r"(?:password|passwd|passphrase|secret|token|api_?key|authorization|signature|credential)"
# Of bounded length wherever something may repeat: what is looked through may be chosen by somebody hostile.
_NAMED: Final = re.compile(
    rf"({_NAMES}[\w-]{{0,40}}(?:\\{{0,8}}[\"'])?\s{{0,8}}(?:[:=]|%3[AaDd])\s{{0,8}})"
    r"(?!\[redacted\])(?:\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?|\\{1,8}\"(?:(?!\\{1,8}\").)*|(?:bearer\s+|basic\s+)?[^\s\"'&,;}]+)",
    re.IGNORECASE,
)
_IS_SECRET: Final = re.compile(_NAMES, re.IGNORECASE)

_known: set[str] = set()
_spellings: list[re.Pattern[str]] = []
"""One pattern for every spelling of what is known, made anew when something is added."""


def keep_out(*values: str) -> None:
    """Keep these very values out of every line of this process: what the settings hold secret.

    An address brings its password along. Values of under 6 characters are passed over: they would be found in anything.
    """
    fresh = {part for value in values for part in (value, *_passwords(value)) if len(part) >= _SHORTEST} - _known
    if fresh:
        _known.update(fresh)
        spelled = {spelling for value in _known for spelling in _spelled(value)}
        _spellings[:] = [re.compile("|".join(map(re.escape, sorted(spelled, key=len, reverse=True))))]


def redact(text: str) -> str:
    """`text` without tokens, keys, passwords in addresses, and what `keep_out` was told, in any usual spelling."""
    for pattern in _spellings:
        text = pattern.sub(OUT, text)
    if _BEGINS in text:
        text = _RUN.sub(lambda run: _without_token(run.group()), text)
    return _NAMED.sub(rf"\1{OUT}", _LOOKS.sub(OUT, text))


def is_secret(name: str) -> bool:
    """Whether what has this name is a secret whatever it looks like."""
    return _IS_SECRET.search(name) is not None


def _without_token(run: str) -> str:
    """Signs that may be part of a token, without the first one and what follows it."""
    parts = run.split(".")
    for number, part in enumerate(parts[:-2]):
        at = part.find(_BEGINS)
        if 0 <= at <= len(part) - 11 and parts[number + 1]:
            return ".".join([*parts[:number], part[:at] + OUT])
    return run


def _passwords(value: str) -> tuple[str, ...]:
    found = re.search(r"://[^/\s:@]*:([^/\s]+)@", value)
    return (found.group(1), unquote(found.group(1))) if found else ()


def _spelled(value: str) -> Iterator[str]:
    """How a value may stand in an address, in JSON, in a `repr`, and inside what was encoded as base64."""
    yield from (value, quote(value, safe=""), quote(value), quote_plus(value))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    raw = value.encode(errors="surrogatepass")
    for before in range(3):
        # The signs at the edges depend on what stands beside the value.
        encoded = base64.b64encode(bytes(before) + raw).decode()[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        if len(encoded) >= _SHORTEST_ENCODED:
            yield encoded
            yield encoded.replace("+", "-").replace("/", "_")
