"""Secrets taken out of text before it is written or shown: by their look, by the name before them, and by value."""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote

OUT: Final = "[redacted]"
_SHORTEST: Final = 6
_DEEPEST: Final = 20
_SHORTEST_ENCODED: Final = 8
_LOOKS: Final = {
    "sb_": re.compile(r"sb_(?:secret|publishable)_[A-Za-z0-9_-]+"),
    "AKIA": re.compile(r"AKIA[A-Z0-9]{12,}"),
    "ASIA": re.compile(r"ASIA[A-Z0-9]{12,}"),
    "_live_": re.compile(r"(?:sk|rk)_live_[A-Za-z0-9]{8,}"),
    "_test_": re.compile(r"(?:sk|rk)_test_[A-Za-z0-9]{8,}"),
    "whsec_": re.compile(r"whsec_[A-Za-z0-9+/=_-]{8,}"),
    "sk-ant-": re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}"),
    "xox": re.compile(r"xox[a-z]-[A-Za-z0-9-]{8,}"),
    "hooks.slack.com": re.compile(r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+"),
    "AIza": re.compile(r"AIza[A-Za-z0-9_-]{30,}"),
    "PRIVATE KEY": re.compile(
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    ),
    "@": re.compile(r"(?<=://)[^/\s:@]*:[^/\s]+(?=@)"),
}
"""Each kind by what a text must have in it: to look for that first takes a hundredth of the time."""
_RUN: Final = re.compile(r"[A-Za-z0-9_.-]{13,}")
_BEGINS: Final = "eyJ"
"""How a signed token begins, and each of its first two parts of three."""
_WORDS: Final = (
    "password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "authorization", "signature",
    "credential",
)  # fmt: skip
_NAMES: Final = rf"(?:{'|'.join(_WORDS)})"
# Of bounded length wherever something may repeat: what is looked through may be chosen by somebody hostile.
_NAMED: Final = re.compile(
    rf"({_NAMES}[\w-]{{0,40}}(?:\\{{0,8}}[\"'])?\s{{0,8}}(?:[:=]|%3[AaDd])\s{{0,8}})"
    r"(?!\[redacted\])(?:\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?|\\{1,8}\"(?:(?!\\{1,8}\").)*|(?:bearer\s+|basic\s+)?[^\s\"'&,;}]+)",
    re.IGNORECASE,
)
_IS_SECRET: Final = re.compile(_NAMES, re.IGNORECASE)

_known: Final[set[str]] = set()
_tokens: Final[deque[str]] = deque(maxlen=8)
_spelled_out: Final[list[str]] = []
_spellings: Final[list[re.Pattern[str]]] = []
"""One pattern for every spelling of what is known, made anew when something is added."""
_names_known: Final[list[str]] = []
"""Those that are a name of secrets themselves, such as the password "password": taken out last, or nothing would tell
any more that what follows the name is a secret."""


def keep_out(*values: str) -> None:
    """Keep these very values out of every line of this process: what the settings hold secret.

    An address brings its password along, one of the web the end of its path. Values of under 6 characters are passed
    over: they would be found in anything.
    """
    fresh = {part for value in values for part in (value, *_passwords(value)) if len(part) >= _SHORTEST}
    if not fresh <= _known:
        _known.update(fresh)
        _learn()


def keep_token_out(token: str) -> None:
    """As `keep_out`, for one of many that follow each other and are soon spent: the newest few are kept out."""
    if token not in _tokens and len(token) >= _SHORTEST:
        _tokens.append(token)
        _learn()


def redact(text: str) -> str:
    """`text` without tokens, keys, passwords in addresses, and what `keep_out` was told, in any usual spelling."""
    if any(spelling in text for spelling in _spelled_out):
        text = _spellings[0].sub(OUT, text)
    if _BEGINS in text:
        text = _RUN.sub(lambda run: _without_token(run.group()), text)
    for sign, pattern in _LOOKS.items():
        if sign in text:
            text = pattern.sub(OUT, text)
    folded = text.lower()
    if any(word in folded for word in _WORDS):
        text = _NAMED.sub(rf"\1{OUT}", text)
        for name in _names_known:
            text = text.replace(name, OUT)
    return text


def may_hold_secret(text: str) -> bool:
    """False for a text that `redact` certainly leaves as it is: many records are asked about at once."""
    folded = text.lower()
    return (
        any(spelling in text for spelling in _spelled_out)
        or _BEGINS in text
        or any(sign in text and pattern.search(text) is not None for sign, pattern in _LOOKS.items())
        or any(word in folded for word in _WORDS)
    )


def redact_value(value: object, name: str = "", depth: int = 0) -> object:
    """As `redact`, for a value that JSON can say: what has the name of a secret is one, whatever it looks like."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): redact_value(inner, str(key), depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(inner, name, depth + 1) for inner in value]
    return OUT if is_secret(name) else redact(str(value))


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


def _learn() -> None:
    spelled = {spelling for value in (*_known, *_tokens) for spelling in _spelled(value)}
    _spelled_out[:] = sorted(spelled, key=len, reverse=True)
    _names_known[:] = [spelling for spelling in _spelled_out if spelling.lower() in _WORDS]
    plain = [re.escape(spelling) for spelling in _spelled_out if spelling not in _names_known]
    _spellings[:] = [re.compile("|".join(plain or ["(?!)"]))]


def _passwords(value: str) -> tuple[str, ...]:
    """What opens the door of an address."""
    found = re.search(r"://[^/\s:@]*:([^/\s]+)@", value) or re.search(r"^https?://.*/([A-Za-z0-9_-]{12,})/?$", value)
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
