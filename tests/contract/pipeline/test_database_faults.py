"""PostgreSQL killed with -9 or frozen under each part: it goes on by itself, loses and doubles nothing."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from services.local.queue.app import build_app
from services.pipeline import intake
from services.pipeline.database import Pool, open_pool
from services.pipeline.intake import Relay
from services.pipeline.sqs import send_body
from services.pipeline.subscriber import Subscriber
from services.settings import Settings
from services.submission.outcome import Outcome
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.fragile_postgres import Fragile, fragile_postgres
from tests.contract.pipeline.running import SENT, Bench, Hang, Script, Shift, wait_for
from tests.contract.pipeline.test_brain import running
from tests.leaks.logs import Logged
from tests.local_http import serve

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def trouble_is_said(logged: Logged) -> None:
    """Who finds the database away says so, as often as it takes."""
    for words in ("psycopg.pool", "The database does not answer", "The database went away", "could not be written yet"):
        logged.allow(words)
    logged.allow("The browser run failed")
    logged.allow("Wrote an outcome late")


@pytest.fixture(scope="module")
def server() -> Iterator[Fragile]:
    with fragile_postgres() as fragile:
        yield fragile


@pytest.fixture(scope="module")
def database_url(server: Fragile) -> str:
    return server.url


@pytest.fixture(scope="module")
def pool(database_url: str) -> Iterator[Pool]:
    opened = open_pool(database_url, size=6)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def queue_origin(database_url: str) -> Iterator[str]:
    with serve(lambda origin: build_app(database_url, origin)) as origin:
        yield origin


@pytest.fixture
def bench(pool: Pool, settings_for: Callable[..., Settings]) -> Callable[..., Bench]:
    def make(script: Script, **changes: Any) -> Bench:
        return Bench(pool, settings_for(**changes), script)

    return make


def listed(records: Records, job: str) -> list[tuple[Any, ...]]:
    return records.ask(
        "select private.host_of(directory_url), status from directory_submissions where submission_queue_id = %s"
        " order by 1",
        job,
    )


def outcomes_kept(folder: Path) -> list[str]:
    return [file.name for file in (folder / "outcomes").glob("*")]


@pytest.mark.anyio
async def test_killed_between_the_browsers_end_and_the_outcome(
    server: Fragile, bench: Callable[..., Bench], records: Records, tmp_path: Path
) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    starts: list[Future[None]] = []

    def kill_then_say_submitted() -> Outcome:
        server.kill()
        starts.append(server.start_soon())
        return SENT

    script = Script(a=[kill_then_say_submitted])
    assert await bench(script).work()
    starts[0].result()
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert listed(records, job) == [("a.localhost", "submitted"), ("b.localhost", "submitted")]
    assert records.events(job)[-2:] == ["job_finalized", "flow_completed"]
    assert records.events(job).count("a.localhost submitted") == 1
    assert outcomes_kept(tmp_path) == []


@pytest.mark.anyio
async def test_away_for_longer_than_the_lease_the_outcome_is_kept_and_written_later(
    server: Fragile, bench: Callable[..., Bench], records: Records, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)

    def kill_then_say_submitted() -> Outcome:
        server.kill()
        return SENT

    script = Script(a=[kill_then_say_submitted])
    first = bench(script, flow_lease_seconds=1.0)
    run = first.runs("w-1", 1.0).claim()
    assert run
    pool_of_the_first = first.tools("w-1").rows._pool
    pool_of_the_first.timeout, before = 0.5, pool_of_the_first.timeout
    try:
        assert await first.flow(run, "w-1") is False, "the run has no end"
    finally:
        pool_of_the_first.timeout = before
        server.start()
    [said] = [record for record in caplog.records if getattr(record, "event", "") == "outcome_kept"]
    assert (said.levelno, said.outcome, said.directory) == (logging.ERROR, "submitted", "a.localhost")  # type: ignore[attr-defined]
    assert said.listing_url == SENT.listing_url  # type: ignore[attr-defined]
    assert len(outcomes_kept(tmp_path)) == 1
    assert listed(records, job)[0] == ("a.localhost", "submitting")
    with Shift(bench(script), "heir"):
        wait_for(lambda: records.ask("select 1 from jobs where status = 'completed'"), "the heir's end")
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert listed(records, job) == [("a.localhost", "submitted"), ("b.localhost", "submitted")]
    assert records.ask("select listing_url from job_results where directory_name = 'a.localhost'") == [
        (SENT.listing_url,)
    ]
    assert outcomes_kept(tmp_path) == []


def test_a_worker_goes_on_after_a_kill_in_the_middle(
    server: Fragile, bench: Callable[..., Bench], records: Records
) -> None:
    hang = Hang(after_submit=False, error=RuntimeError("the browser broke while the database was away"))
    job = records.job(["a.localhost", "b.localhost"])
    killed = threading.Event()

    def kill() -> Outcome:
        server.kill()
        killed.set()
        return SENT

    script = Script(a=[hang, kill])
    with Shift(bench(script), "w-1"):
        records.run_for(job)
        assert killed.wait(60)
        server.start()
        wait_for(lambda: records.ask("select 1 from jobs where status = 'completed'"), "the end of the job", 60)
        wait_for(lambda: records.ask("select 1 from worker_heartbeats where status = 'idle'"), "a heartbeat", 60)
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert records.ask("select state, lapses from flow_runs") == [("completed", 0)]


def test_a_worker_goes_on_after_a_frozen_database(
    server: Fragile, bench: Callable[..., Bench], records: Records
) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> Outcome:
        reached.set()
        assert go_on.wait(60)
        return SENT

    script = Script(a=[wait])
    with Shift(bench(script), "w-1"):
        records.run_for(job)
        assert reached.wait(60)
        with server.frozen():
            go_on.set()
            # It stands still at the write of the outcome: nothing is pressed meanwhile.
            wait_for(lambda: script.pressed == ["a.localhost"], "the first press")
        wait_for(lambda: records.ask("select 1 from jobs where status = 'completed'"), "the end of the job", 60)
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert records.ask("select count(*)::int from flow_runs") == [(1,)]


def test_killed_between_send_and_stamp_the_job_is_still_done_once(
    server: Fragile,
    bench: Callable[..., Bench],
    settings: Settings,
    pool: Pool,
    queue: SQSClient,
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = records.job(["a.localhost"])
    records.ask("select private.queue_job(%s, 'intake')", job)

    def killed_after_sending(*arguments: Any) -> str:
        message_id = send_body(*arguments)
        server.kill()
        server.start()
        return message_id

    stop = threading.Event()
    monkeypatch.setattr(intake, "send_body", killed_after_sending)
    relay = Relay(pool, queue, settings)
    with pytest.raises(psycopg.OperationalError):
        relay.send_waiting()
    monkeypatch.undo()
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: records.ask("select 1 from outbox where sent_at is not null"), "the stamp", 60)
    finally:
        stop.set()
        thread.join()
    subscriber = Subscriber(pool, queue, settings)
    wait_for(lambda: subscriber.take_once() + len(records.ask("select 1 from flow_runs")) >= 2, "both messages")
    assert records.ask("select count(*)::int from flow_runs") == [(2,)], "at least once: it was sent twice"
    script = Script()
    with Shift(bench(script), "w-1"):
        wait_for(lambda: records.ask("select 1 from flow_runs having bool_and(state = 'completed')"), "both runs")
    assert script.pressed == ["a.localhost"]
    assert records.events(job).count("job_finalized") == 1


def test_a_subscriber_killed_between_trigger_and_delete_triggers_once(
    server: Fragile, settings: Settings, pool: Pool, queue: SQSClient, records: Records
) -> None:
    class Killed(BaseException):
        """Nothing after it is done."""

    class Dies:
        """The queue as a subscriber sees it that is killed before it deletes."""

        def receive_message(self, **arguments: Any) -> Any:
            return queue.receive_message(**{**arguments, "VisibilityTimeout": 0})

        def delete_message(self, **arguments: Any) -> None:
            raise Killed

    job = records.job(["a.localhost"])
    queue.send_message(QueueUrl=settings.queue_url, MessageBody=json.dumps({"job_id": job}))
    with pytest.raises(Killed):
        Subscriber(pool, Dies(), settings).take_once()  # type: ignore[arg-type]
    server.kill()
    server.start()
    stop = threading.Event()
    subscriber = Subscriber(pool, queue, settings)
    thread = threading.Thread(target=subscriber.run, args=(stop,))
    thread.start()
    try:
        gone = "select 1 from sqs.messages where body like %s"
        wait_for(lambda: not records.ask(gone, f"%{job}%"), "the delete", 60)
    finally:
        stop.set()
        thread.join()
    assert records.events(job) == ["queue_claimed", "flow_triggered"]
    assert records.ask("select count(*)::int from flow_runs") == [(1,)]


def test_brain_says_that_the_database_stands_still_and_plans_again_when_it_is_back(
    server: Fragile, settings: Settings, pool: Pool, queue: SQSClient, records: Records
) -> None:
    records.job(["a.localhost"])
    request = {"directory": "a.localhost", "business": {"name": "Blue Door"}}
    with running(settings, pool, queue) as http:
        assert http.get("/health").json()["status"] == "healthy"
        with server.frozen():
            assert http.get("/health").json()["database"] == "not answering"
        wait_for(lambda: http.get("/health").json()["status"] == "healthy", "a healthy Brain", 60)
        server.kill()
        answer = http.post("/plan", json=request)
        assert (answer.status_code, answer.json()["detail"]) == (503, "The database does not answer.")
        assert http.get("/health").json()["status"] == "unhealthy"
        server.start()
        wait_for(lambda: http.post("/plan", json=request).status_code == 200, "a plan", 60)


def test_a_stop_while_an_outcome_waits_to_be_written_keeps_it(
    server: Fragile, bench: Callable[..., Bench], records: Records, tmp_path: Path
) -> None:
    job = records.job(["a.localhost"])
    killed = threading.Event()

    def kill() -> Outcome:
        server.kill()
        killed.set()
        return SENT

    script = Script(a=[kill])
    at_work = bench(script)
    at_work.tools("w-1").rows._pool.timeout = 0.5
    try:
        with Shift(at_work, "w-1", end_seconds=30):
            records.run_for(job)
            assert killed.wait(60)
            wait_for(lambda: outcomes_kept(tmp_path), "the outcome on the disk")
    finally:
        at_work.tools("w-1").rows._pool.timeout = 10.0
        server.start()
    with Shift(bench(script), "w-2"):
        wait_for(lambda: listed(records, job) == [("a.localhost", "submitted")], "the outcome")
        records.ask("update flow_runs set lease_until = clock_timestamp() where state = 'running'")
        wait_for(lambda: records.ask("select 1 from jobs where status = 'completed'"), "the end of the job")
    assert script.pressed == ["a.localhost"]
