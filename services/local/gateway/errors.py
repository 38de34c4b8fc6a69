"""The error that a handler raises to end a request with a given status and JSON body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class WireError(Exception):
    """An answer other than success, in the shape of the service that is imitated."""

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = dict(body)
        self.headers = dict(headers or {})


def rest_error(
    status: int,
    code: str,
    message: str,
    *,
    details: str | None = None,
    hint: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> WireError:
    """An error as PostgREST words it."""
    return WireError(status, {"code": code, "details": details, "hint": hint, "message": message}, headers)


def auth_error(status: int, code: str, message: str) -> WireError:
    """An error as GoTrue words it."""
    return WireError(status, {"code": status, "error_code": code, "msg": message})


def storage_error(code: int, error: str, message: str, *, status: int = 400) -> WireError:
    """An error as Storage words it: the status that it means stands in the body, that of the answer is 400."""
    return WireError(status, {"statusCode": str(code), "error": error, "message": message})


def key_error(message: str, hint: str) -> WireError:
    """A missing or wrong API key, as the door in front of every service words it."""
    return WireError(401, {"message": message, "hint": hint})
