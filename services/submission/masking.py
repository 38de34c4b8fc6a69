"""Requests as text that may be shown and kept: secrets masked, files named instead of copied."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

from services.domain.typed import MASK, is_secret_field

BODY_KEPT: Final = 64 * 1024
"""Bytes of a request's body that are looked at."""
TEXT_KEPT: Final = 16 * 1024
URL_KEPT: Final = 2000

_PAIR: Final = re.compile(r"([^&?#=\s\"]{1,80})=([^&#\s]*)")
_JSON_PAIR: Final = re.compile(r'"((?:[^"\\]|\\.){1,80})"(\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|[^\s,{}\[\]"]+)')
_BOUNDARY: Final = re.compile(rb"--[^\r\n]{1,200}(?=\r\n)")
_PART_NAME: Final = re.compile(r'\bname="([^"]*)"')
_FILE_NAME: Final = re.compile(r'\bfilename="([^"]*)"')
_SHORTEST_SECRET: Final = 4


class Masking:
    """`secrets` are values that are masked wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.mask(secrets)

    def mask(self, secrets: Iterable[str]) -> None:
        """Mask these from now on, and no others."""
        forms = {form for text in secrets if len(text) >= _SHORTEST_SECRET for form in _forms(text)}
        self._secrets = sorted(forms, key=len, reverse=True)

    def url(self, url: str) -> str:
        """The first 2,000 characters of an address, its secret values masked."""
        place, mark, query = url[: 2 * URL_KEPT].partition("?")
        return self._without_secrets(place + mark + _PAIR.sub(_masked, query))[:URL_KEPT]

    def text(self, text: str) -> str:
        """Any text without the secrets that are known by value."""
        return self._without_secrets(text)

    def body(self, body: bytes) -> str:
        """The start of a body as text: 16,384 characters; a file in it only by its size and checksum."""
        kept = body[:BODY_KEPT]
        boundary = _BOUNDARY.match(kept)
        if boundary is not None and b"form-data" in kept[:1000].lower():
            text = _parts(kept, boundary[0])
        else:
            text = kept.decode("utf-8", "replace")
            text = _JSON_PAIR.sub(_masked_json, text) if text.lstrip()[:1] in ("{", "[") else _PAIR.sub(_masked, text)
        return self._without_secrets(text)[:TEXT_KEPT]

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def _forms(text: str) -> set[str]:
    """A value as it stands in text, in a form that was sent, and in JSON."""
    as_json = (json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (True, False))
    in_address = (quote(text, safe=safe, errors="replace") for safe in ("", "/"))
    return {text, quote_plus(text, errors="replace"), *in_address, *as_json}


def _masked(pair: re.Match[str]) -> str:
    return f"{pair[1]}={MASK}" if pair[2] and is_secret_field(pair[1]) else pair[0]


def _masked_json(pair: re.Match[str]) -> str:
    return f'"{pair[1]}"{pair[2]}"{MASK}"' if is_secret_field(pair[1]) else pair[0]


def _parts(body: bytes, boundary: bytes) -> str:
    """A form with files, part by part."""
    return boundary.decode("latin-1").join(_part(part) for part in body.split(boundary))


def _part(part: bytes) -> str:
    head, blank, content = part.partition(b"\r\n\r\n")
    name, file = (pattern.search(head.decode("utf-8", "replace")) for pattern in (_PART_NAME, _FILE_NAME))
    if name is not None and is_secret_field(name[1]):
        content = f"{MASK}\r\n".encode()
    elif file is not None and file[1]:
        data = content.removesuffix(b"\r\n")
        content = f"[{len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}]\r\n".encode()
    return (head + blank + content).decode("utf-8", "replace")
