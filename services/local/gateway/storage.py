"""Files in buckets over HTTP, as Supabase Storage answers: upload, download, signed address."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Final

import psycopg
from aiohttp import BodyPartReader, hdrs, web
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from services.local.gateway.callers import bearer
from services.local.gateway.config import GatewayConfig
from services.local.gateway.database import Database
from services.local.gateway.errors import WireError, storage_error
from services.local.gateway.tokens import Caller, TokenError, Tokens

_KEY: Final = re.compile(r"[A-Za-z0-9_/!\-.*'() &$@=;:+,?]{1,900}")
_MIME: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_LONGEST_SECONDS: Final = 365 * 86_400
_PUT = """
insert into storage.objects (bucket_id, name, owner_id, metadata) values (%s, %s, %s, %s)
"""
_UPSERT = " on conflict (bucket_id, name) do update set metadata = excluded.metadata, updated_at = now()"
# The rights of the caller are no longer needed; its own role may touch no bytes.
_AS_GATEWAY = "select set_config('role', 'none', true)"
_KEEP = """
insert into storage.object_bytes (object_id, data) values (%s, %s)
    on conflict (object_id) do update set data = excluded.data
"""
_MAKE_ROOM = """
delete from storage.objects where id in (
  select id from (select id, sum((metadata ->> 'size')::bigint) over (order by created_at desc, id) as so_far
                    from storage.objects) as newest_first
   where so_far > %s)
"""


class Storage:
    """The bytes lie in the database, beside the rows whose policies say who may do what."""

    def __init__(self, config: GatewayConfig, database: Database, tokens: Tokens) -> None:
        self._config = config
        self._database = database
        self._tokens = tokens

    def add_routes(self, app: web.Application) -> None:
        """Answer everything below /storage/v1/."""
        place = "{bucket}/{name:.+}"
        app.router.add_post(f"/storage/v1/object/sign/{place}", self.sign)
        app.router.add_get(f"/storage/v1/object/sign/{place}", self.download_signed)
        app.router.add_get(f"/storage/v1/object/authenticated/{place}", self.download)
        app.router.add_get(f"/storage/v1/object/{place}", self.download)
        app.router.add_post(f"/storage/v1/object/{place}", self.upload)
        app.router.add_put(f"/storage/v1/object/{place}", self.upload)
        app.router.add_route("*", "/storage/v1/{rest:.*}", _no_route)

    async def upload(self, request: web.Request) -> web.Response:
        """Put a file in its place; one that is there already only with `x-upsert`, or by PUT."""
        caller, bucket, name = self._caller(request), request.match_info["bucket"], _key(request)
        over = request.method == "PUT" or request.headers.get("x-upsert", "").lower() == "true"
        row = await self._bucket(bucket)
        limit = min(row["file_size_limit"] or self._config.max_object_bytes, self._config.max_object_bytes)
        kind, data = await _body(request, limit)
        if row["allowed_mime_types"] and kind not in row["allowed_mime_types"]:
            raise storage_error(415, "invalid_mime_type", f"mime type {kind} is not supported")
        metadata = {"size": len(data), "mimetype": kind, "cacheControl": "no-cache"}
        owner = caller.claims.get("sub")
        values = (bucket, name, owner if isinstance(owner, str) else None, Jsonb(metadata))
        statement = _PUT + (_UPSERT if over else "") + " returning id"
        try:
            async with self._database.as_caller(caller, read_only=False) as connection:
                found = await (await connection.execute(statement, values)).fetchone()
                assert found is not None
                await connection.execute(_AS_GATEWAY)
                await connection.execute(_KEEP, (found[0], data))
            async with self._database.as_owner() as owned:
                await owned.execute(_MAKE_ROOM, (self._config.most_object_bytes,))
        except psycopg.Error as error:
            raise _refusal(error) from error
        return web.json_response({"Key": f"{bucket}/{name}", "Id": str(found[0])})

    async def download(self, request: web.Request) -> web.Response:
        """A file that the caller may see; a bucket that isn't there is told to everybody."""
        caller, bucket, name = self._caller(request), request.match_info["bucket"], _key(request)
        await self._bucket(bucket)
        return await self._answer(caller, bucket, name)

    async def sign(self, request: web.Request) -> web.Response:
        """An address under which anybody gets the file for a while."""
        caller, bucket, name = self._caller(request), request.match_info["bucket"], _key(request)
        seconds = await _seconds(request)
        await self._find(caller, bucket, name, with_bytes=False)
        token = self._tokens.sign_object(f"{bucket}/{name}", seconds)
        return web.json_response({"signedURL": f"/object/sign/{bucket}/{name}?token={token}"})

    async def download_signed(self, request: web.Request) -> web.Response:
        """The file of a signed address."""
        bucket, name = request.match_info["bucket"], _key(request)
        try:
            signed = self._tokens.signed_object(request.query.get("token", ""))
        except TokenError as error:
            raise storage_error(400, "InvalidJWT", str(error)) from error
        if signed != f"{bucket}/{name}":
            raise storage_error(400, "InvalidSignature", "The signature is of another object")
        return await self._answer(Caller("service_role", {"role": "service_role"}), bucket, name)

    def _caller(self, request: web.Request) -> Caller:
        token = bearer(request)
        if token is None:
            raise storage_error(400, "Error", "headers must have required property 'authorization'")
        try:
            return self._tokens.caller(token)
        except TokenError as error:
            raise storage_error(403, "Unauthorized", str(error)) from error

    async def _bucket(self, bucket: str) -> dict[str, Any]:
        try:
            async with self._database.as_owner() as connection:
                statement = "select file_size_limit, allowed_mime_types from storage.buckets where id = %s"
                row = await (await connection.execute(statement, (bucket,))).fetchone()
        except psycopg.Error as error:
            raise _refusal(error) from error
        if row is None:
            raise storage_error(404, "Bucket not found", "Bucket not found")
        return row

    async def _find(self, caller: Caller, bucket: str, name: str, *, with_bytes: bool) -> tuple[dict[str, Any], bytes]:
        try:
            async with self._database.as_caller(caller, read_only=True) as connection:
                statement = "select id, metadata from storage.objects where bucket_id = %s and name = %s"
                row = await (await connection.execute(statement, (bucket, name))).fetchone()
                if row is None:
                    raise storage_error(404, "not_found", "Object not found")
                if not with_bytes:
                    return row[1], b""
                await connection.execute(_AS_GATEWAY)
                statement = "select data from storage.object_bytes where object_id = %s"
                kept = await (await connection.execute(statement, (row[0],))).fetchone()
                return row[1], bytes(kept[0]) if kept is not None else b""
        except psycopg.Error as error:
            raise _refusal(error) from error

    async def _answer(self, caller: Caller, bucket: str, name: str) -> web.Response:
        metadata, data = await self._find(caller, bucket, name, with_bytes=True)
        kind = str(metadata.get("mimetype") or "application/octet-stream")
        headers = {
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            # A page that somebody stored must not speak for this address.
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return web.Response(body=data, content_type=kind, headers=headers)


async def _no_route(request: web.Request) -> web.Response:
    message = f"Route {request.method}:{request.path} not found"
    return web.json_response({"message": message, "error": "Not Found", "statusCode": 404}, status=404)


def _key(request: web.Request) -> str:
    """The object's name; it is a key of a table and never a path, but clients read it as one."""
    name = request.match_info["name"]
    if _KEY.fullmatch(name) is None or any(part in ("", ".", "..") for part in name.split("/")):
        raise storage_error(400, "InvalidKey", f"Invalid key: {name[:200]!a}")
    return name


async def _body(request: web.Request, limit: int) -> tuple[str, bytes]:
    """Content type and bytes: of the first file of a form, or of the whole body."""
    if request.content_length is not None and request.content_length > limit + 64 * 1024:
        raise _too_large()
    if not request.content_type.startswith("multipart/"):
        return _mime(request.content_type), await _limited(request.content.readany, limit)
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.filename is not None:
                kind = _mime(part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream"))
                return kind, await _limited(part.read_chunk, limit)
    except WireError:
        raise
    except (ValueError, RuntimeError, AssertionError, LookupError, EOFError, OSError) as error:
        raise storage_error(400, "InvalidRequest", "The form can't be read") from error
    raise storage_error(400, "InvalidRequest", "No file in the form")


async def _limited(read: Any, limit: int) -> bytes:
    data = bytearray()
    while chunk := await read():
        data += chunk
        if len(data) > limit:
            raise _too_large()
        await asyncio.sleep(0)
    return bytes(data)


def _mime(text: str) -> str:
    kind = text.partition(";")[0].strip().lower()
    if _MIME.fullmatch(kind) is None:
        raise storage_error(415, "invalid_mime_type", "The content type can't be read")
    return kind


async def _seconds(request: web.Request) -> int:
    try:
        body = json.loads(await request.read())
        seconds = int(body["expiresIn"]) if not isinstance(body["expiresIn"], bool | float) else 0
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise storage_error(400, "Error", "body/expiresIn must be integer") from error
    if not 1 <= seconds <= _LONGEST_SECONDS:
        raise storage_error(400, "Error", f"body/expiresIn must be from 1 to {_LONGEST_SECONDS}")
    return seconds


def _too_large() -> WireError:
    return storage_error(413, "Payload too large", "The object exceeded the maximum allowed size")


def _refusal(error: psycopg.Error) -> WireError:
    if isinstance(error, psycopg.errors.UniqueViolation):
        return storage_error(409, "Duplicate", "The resource already exists")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return storage_error(403, "Unauthorized", "new row violates row-level security policy")
    if isinstance(error, PoolTimeout | psycopg.OperationalError):
        return storage_error(503, "DatabaseTimeout", "The database does not answer.", status=503)
    return storage_error(400, "InvalidRequest", error.diag.message_primary or "The database refused it")
