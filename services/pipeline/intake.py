"""The outbox relay: sends every waiting message of the database to the queue."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

import psycopg
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from services.domain.text import one_line
from services.pipeline.database import Pool, open_pool
from services.pipeline.role import begin, work_until
from services.pipeline.sqs import open_client, send_body
from services.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

log = logging.getLogger(__name__)

_LONGEST_PAUSE: Final = 60.0


class Relay:
    """Sends outbox rows, oldest first. Several relays may run: a row is locked while one of them sends it.

    At least once, not exactly once: a relay killed between the send and the commit of its stamp leaves the row
    unsent, and the next one sends it again. That is harmless: the second message becomes a flow run of its own,
    one job is worked by one flow at a time, and the claim on each directory lets nothing be submitted twice.
    """

    def __init__(self, pool: Pool, client: SQSClient, settings: Settings) -> None:
        self._pool = pool
        self._client = client
        self._queue_url = settings.queue_url
        self._poll_seconds = settings.relay_poll_seconds
        self._not_before: dict[int, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set."""
        log.info("Relay online", extra={"event": "relay_online"})
        while not stop.is_set():
            try:
                self.send_waiting(stop)
            except psycopg.OperationalError as error:
                log.warning("The database does not answer", extra={"reason": one_line(error)})
            stop.wait(self._poll_seconds)

    def send_waiting(self, stop: threading.Event | None = None) -> int:
        """Send what is due now and return how many were sent; ends early when the queue can't be reached."""
        sent = 0
        while stop is None or not stop.is_set():
            done = self._send_oldest()
            if done is None:
                return sent
            sent += done
        return sent

    def _send_oldest(self) -> int | None:
        """1 sent, 0 failed (others may go), None when nothing is due or the queue is out of reach."""
        now = time.monotonic()
        self._not_before = {row_id: moment for row_id, moment in self._not_before.items() if moment > now}
        with self._pool.connection() as database:
            row = database.execute(
                "select id, job_id, body, attempts from public.outbox where sent_at is null and id <> all(%s)"
                " order by id limit 1 for update skip locked",
                (list(self._not_before),),
            ).fetchone()
            if row is None:
                return None
            fields = {"job_id": str(row["job_id"]), "outbox_id": row["id"]}
            try:
                message_id = send_body(self._client, self._queue_url, row["body"])
            except (BotoCoreError, ClientError) as error:
                database.execute(
                    "update public.outbox set attempts = attempts + 1, last_error = %s where id = %s",
                    (one_line(error), row["id"]),
                )
                pause = min(_LONGEST_PAUSE, self._poll_seconds * 2 ** min(row["attempts"], 16))
                self._not_before[row["id"]] = now + pause
                log.warning("Sending failed", extra={**fields, "reason": one_line(error), "again_in": pause})
                return None if isinstance(error, NoConnection | HTTPClientError) else 0
            database.execute(
                "update public.outbox set sent_at = clock_timestamp(), message_id = %s, last_error = null"
                " where id = %s",
                (message_id, row["id"]),
            )
        log.info("Queued job %s", row["job_id"], extra={**fields, "message_id": message_id})
        return 1


def run(argv: list[str]) -> int:
    """The role: relay until told to stop."""
    settings, stop = begin("intake", __doc__, argv, needs=("database_url", "queue_url"))
    pool = open_pool(settings.database_url, size=1)
    try:
        return work_until(stop, Relay(pool, open_client(settings), settings).run)
    finally:
        pool.close(timeout=0.5)
