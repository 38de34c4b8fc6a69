"""Text from outside, made safe to show on one line."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Any

_UNSEEN = "\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f"
"""Signs that nobody sees, and that turn or hide what stands around them."""
_CONTROLS = re.compile(f"[\x00-\x1f{_UNSEEN}]+")
_CONTROLS_IN_LINES = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSEEN}]+")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def one_line(value: object, limit: int = 500) -> str:
    """`value` as one plain line: control and bidi characters out, at most `limit` characters."""
    text = _CONTROLS.sub(" ", str(value)) if value is not None else ""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def plain_lines(text: str) -> str:
    """`text` without control and bidi characters; line ends and tabs stay."""
    return _CONTROLS_IN_LINES.sub("", text.replace("\r\n", "\n"))


def seen(text: str) -> str:
    """`text` as it is, or "" where nobody would see any of it: blanks, control and bidi characters alone."""
    return text if text[:1].isalnum() or one_line(text) else ""


def clause(sentence: str) -> str:
    """A sentence as a part of another one: "It was skipped." becomes "it was skipped"."""
    first = sentence[:1] if sentence[1:2].isupper() else sentence[:1].lower()
    return first + sentence[1:].removesuffix(".")


def storable(value: Any) -> Any:
    """A JSON value without what PostgreSQL keeps in no text (NUL) and UTF-8 can't say (halves of a pair)."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {storable(name): storable(inner) for name, inner in value.items()}
    return [storable(inner) for inner in value] if isinstance(value, list | tuple) else value


def slug(value: str) -> str:
    """A file name part `[a-z0-9-]{1,80}` for any text, with 8 hex digits that keep two texts apart."""
    folded = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode().lower()
    stem = _NOT_SLUG.sub("-", folded).strip("-")[:71] or "x"
    digest = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
    return f"{stem}-{digest[:8]}"
