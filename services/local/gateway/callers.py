"""Who an HTTP request speaks for: its API key and its bearer token."""

from __future__ import annotations

from aiohttp import web

from services.local.gateway.errors import key_error
from services.local.gateway.tokens import Caller, Tokens


def key_caller(request: web.Request, tokens: Tokens) -> Caller:
    """The caller of the request's API key (header `apikey` or `x-api-key`, or the query). WireError 401 without one."""
    key = request.headers.get("apikey") or request.headers.get("x-api-key") or request.query.get("apikey")
    if not key:
        raise key_error("No API key found in request", "No `apikey` request header or url param was found.")
    caller = tokens.key(key)
    if caller is None:
        raise key_error("Invalid API key", "Double check your Supabase `anon` or `service_role` API key.")
    return caller


def bearer(request: web.Request) -> str | None:
    """The bearer token, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
