"""What leads to one project, as people write it down, with what is wrong about it in words."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args
from urllib.parse import urlsplit

Kind = Literal["local", "staging", "production"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Field = Literal["name", "url", "key", "email", "password", "queue", "dead_letters"]
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, slots=True)
class Environment:
    """One project that this computer knows. It has no password and no secret.

    `url`: the project's address; `key`: its publishable key; `email`: who signed in last; `queue`, `dead_letters`:
    addresses of the two queues, "" for none.
    """

    id: str
    name: str
    kind: Kind
    url: str
    key: str
    email: str = ""
    queue: str = ""
    dead_letters: str = ""


class Draft(NamedTuple):
    """An environment while it is typed, with a password; `id` is "" until it is kept."""

    id: str = ""
    name: str = ""
    kind: Kind = "production"
    url: str = ""
    key: str = ""
    email: str = ""
    password: str = ""
    queue: str = ""
    dead_letters: str = ""

    def __repr__(self) -> str:
        return f"Draft({self.name!r}, {self.url!r})"  # nothing of the password gets into a log


class Said(NamedTuple):
    """What is known of one field. `state`: "" nothing yet, asking, ok, wrong, or unsure (nobody could be asked)."""

    state: Literal["", "asking", "ok", "wrong", "unsure"] = ""
    words: str = ""


def is_loopback(url: str) -> bool:
    """Whether an address is one of this computer."""
    try:
        return urlsplit(url).hostname in LOOPBACK
    except ValueError:
        return False


def wrong_address(url: str) -> str:
    """What is wrong with the address of a project or a queue, as a sentence; "" when it can be asked."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port or 1
    except ValueError:
        return "It is no web address: it must begin with https:// and name a host."
    if parts.scheme not in ("http", "https") or not host or port <= 0 or re.search(r"\s", url.strip()):
        return "It is no web address: it must begin with https:// and name a host."
    if parts.username or parts.password:
        return "No name and no password belong into an address."
    if parts.scheme == "http" and host not in LOOPBACK:
        return "It must begin with https://: over http:// anybody on the way could read along."
    return ""


def is_secret_key(key: str) -> bool:
    """Whether a key passes by all policies (service_role, or sb_secret_), in its new form or its old one."""
    key = key.strip()
    return key.startswith("sb_secret_") or _claims(key).get("role") in ("service_role", "supabase_admin")


def wrong_key(key: str, *, local: bool) -> str:
    """What can be seen of a key to be wrong without asking anybody; "" when it may be tried."""
    if re.search(r"\s", key.strip()):
        return "A key has no spaces in it: copy it anew."
    if not local and is_secret_key(key):
        return (
            "This is a secret key: it opens everything to everybody who has it and must never be on a desktop. "
            "Use the publishable key; what you may do follows from your own sign-in."
        )
    return ""


def wrong_email(email: str) -> str:
    """What is wrong with the form of an e-mail address; "" when it may be one."""
    return "" if _EMAIL.fullmatch(email.strip()) else "It is no e-mail address."


def wrong_form(draft: Draft) -> dict[Field, str]:
    """What can be seen to be wrong without asking anybody, of the fields in which something is typed."""
    local = draft.kind == "local" and is_loopback(draft.url)
    found: dict[Field, str] = {}
    for field, typed, wrong in (
        ("url", draft.url, wrong_address(draft.url)),
        ("key", draft.key, wrong_key(draft.key, local=local)),
        ("email", draft.email, wrong_email(draft.email)),
        ("queue", draft.queue, wrong_address(draft.queue)),
    ):
        if typed.strip() and wrong:
            found[field] = wrong  # type: ignore[index]
    if draft.url.strip() and "url" not in found and draft.kind == "local" and not local:
        found["url"] = "Only a project on this computer is local: choose staging or production."
    return found


def _claims(key: str) -> dict[str, object]:
    """What an old-style JWT key says of itself, {} when it isn't one."""
    parts = key.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
