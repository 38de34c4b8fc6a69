"""The monitor queues stale jobs again, each once, and raises an alarm when dead letters come in."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from services.pipeline.database import Pool, open_pool
from services.pipeline.dead_letter_alarm import DeadLetterAlarm
from services.pipeline.lapsed_jobs import LapsedJobs
from services.pipeline.monitor import Monitor
from services.pipeline.sqs import open_client
from services.pipeline.stale_jobs import StaleJobs
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import wait_for
from tests.leaks.logs import Logged

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

SECRET = "sb_secret_0123456789abcdef"


def silent(records: Records, minutes: float = 11, status: str = "in_progress") -> str:
    """A job of which nothing was heard for so long, though its row was touched just now."""
    job = records.job(["a.localhost"])
    records.ask("update jobs set status = %s, created_at = now() - interval '1 day' where id = %s", status, job)
    records.ask(
        "insert into queue_history (job_id, event, created_at)"
        " values (%s, 'job_started', now() - make_interval(secs => %s))",
        job, minutes * 60,
    )  # fmt: skip
    return job


def run_by_staff(records: Records) -> str:
    """A job that ended while staff ran one of its two directories on a desk."""
    job = records.job(["a.localhost", "b.localhost"])
    for host, owner in (("a.localhost", "staff:desk:run"), ("b.localhost", "w-1")):
        records.ask("select claim_submission(%s, %s, %s, %s, '{}', 480)", job, host, f"{job}/{host}", owner)
    failed = "select record_outcome(%s, 'b.localhost', %s, 'w-1', 'failed', '{}', null, null, null, 1)"
    records.ask(failed, job, f"{job}/b.localhost")
    records.ask("select finalize_job(%s, 'w-1')", job)
    return job


def lapse(records: Records, job: str) -> None:
    """The clock goes on until the desk's claim has run out."""
    records.ask(
        "update job_results set claim_expires_at = now() - interval '1 second' where job_id = %s and status = %s",
        job, "submitting",
    )  # fmt: skip


def ending(records: Records, job: str) -> tuple[Any, ...]:
    return records.ask("select status, error_message from jobs where id = %s", job)[0]


def stale(records: Records, *minutes: int) -> list[str]:
    values = ", ".join(["%s"] * len(minutes))
    return [str(job) for (job,) in records.ask(f"select job_id from find_stale_jobs({values})", *minutes)]


def messages(records: Records) -> list[str]:
    return [str(job) for (job,) in records.ask("select job_id from outbox order by id")]


def again(records: Records, job: str) -> None:
    """What was queued for it is sent, and lost; the clock goes on."""
    records.ask("update outbox set sent_at = now()")
    with records._pool.connection() as database:
        database.execute("set local session_replication_role = replica")
        database.execute(
            "update queue_history set created_at = created_at - interval '11 minutes' where job_id = %s", (job,)
        )


def test_who_is_stale(records: Records) -> None:
    older, old = silent(records, 30), silent(records, 11, "pending")
    never_heard_of = records.job([])
    records.ask("update jobs set created_at = now() - interval '1 day' where id = %s", never_heard_of)
    silent(records, 9)
    for status in ("paused", "cancelled", "completed", "failed"):
        silent(records, 30, status)
    waits_to_be_sent, waits_for_a_worker, at_work, lapsed = (silent(records, 20) for _ in range(4))
    records.ask("select private.queue_job(%s, 'intake')", waits_to_be_sent)
    records.run_for(waits_for_a_worker)
    for job, lease in ((at_work, "1 minute"), (lapsed, "-1 minute")):
        run = records.run_for(job)
        records.ask(
            "update flow_runs set state = 'running', lease_until = clock_timestamp() + %s::interval where id = %s",
            lease, run,
        )  # fmt: skip
    # That somebody has seen it is no sign of life.
    records.ask("insert into queue_history (job_id, event) values (%s, 'staff_acknowledge')", older)
    assert stale(records) == [older, lapsed, old]
    assert stale(records, 15) == [older, lapsed]


def test_a_stale_job_is_queued_again_with_its_event(
    settings: Settings, pool: Pool, records: Records, logged: Logged
) -> None:
    job = silent(records)
    assert StaleJobs(pool, settings).requeue() == 1
    logged.take(f"Queued job {job} again")
    [(outbox_id, body)] = records.ask("select id, body from outbox")
    assert (body["job_id"], body["source"]) == (job, "stale_monitor")
    assert records.ask("select status from jobs") == [("pending",)]
    [details] = records.details(job, "requeued_stale")
    assert (details["outbox_id"], details["times"], details["last_event"]) == (outbox_id, 1, "job_started")
    assert StaleJobs(pool, settings).requeue() == 0, "it waits to be sent"
    records.ask("update outbox set sent_at = now()")
    assert StaleJobs(pool, settings).requeue() == 0, "it was heard of just now"


def test_queued_again_so_often_and_then_left_to_people(
    settings_for: Callable[..., Settings], pool: Pool, records: Records, logged: Logged
) -> None:
    job = silent(records)
    monitor = StaleJobs(pool, settings_for(stale_requeue_limit=2))
    for _ in range(2):
        assert monitor.requeue() == 1
        again(records, job)
    assert [monitor.requeue() for _ in range(3)] == [0, 0, 0]
    assert messages(records) == [job, job]
    assert stale(records) == [job], "people still see that it stands still"
    assert len(logged.take_every("Queued job")) == 2
    assert len(logged.take_every(f"Job {job} stands still again and is left to people")) == 1, "said once"


def test_a_job_stops_to_count_a_run_on_a_desk_that_ended_without_a_word(
    pool: Pool, records: Records, logged: Logged
) -> None:
    job, other = run_by_staff(records), run_by_staff(records)
    running = ("completed", "1 of 2 submissions failed, 1 still run by staff")
    assert LapsedJobs(pool).settle() == 0, "it may end yet"
    assert ending(records, job) == running
    lapse(records, job)
    assert [LapsedJobs(pool).settle() for _ in range(2)] == [1, 0]
    assert ending(records, job) == ("completed", "1 of 2 submissions failed, 1 outcome unknown")
    assert ending(records, other) == running
    logged.take(f"A run on a desk of job {job} ended")


def test_an_outcome_that_comes_while_a_job_is_settled_counts(pool: Pool, records: Records) -> None:
    job = run_by_staff(records)
    lapse(records, job)
    outcome = "select record_outcome(%s, 'a.localhost', %s, 'staff:desk:run', 'submitted', '{}', null, null, null, 1)"
    thread = threading.Thread(target=records.ask, args=("select private.settle_lapsed_job(%s)", job))
    with pool.connection() as desk:
        desk.execute(outcome, (job, f"{job}/a.localhost"))
        thread.start()
        blocked = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%%settle_lapsed_job%%'"
        wait_for(lambda: records.ask(blocked), "the monitor waits for the desk", 60)
    thread.join(60)
    assert ending(records, job) == ("completed", "1 of 2 submissions failed")


def test_two_monitors_queue_each_job_once(settings: Settings, pool: Pool, records: Records, logged: Logged) -> None:
    jobs = [silent(records) for _ in range(20)]
    together = threading.Barrier(2)

    def look() -> None:
        together.wait(30)
        StaleJobs(pool, settings).requeue()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(messages(records)) == sorted(jobs)
    assert records.ask("select count(*)::int from queue_history where event = 'requeued_stale'") == [(20,)]
    assert len(logged.take_every("Queued job")) == 20


def test_a_second_monitor_that_found_it_too_finds_it_queued(pool: Pool, records: Records) -> None:
    job = silent(records)
    call = "select private.requeue_stale_job(%s, interval '10 minutes', 3) as answer"
    answers: list[Any] = []

    def second() -> None:
        answers.extend(records.ask(call, job))

    thread = threading.Thread(target=second)
    with pool.connection() as first:
        assert first.execute(call, (job,)).fetchone() == {"answer": "queued"}
        thread.start()
        blocked = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%%requeue_stale_job%%'"
        wait_for(lambda: records.ask(blocked), "the second one waits for the first", 60)
    thread.join(60)
    assert answers == [(None,)]
    assert messages(records) == [job]


@pytest.mark.parametrize("table", ["jobs", "queue_history", "outbox"])
def test_cut_off_at_any_write_it_leaves_nothing_behind(
    settings: Settings, pool: Pool, records: Records, table: str, logged: Logged
) -> None:
    job = silent(records)
    before = records.events(job)
    records.ask(
        f"create function private.cut() returns trigger language plpgsql as"
        f" 'begin perform pg_terminate_backend(pg_backend_pid()); return new; end';"
        f"create trigger cut after insert or update on public.{table} for each row execute function private.cut()"
    )
    try:
        with pytest.raises(psycopg.OperationalError):
            StaleJobs(pool, settings).requeue()
    finally:
        records.ask(f"drop trigger cut on public.{table}; drop function private.cut()")
    assert records.events(job) == before
    assert records.ask("select status from jobs") == [("in_progress",)]
    assert messages(records) == []
    logged.allow("psycopg.pool")
    assert StaleJobs(pool, settings).requeue() == 1
    assert messages(records) == [job]
    logged.take("Queued job")


@contextmanager
def channel(*answers: int) -> Iterator[tuple[str, list[str]]]:
    """A webhook on this machine and what was posted to it; answers as told, then 200."""
    said: list[str] = []
    codes = list(answers)

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(codes.pop(0) if codes else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/services/{SECRET}", said
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def bury(queue: SQSClient, settings: Settings, count: int = 1) -> None:
    for _ in range(count):
        queue.send_message(QueueUrl=settings.queue_url, MessageBody="{}")


def alarm_for(queue: SQSClient, settings: Settings, make: Callable[..., Settings], **changes: Any) -> DeadLetterAlarm:
    return DeadLetterAlarm(queue, make(dlq_url=settings.queue_url, **changes))


def test_one_alarm_for_each_rise(
    settings: Settings, settings_for: Callable[..., Settings], queue: SQSClient, records: Records, logged: Logged
) -> None:
    with channel() as (url, said):
        alarm = alarm_for(queue, settings, settings_for, slack_webhook_url=url)
        assert alarm.look() == 0
        bury(queue, settings, 2)
        assert [alarm.look() for _ in range(3)] == [2, 2, 2]
        [message] = queue.receive_message(QueueUrl=settings.queue_url)["Messages"]
        assert alarm.look() == 2, "somebody looks at it just now"
        queue.delete_message(QueueUrl=settings.queue_url, ReceiptHandle=message["ReceiptHandle"])
        assert alarm.look() == 1
        bury(queue, settings)
        assert alarm.look() == 2
    name = settings.queue_url.rsplit("/", 1)[-1]
    assert said == [
        f"2 dead letters in {name}: 2 more than before. Look at Dead letters.",
        f"2 dead letters in {name}: 1 more than before. Look at Dead letters.",
    ]
    assert len(logged.take_every("dead letters in")) == 2
    assert SECRET not in "".join(said)


def test_below_the_threshold_there_is_no_alarm(
    settings: Settings, settings_for: Callable[..., Settings], queue: SQSClient, records: Records, logged: Logged
) -> None:
    alarm = alarm_for(queue, settings, settings_for, dlq_alert_threshold=2)
    bury(queue, settings)
    assert alarm.look() == 1
    bury(queue, settings)
    assert alarm.look() == 2
    logged.take("2 dead letters in")


def test_an_alarm_that_slack_does_not_take_is_raised_again_and_no_log_line_names_the_webhook(
    settings: Settings,
    settings_for: Callable[..., Settings],
    queue: SQSClient,
    records: Records,
    logged: Logged,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bury(queue, settings)
    with channel(500) as (url, said):
        alarm = alarm_for(queue, settings, settings_for, slack_webhook_url=url)
        assert [alarm.look() for _ in range(3)] == [1, 1, 1]
        assert len(said) == 2
    nobody = alarm_for(queue, settings, settings_for, slack_webhook_url=f"http://127.0.0.1:9/{SECRET}")
    assert nobody.look() == 1
    assert [record.reason for record in logged.take_every("Slack did not take the alarm")] == [  # type: ignore[attr-defined]
        "It answered with 500.", "ConnectError",
    ]  # fmt: skip
    assert len(logged.take_every("1 dead letter in")) == 3
    assert not any(SECRET in f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


def test_one_that_is_away_does_not_keep_it_from_the_other(
    settings: Settings,
    settings_for: Callable[..., Settings],
    pool: Pool,
    queue: SQSClient,
    records: Records,
    logged: Logged,
) -> None:
    pace: dict[str, Any] = {"check_seconds": 0.05, "dlq_check_seconds": 0.05}
    away = open_pool("postgresql://postgres@127.0.0.1:9/none", size=1)
    away.timeout = 0.1
    gone = open_client(settings_for(queue_url="http://127.0.0.1:9/1/none"), answer_seconds=1)
    bury(queue, settings)
    for database, client, saying in (
        (away, queue, ("The database does not answer", "1 dead letter in")),
        (pool, gone, ("The dead letter queue does not answer", "Queued job", "A run on a desk of job")),
    ):
        silent(records)
        lapse(records, run_by_staff(records))
        changed = settings_for(dlq_url=settings.queue_url, **pace)
        stop = threading.Event()
        monitor = Monitor(StaleJobs(database, changed), LapsedJobs(database), DeadLetterAlarm(client, changed), changed)
        thread = threading.Thread(target=monitor.run, args=(stop,))
        thread.start()
        try:
            wait_for(partial(_seen, logged, saying), "both are said", 60)
        finally:
            stop.set()
            thread.join(60)
    away.close()
    gone.close()
    for words in ("psycopg.pool", "does not answer", "Queued job", "A run on a desk of job", "1 dead letter in"):
        logged.allow(words)


def _seen(logged: Logged, saying: tuple[str, ...]) -> bool:
    said = " ".join(record.getMessage() for record in logged._records)
    return all(words in said for words in saying)
