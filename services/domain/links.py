"""Addresses from outside that a person may open in the browser: which they are, and where they really lead."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

LONGEST: Final = 2000
_UNSEEN: Final = re.compile(
    r"[\x00-\x20\x7f-\xa0\u00ad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]"
)
_HOST: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")
_KEPT: Final = "/?#[]!$&'()*+,;=:@%-._~"


class Link(NamedTuple):
    """`url` is all ASCII; `host` is the name that is asked for, with its port: punycode where it isn't ASCII."""

    url: str
    host: str


def read_link(text: str) -> Link:
    """What `text` leads to. Raises ValueError with a sentence for staff: it must not be opened."""
    text = text.strip()
    if len(text) > LONGEST:
        raise ValueError("The address is too long.")
    if _UNSEEN.search(text) or "\\" in text:
        raise ValueError("The address has signs in it that no address has.")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("This is no web address.") from error
    if parts.scheme not in ("http", "https"):
        raise ValueError("Only addresses with http or https are opened.")
    if "@" in parts.netloc:
        raise ValueError("The address has a name or a password in it.")
    host = _asked_for(parts)
    host = f"[{host}]" if ":" in host else host
    place = host if port is None else f"{host}:{port}"
    rest = [quote(part, safe=_KEPT) for part in (parts.path, parts.query, parts.fragment)]
    return Link(urlunsplit((parts.scheme, place, *rest)), place)


def _asked_for(parts: SplitResult) -> str:
    """The host as it is looked up."""
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError as error:
            raise ValueError("This is no web address.") from error
    is_v6 = re.fullmatch(r"[0-9a-f:.]{2,45}", host) is not None and ":" in host and "[" in parts.netloc
    if not is_v6 and (len(host) > 253 or _HOST.fullmatch(host) is None):
        raise ValueError("This is no web address.")
    return host
