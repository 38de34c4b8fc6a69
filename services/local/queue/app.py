"""The queue endpoint as an aiohttp application: the AWS JSON 1.0 protocol around the actions."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import psycopg
from aiohttp import web
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from services.local.queue import queue_actions, receive_actions, send_actions
from services.local.queue.bells import Bells
from services.local.queue.call import Action, Call
from services.local.queue.errors import QueueError, malformed
from services.local.queue.faults import Faults, LostReply
from services.local.queue.parameters import Parameters
from services.local.queue.store import Pool, Store

log = logging.getLogger(__name__)

# The largest batch, with every character written as a JSON escape of up to six bytes.
_LARGEST_BODY: Final = 7 * 1024 * 1024
_MOST_CONNECTIONS: Final = 6
_TARGET: Final = "AmazonSQS."
_SIGNATURE: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/\d{8}/[^/,\s]+/sqs/aws4_request,"
    r"\s*SignedHeaders=[^,\s]+,\s*Signature=[0-9a-f]{64}"
)
_ACTIONS: Final[dict[str, Action]] = {
    "CreateQueue": queue_actions.create_queue,
    "GetQueueUrl": queue_actions.get_queue_url,
    "GetQueueAttributes": queue_actions.get_queue_attributes,
    "SetQueueAttributes": queue_actions.set_queue_attributes,
    "SendMessage": send_actions.send_message,
    "SendMessageBatch": send_actions.send_message_batch,
    "ReceiveMessage": receive_actions.receive_message,
    "DeleteMessage": receive_actions.delete_message,
    "DeleteMessageBatch": receive_actions.delete_message_batch,
    "ChangeMessageVisibility": receive_actions.change_message_visibility,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(database_url: str, origin: str) -> web.Application:
    """The endpoint on the schema `sqs` of `database_url`. `origin` is its own http://host:port; queue URLs start so."""
    endpoint = _Endpoint(database_url, origin.rstrip("/"))
    app = web.Application(middlewares=[_speak_errors, endpoint.guard], client_max_size=_LARGEST_BODY)
    app.router.add_post("/", endpoint.answer)
    app.router.add_get("/_faults", endpoint.faults)
    app.router.add_put("/_faults", endpoint.switch_faults)
    app.cleanup_ctx.append(endpoint.run)
    app.on_shutdown.append(endpoint.close)
    return app


class _Endpoint:
    def __init__(self, database_url: str, origin: str) -> None:
        self._origin = origin
        self._host = urlsplit(origin).netloc
        self._pool: Pool = AsyncConnectionPool(
            database_url,
            min_size=1,
            max_size=_MOST_CONNECTIONS,
            open=False,
            timeout=5.0,
            kwargs={"autocommit": True},
            name="queue",
        )
        self._store = Store(self._pool)
        self._bells: Bells | None = None
        self._faults = Faults()

    async def run(self, app: web.Application) -> AsyncIterator[None]:
        """Hold the connections while the application runs. A database that is away is waited for by each request."""
        self._bells = Bells()
        await self._pool.open()
        yield
        await self._pool.close()

    async def close(self, app: web.Application) -> None:
        """Send the receivers who wait home with an empty answer."""
        if self._bells:
            await self._bells.close()

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what only a browser page would send."""
        if request.headers.get("Host") != self._host or "Origin" in request.headers:
            raise QueueError("AccessDeniedException", "Only SQS clients on this machine may ask.", status=403)
        return await handler(request)

    async def answer(self, request: web.Request) -> web.Response:
        """One call of the protocol."""
        assert self._bells is not None
        sender = _sender(request)
        target = request.headers.get("X-Amz-Target", "")
        action = _ACTIONS.get(target.removeprefix(_TARGET)) if target.startswith(_TARGET) else None
        if action is None:
            raise QueueError("UnsupportedOperation", "This endpoint does not offer the operation.")
        call = Call(
            parameters=Parameters.parse(await request.read()),
            store=self._store,
            bells=self._bells,
            origin=self._origin,
            sender=sender,
            gone=lambda: request.transport is None or request.transport.is_closing(),
        )
        try:
            return _as_json(await self._faults.run(target.removeprefix(_TARGET), action, call), 200, {})
        except LostReply:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

    async def faults(self, request: web.Request) -> web.Response:
        """The fault switches that hold now, as JSON."""
        return web.json_response(msgspec.to_builtins(self._faults.active()))

    async def switch_faults(self, request: web.Request) -> web.Response:
        """Hold the faults of the body, a JSON list of `Fault`, and no others; an empty list ends them all."""
        if request.content_type != "application/json":
            # A page in a browser can't send this type to another origin without being asked first.
            raise malformed("The faults must come as application/json.")
        try:
            self._faults.switch(await request.read())
        except msgspec.DecodeError as error:
            raise malformed(str(error)) from error
        return await self.faults(request)


def _sender(request: web.Request) -> str:
    header = request.headers.get("Authorization")
    if not header:
        raise QueueError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
    found = _SIGNATURE.fullmatch(header)
    if not found:
        raise QueueError("IncompleteSignature", "The Authorization header is not a signature of version 4.")
    return found[1]


@web.middleware
async def _speak_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except QueueError as error:
        return _as_error(error)
    except web.HTTPException as error:
        return _as_error(QueueError(error.reason.replace(" ", ""), error.reason, status=error.status))
    except (psycopg.OperationalError, PoolTimeout) as error:
        # boto3 tries again after a 503.
        log.warning("The database does not answer", extra={"reason": str(error)})
        return _as_error(QueueError("ServiceUnavailable", "The database does not answer.", status=503))
    except Exception:
        log.exception("A call failed", extra={"target": request.headers.get("X-Amz-Target")})
        return _as_error(QueueError("InternalFailure", "The call failed; the log says why.", status=500))


def _as_error(error: QueueError) -> web.Response:
    body = {"__type": f"com.amazonaws.sqs#{error.shape}", "message": str(error)}
    return _as_json(body, error.status, {"x-amzn-query-error": f"{error.code};{error.fault}"})


def _as_json(body: dict[str, Any], status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(),
        status=status,
        headers={"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": str(uuid4()), **headers},
    )
