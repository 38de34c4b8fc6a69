"""Looks after the pipeline: queues stale jobs again, settles lapsed ones, raises an alarm for dead letters."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from services.domain.text import one_line
from services.pipeline.database import open_pool
from services.pipeline.dead_letter_alarm import DeadLetterAlarm
from services.pipeline.lapsed_jobs import LapsedJobs
from services.pipeline.role import begin, work_until
from services.pipeline.sqs import open_client
from services.pipeline.stale_jobs import StaleJobs
from services.settings import Settings

log = logging.getLogger(__name__)


class Monitor:
    """Two looks, each at its own pace. What fails is said, and tried again when it is due again."""

    def __init__(self, stale: StaleJobs, lapsed: LapsedJobs, alarm: DeadLetterAlarm | None, settings: Settings) -> None:
        self._looks: list[tuple[float, Callable[[], None]]] = [
            (settings.check_seconds, lambda: self._see_to_jobs(stale, lapsed))
        ]
        if alarm is not None:
            self._looks.append((settings.dlq_check_seconds, lambda: self._count(alarm)))

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set, first at once."""
        log.info("Monitor online", extra={"event": "monitor_online"})
        due = [0.0] * len(self._looks)
        while not stop.is_set():
            for index, (seconds, look) in enumerate(self._looks):
                if time.monotonic() >= due[index] and not stop.is_set():
                    look()
                    due[index] = time.monotonic() + seconds
            stop.wait(max(0.0, min(due) - time.monotonic()))

    def _see_to_jobs(self, stale: StaleJobs, lapsed: LapsedJobs) -> None:
        try:
            log.info("Looked for stale jobs", extra={"event": "stale_checked", "requeued": stale.requeue()})
            log.info("Looked for lapsed jobs", extra={"event": "lapsed_checked", "settled": lapsed.settle()})
        except psycopg.Error as error:
            log.warning("The database does not answer", extra={"reason": one_line(error)})

    def _count(self, alarm: DeadLetterAlarm) -> None:
        try:
            log.info("Counted the dead letters", extra={"event": "dead_letters_checked", "depth": alarm.look()})
        except (BotoCoreError, ClientError) as error:
            log.warning("The dead letter queue does not answer", extra={"reason": one_line(error)})


def run(argv: list[str]) -> int:
    """The role: look until told to stop. Without a dead letter queue in the settings only after the jobs."""
    settings, stop = begin("monitor", __doc__, argv, needs=("database_url",))
    pool = open_pool(settings.database_url, size=1)
    alarm = DeadLetterAlarm(open_client(settings), settings) if settings.dlq_url else None
    try:
        return work_until(stop, Monitor(StaleJobs(pool, settings), LapsedJobs(pool), alarm, settings).run)
    finally:
        pool.close(timeout=0.5)
