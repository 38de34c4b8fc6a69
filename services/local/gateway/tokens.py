"""Who a key or token speaks for, and the tokens that a sign-in gets."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import struct
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jwt
from jwt.types import Options

from services.local.gateway.config import GatewayConfig

_REFRESH = struct.Struct(">16sQ")
_SEAL = 16


class TokenError(Exception):
    """A token that can't be accepted; `expired` when its time is the only reason."""

    def __init__(self, message: str, *, expired: bool = False) -> None:
        super().__init__(message)
        self.expired = expired


class SessionEnded(TokenError):
    """A token that outlived its session: somebody signed out, or its refresh token was copied."""


@dataclass(frozen=True)
class Caller:
    """The database role and the claims that a request runs with."""

    role: str
    claims: Mapping[str, Any]

    @cached_property
    def claims_json(self) -> str:
        """The claims as the database reads them; equal for equal claims."""
        return json.dumps(dict(self.claims), sort_keys=True, separators=(",", ":"))

    @property
    def expires_at(self) -> float | None:
        """Unix seconds; None for a key, which does not expire."""
        return self.claims.get("exp")


class Tokens:
    """Reads keys and tokens, issues access tokens."""

    def __init__(self, config: GatewayConfig) -> None:
        self._secret = config.jwt_secret
        self._seconds = config.token_seconds
        self._void_until = 0
        self._ended: set[str] = set()
        self._keys = ((config.publishable_key, "anon"), (config.service_role_key, "service_role"))

    def key(self, text: str) -> Caller | None:
        """The caller of an API key, opaque or JWT; None when it is neither of ours."""
        if not text.isascii():
            return None
        for key, role in self._keys:
            if hmac.compare_digest(key.encode(), text.encode()):
                return Caller(role, {"role": role})
        return None

    def caller(self, token: str) -> Caller:
        """The caller of an API key or a signed token. Raises TokenError."""
        known = self.key(token)
        if known is not None:
            return known
        if not token.isascii():
            raise TokenError("Not enough segments")
        try:
            # A token issued right after `expire_all` carries the next second.
            options: Options = {"verify_aud": False, "verify_iat": False}
            claims = jwt.decode(token, self._secret, algorithms=["HS256"], options=options)
        except jwt.ExpiredSignatureError as error:
            raise TokenError("JWT expired", expired=True) from error
        except jwt.PyJWTError as error:
            raise TokenError(str(error)) from error
        issued = claims.get("iat", self._void_until + 1)
        if not isinstance(issued, int | float):
            raise TokenError("iat is no number")
        if issued <= self._void_until:
            raise TokenError("JWT expired", expired=True)
        if self.has_ended(claims):
            raise SessionEnded("JWT expired", expired=True)
        role = claims.get("role", "anon")
        if role not in ("anon", "authenticated", "service_role"):
            raise TokenError("unknown role")
        return Caller(role, claims)

    def sign_object(self, path: str, seconds: int) -> str:
        """A token that shows one file for so many seconds."""
        now = int(time.time())
        return jwt.encode({"url": path, "iat": now, "exp": now + seconds}, self._secret, algorithm="HS256")

    def signed_object(self, token: str) -> str:
        """The path that a token of `sign_object` shows. Raises TokenError."""
        try:
            claims = jwt.decode(token, self._secret, algorithms=["HS256"], options={"verify_iat": False})
        except jwt.ExpiredSignatureError as error:
            raise TokenError("jwt expired", expired=True) from error
        except (jwt.PyJWTError, UnicodeError) as error:
            raise TokenError("Invalid Compact JWS") from error
        return str(claims.get("url") or "")

    def expire_all(self) -> None:
        """No token that was issued so far is accepted any more."""
        self._void_until = int(time.time())

    def end_sessions(self, sessions: Iterable[str]) -> None:
        """No token of these sessions is accepted any more. Stricter than Supabase, where it lives on to its end."""
        self._ended.update(sessions)

    def has_ended(self, claims: Mapping[str, Any]) -> bool:
        """Whether the session of these claims has ended."""
        return bool(self._ended) and str(claims.get("session_id")) in self._ended

    def issue(self, user: Mapping[str, Any], session_id: str) -> tuple[str, int]:
        """An access token for a row of auth.users, and its end in unix seconds."""
        now = int(time.time())
        claims = {
            "sub": str(user["id"]),
            "email": user["email"],
            "role": "authenticated",
            "aud": "authenticated",
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
            "session_id": session_id,
            "aal": "aal1",
            "is_anonymous": False,
            "iat": max(now, self._void_until + 1) if self._void_until else now,
            "exp": now + self._seconds,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256"), now + self._seconds

    def issue_refresh(self, session_id: str, number: int) -> str:
        """The refresh token of a session that was refreshed so often: always the same one, and no token is stored."""
        body = _REFRESH.pack(uuid.UUID(session_id).bytes, number)
        return base64.urlsafe_b64encode(body + self._seal(body)).decode().rstrip("=")

    def read_refresh(self, text: str) -> tuple[str, int] | None:
        """Which session a refresh token is of, and how often that was refreshed before; None for one not of ours."""
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body = data[: _REFRESH.size]
        if len(body) < _REFRESH.size or not hmac.compare_digest(data[_REFRESH.size :], self._seal(body)):
            return None
        session, number = _REFRESH.unpack(body)
        return str(uuid.UUID(bytes=session)), number

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._secret.encode(), b"refresh" + body, "sha256")[:_SEAL]
