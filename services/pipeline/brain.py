"""Brain: plans a submission to a directory, takes jobs into the queue, says how it is."""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
import psycopg
import uvicorn
from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Depends, FastAPI, HTTPException, Request

from services.domain.packages import PRIORITY_WORDS, priority_word
from services.domain.plans import Plan, Step
from services.domain.times import to_iso
from services.pipeline.database import Pool, open_pool
from services.pipeline.planner import Business, Unplannable, plan_submission
from services.pipeline.probe import Probe
from services.pipeline.role import begin
from services.pipeline.sqs import open_client, send_body
from services.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

log = logging.getLogger(__name__)

_LARGEST_BODY: Final = 200_000


class PlanRequest(msgspec.Struct, frozen=True):
    """The body of `/plan`. `directory` is a host."""

    directory: str
    business: Business


class EnqueueRequest(msgspec.Struct, frozen=True):
    """The body of `/api/jobs/enqueue`. `priority`: the word, or 1 (highest) and up."""

    job_id: str
    customer_id: str
    package_size: Annotated[int, msgspec.Meta(ge=1)]
    priority: int | str
    metadata: dict[str, Any] | None = None


async def _raw_body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > _LARGEST_BODY:
        raise HTTPException(400, f"The body is larger than {_LARGEST_BODY} bytes.")
    return body


def build_app(settings: Settings, pool: Pool, client: SQSClient | None) -> FastAPI:
    """The three calls. `client` is None where no queue is configured."""
    app = FastAPI(title="Brain", docs_url=None, redoc_url=None, openapi_url=None)

    database = Probe(lambda: _database_state(pool))
    queue = Probe(lambda: _queue_state(client, settings.queue_url))

    @app.get("/health")
    async def health() -> dict[str, Any]:
        # Not on the threads of the other calls: those may all be waiting for a database that stands still.
        words = await asyncio.gather(database.word(), queue.word())
        checks = dict(zip(("database", "queue"), words, strict=True))
        worst = "unhealthy" if checks["database"] != "ok" else "healthy" if checks["queue"] == "ok" else "degraded"
        return {"status": worst, "service": "brain", **checks}

    @app.post("/plan")
    def plan(body: Annotated[bytes, Depends(_raw_body)]) -> dict[str, Any]:
        asked = _decode(body, PlanRequest)
        return _as_answer(_plan_for(pool, asked))

    @app.post("/api/jobs/enqueue")
    def enqueue(request: Request, body: Annotated[bytes, Depends(_raw_body)]) -> dict[str, Any]:
        _require_token(request, settings.brain_token)
        asked = _decode(body, EnqueueRequest)
        if isinstance(asked.priority, str) and asked.priority not in PRIORITY_WORDS:
            raise HTTPException(422, f"priority must be a number or one of {', '.join(PRIORITY_WORDS)}")
        if client is None:
            raise HTTPException(503, "No queue is configured (SQS_QUEUE_URL).")
        return _enqueue(client, settings.queue_url, asked)

    return app


def _decode(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise HTTPException(422, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise HTTPException(400, f"The body is not JSON: {error}") from error


def _require_token(request: Request, token: str) -> None:
    if not token:
        raise HTTPException(503, "No token is configured (BACKEND_ENQUEUE_TOKEN).")
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = (
        bearer.strip() if scheme.lower() == "bearer" else "",
        request.headers.get("x-staff-key", ""),
        request.headers.get("x-admin-key", ""),
    )
    # Every one is compared, so that the time taken says nothing about which came close.
    matches = [hmac.compare_digest(text.encode(), token.encode()) for text in given]
    if not any(matches):
        raise HTTPException(401, "The token is missing or wrong.")


def _enqueue(client: SQSClient, queue_url: str, asked: EnqueueRequest) -> dict[str, Any]:
    message: dict[str, Any] = {
        "job_id": asked.job_id,
        "customer_id": asked.customer_id,
        "package_size": asked.package_size,
        "priority": priority_word(asked.priority),
        "created_at": to_iso(time.time()),
        "source": "brain",
    }
    if asked.metadata:
        message["metadata"] = asked.metadata
    try:
        message_id = send_body(client, queue_url, message)
    except (BotoCoreError, ClientError) as error:
        log.exception("Sending failed for job %s", asked.job_id, extra={"job_id": asked.job_id})
        raise HTTPException(502, "The queue did not take the message.") from error
    log.info(
        "Queued job %s", asked.job_id,
        extra={"job_id": asked.job_id, "customer_id": asked.customer_id, "message_id": message_id},
    )  # fmt: skip
    return {
        "job_id": asked.job_id,
        "message_id": message_id,
        "queue_provider": "sqs",
        "queue_url": queue_url,
        "status": "queued",
    }


def _plan_for(pool: Pool, asked: PlanRequest) -> Plan:
    host = _host(asked.directory)
    try:
        with pool.connection(timeout=5) as database:
            row = database.execute(
                "select submission_url, field_selectors, has_captcha from public.directories"
                " where private.host_of(submission_url) = %s order by active desc, created_at limit 1",
                (host,),
            ).fetchone()
    except psycopg.OperationalError as error:
        raise HTTPException(503, "The database does not answer.") from error
    if row is None:
        raise HTTPException(404, f"No directory has the host {host}.")
    try:
        return plan_submission(
            asked.business,
            host=host,
            submission_url=row["submission_url"],
            selectors=row["field_selectors"],
            has_captcha=row["has_captcha"],
        )
    except Unplannable as error:
        raise HTTPException(422, str(error)) from error


def _host(directory: str) -> str:
    """The host in a host, a host with port, or an address."""
    text = directory.strip()
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:
        host = None
    if not host or "\0" in host:
        raise HTTPException(422, "directory must be a host name.")
    return host


def _as_answer(plan: Plan) -> dict[str, Any]:
    # Nulls are part of the answer: readers look every name up.
    return {
        "plan": [{name: getattr(step, name) for name in Step.__struct_fields__} for step in plan.plan],
        "constraints": msgspec.to_builtins(plan.constraints),
        "idempotency_factors": plan.idempotency_factors,
    }


def _database_state(pool: Pool) -> str:
    try:
        with pool.connection(timeout=2) as database:
            database.execute("select 1")
    except psycopg.OperationalError:
        return "not reachable"
    return "ok"


def _queue_state(client: SQSClient | None, queue_url: str) -> str:
    if client is None:
        return "not configured"
    try:
        client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    except (BotoCoreError, ClientError):
        return "not reachable"
    return "ok"


def run(argv: list[str]) -> int:
    """The role: serve on 127.0.0.1 until told to stop."""
    settings, stop = begin("brain", __doc__, argv, needs=("database_url",))
    pool = open_pool(settings.database_url)
    client = open_client(settings) if settings.queue_url else None
    try:
        return serve(build_app(settings, pool, client), settings.port, stop)
    finally:
        pool.close(timeout=1)


def serve(app: FastAPI, port: int, stop: threading.Event) -> int:
    """Serve `app` on 127.0.0.1:`port` until `stop` is set; 1 when the port can't be had."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, log_level="warning", timeout_graceful_shutdown=1
        )
    )
    # Off the main thread uvicorn leaves the signals to us.
    thread = threading.Thread(target=server.run, name="server", daemon=True)
    thread.start()
    came_up = False
    while thread.is_alive() and not stop.wait(0.1):
        if server.started and not came_up:
            came_up = True
            log.info("Brain online", extra={"event": "brain_online", "port": port})
    server.should_exit = True
    thread.join(2)
    if not came_up and not stop.is_set():
        log.error("Brain could not listen on port %d", port)
        return 1
    return 0
