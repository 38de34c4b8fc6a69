"""Password hashes (scrypt): of the local accounts, and of who may see what was last known."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

_N: Final = 2**14
_R: Final = 8
_P: Final = 1


def hash_password(text: str) -> str:
    """`scrypt$n$r$p$salt$hash`, with a fresh salt."""
    salt = secrets.token_bytes(16)
    return "$".join(("scrypt", str(_N), str(_R), str(_P), _text(salt), _text(_digest(text, salt, _N, _R, _P))))


def verify_password(text: str, stored: str) -> bool:
    """Whether `stored` is a hash of `text`; False for anything that isn't such a hash."""
    try:
        kind, n, r, p, salt, digest = stored.split("$")
        if kind != "scrypt":
            return False
        made = _digest(text, base64.b64decode(salt, validate=True), int(n), int(r), int(p))
        return hmac.compare_digest(made, base64.b64decode(digest, validate=True))
    except ValueError:
        return False


def _digest(text: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(text.encode(), salt=salt, n=n, r=r, p=p, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
