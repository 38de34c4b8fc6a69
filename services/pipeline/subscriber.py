"""Takes job messages from the queue and schedules a flow run for each."""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from typing import TYPE_CHECKING, Final

import msgspec
import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from psycopg.types.json import Jsonb

from services.domain.messages import JobMessage, parse_job_message
from services.domain.text import one_line, storable
from services.pipeline.breaker import Breaker
from services.pipeline.database import Pool, open_pool, write_event
from services.pipeline.role import begin, work_until
from services.pipeline.sqs import open_client
from services.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

log = logging.getLogger(__name__)

DEPLOYMENT: Final = "process_job/production"


class Subscriber:
    """The loop between the queue and `flow_runs`."""

    def __init__(self, pool: Pool, client: SQSClient, settings: Settings) -> None:
        self._pool = pool
        self._client = client
        self._settings = settings
        self._breaker = Breaker(settings.sqs_max_consecutive_errors, settings.breaker_probe_seconds)

    def run(self, stop: threading.Event) -> None:
        """Take and trigger until `stop` is set."""
        log.info("Starting SQS subscriber", extra={"event": "subscriber_started"})
        log.info("Queue URL: %s", self._settings.queue_url)
        while not stop.is_set():
            try:
                self.take_once()
            except (BotoCoreError, ClientError, psycopg.Error) as error:
                self._failed(error)
                stop.wait(self._breaker.pause)
            else:
                if self._breaker.succeeded():
                    log.info("Taking messages again", extra={"event": "breaker_closed"})

    def take_once(self) -> int:
        """One poll and its messages. Returns how many were triggered; raises when the queue or the database fails."""
        if self._breaker.errors:
            # A message taken while the database is away would only come nearer to the dead letters.
            with self._pool.connection() as database:
                database.execute("select 1")
        messages = self._receive()
        if not messages:
            log.info("No messages in queue")
            return 0
        log.info("Received %d messages", len(messages), extra={"count": len(messages)})
        triggered = 0
        for index, message in enumerate(messages):
            try:
                triggered += self._handle(message)
            except psycopg.OperationalError:
                self._give_back(messages[index:])
                raise
        return triggered

    def _failed(self, error: Exception) -> None:
        reason = one_line(error)
        if self._breaker.failed():
            log.error(
                "Subscriber stopped taking messages",
                extra={"event": "breaker_open", "errors": self._breaker.errors, "reason": reason,
                       "probe_in": self._breaker.pause},
            )  # fmt: skip
        else:
            log.warning("Subscriber error", extra={"errors": self._breaker.errors, "reason": reason})

    def _receive(self) -> list[MessageTypeDef]:
        probing = self._breaker.is_open
        answer = self._client.receive_message(
            QueueUrl=self._settings.queue_url,
            MaxNumberOfMessages=1 if probing else min(10, self._settings.sqs_max_messages),
            WaitTimeSeconds=0 if probing else min(20, self._settings.sqs_wait_seconds),
            VisibilityTimeout=self._settings.sqs_visibility_seconds,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _give_back(self, messages: list[MessageTypeDef]) -> None:
        """Make messages visible again that were taken for nothing, so that a database that blinked costs no 10 min."""
        for message in messages:
            with contextlib.suppress(BotoCoreError, ClientError):
                self._client.change_message_visibility(
                    QueueUrl=self._settings.queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )

    def _handle(self, received: MessageTypeDef) -> bool:
        """Whether the message was triggered. One that can't be started stays, and becomes a dead letter."""
        message_id = received["MessageId"]
        try:
            message = parse_job_message(received["Body"])
        except ValueError as error:
            log.warning("Message left in queue", extra={"message_id": message_id, "reason": str(error)})
            return False
        fields = {"job_id": message.job_id, "customer_id": message.customer_id, "message_id": message_id}
        log.info("Processing message for job %s", message.job_id, extra=fields)
        try:
            if not self._claim(message, message_id):
                log.warning("Message left in queue", extra={**fields, "reason": "This job does not exist."})
                return False
            flow_run_id = self._trigger(message, message_id)
        except psycopg.DataError as error:
            log.warning("Message left in queue", extra={**fields, "reason": one_line(error)})
            return False
        if flow_run_id:
            log.info(
                "Triggered Prefect flow for job %s", message.job_id,
                extra={**fields, "event": "flow_triggered", "flow_run_id": flow_run_id},
            )  # fmt: skip
        self._client.delete_message(QueueUrl=self._settings.queue_url, ReceiptHandle=received["ReceiptHandle"])
        log.info("Message deleted from queue", extra=fields)
        return True

    def _claim(self, message: JobMessage, message_id: str) -> bool:
        """Write `queue_claimed`, once per message; False when the job doesn't exist.

        In a transaction of its own, so that it stays as evidence when triggering fails.
        """
        try:
            uuid.UUID(message.job_id)
        except ValueError:
            return False
        with self._pool.connection() as database:
            if not database.execute("select 1 from public.jobs where id = %s", (message.job_id,)).fetchone():
                return False
            known = database.execute(
                "select 1 from public.queue_history"
                " where job_id = %s and event = 'queue_claimed' and details ->> 'message_id' = %s",
                (message.job_id, message_id),
            ).fetchone()
            if not known:
                write_event(database, message.job_id, "queue_claimed", {"message_id": message_id})
        return True

    def _trigger(self, message: JobMessage, message_id: str) -> str | None:
        """Schedule the flow run with its event; None when this message has one already (it was delivered again)."""
        with self._pool.connection() as database:
            row = database.execute(
                "insert into public.flow_runs (idempotency_key, deployment, parameters) values (%s, %s, %s)"
                " on conflict (idempotency_key) do nothing returning id",
                (message_id, DEPLOYMENT, Jsonb(storable(msgspec.to_builtins(message)))),
            ).fetchone()
            if row is None:
                return None
            flow_run_id = str(row["id"])
            write_event(database, message.job_id, "flow_triggered", {"flow_run_id": flow_run_id})
        return flow_run_id


def run(argv: list[str]) -> int:
    """The role: take messages until told to stop."""
    settings, stop = begin("subscriber", __doc__, argv, needs=("database_url", "queue_url"))
    pool = open_pool(settings.database_url, size=2)
    try:
        client = open_client(settings, answer_seconds=settings.sqs_wait_seconds + 10)
        return work_until(stop, Subscriber(pool, client, settings).run)
    finally:
        pool.close(timeout=0.5)
