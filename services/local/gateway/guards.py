"""The door of the gateway: only this machine may knock, and every refusal is JSON."""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import urlsplit

import psycopg
from aiohttp import web
from aiohttp.typedefs import Handler

from services.local.gateway.errors import WireError

_LOG: Final = logging.getLogger(__name__)
_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})


def is_local(authority: str) -> bool:
    """Whether `host[:port]` names this machine by its loopback name."""
    try:
        parts = urlsplit(f"//{authority}")
        return parts.hostname in _HOSTS and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


@web.middleware
async def only_local(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse names that were rebound to loopback, and pages of other sites."""
    if not is_local(request.headers.get("Host", "")):
        return web.json_response({"message": "This host is not served here."}, status=421)
    origin = request.headers.get("Origin")
    if origin is not None:
        scheme, _, authority = origin.partition("://")
        if scheme not in ("http", "https") or not is_local(authority):
            return web.json_response({"message": "This origin is not allowed."}, status=403)
    return await handler(request)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn WireError, aiohttp's own refusals and a lost database into JSON answers."""
    try:
        return await handler(request)
    except WireError as error:
        return web.json_response(error.body, status=error.status, headers=error.headers)
    except web.HTTPException as error:
        return web.json_response({"message": error.reason}, status=error.status)
    except UnicodeError:
        message = "The request has characters that are no text."
        return web.json_response({"code": 400, "error_code": "validation_failed", "msg": message}, status=400)
    except psycopg.Error:
        _LOG.warning("The database failed during a request.", exc_info=True)
        message = "The database does not answer."
        return web.json_response({"code": 503, "error_code": "unexpected_failure", "msg": message}, status=503)
