"""PostgreSQL or the queue's endpoint stands still in any call of intake and subscriber: both go on by themselves."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from services.local.ports import is_taken
from services.local.postgres import free_port
from services.pipeline.database import Pool, open_pool
from services.pipeline.intake import Relay
from services.pipeline.sqs import open_client
from services.pipeline.subscriber import Subscriber
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.fragile_postgres import Fragile, fragile_postgres
from tests.contract.pipeline.running import Bench, Script, Shift, wait_for
from tests.contract.pipeline.test_queue_faults import role
from tests.leaks.logs import Logged

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

ROOT = Path(__file__).resolve().parents[3]
When = Literal["before", "after"]
CALLS = ("send_message", "receive_message", "delete_message")


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
def endpoint(database_url: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The queue's endpoint as a process that can be frozen, and its port."""
    port = free_port()
    code = (
        "import sys; from aiohttp import web; from services.local.queue.app import build_app; "
        "web.run_app(build_app(sys.argv[1], sys.argv[2]), host='127.0.0.1', port=int(sys.argv[3]), print=None)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, database_url, f"http://127.0.0.1:{port}", str(port)], cwd=ROOT
    )
    wait_for(lambda: is_taken(port), "the endpoint", 60)
    yield process, port
    process.terminate()
    assert process.wait(30) == 0


@pytest.fixture(scope="module")
def queue_origin(endpoint: tuple[subprocess.Popen[bytes], int]) -> str:
    return f"http://127.0.0.1:{endpoint[1]}"


class StopsAtEachCall:
    """A client of the queue that says once before and once after each call that it is there, and waits."""

    def __init__(self, client: SQSClient) -> None:
        self._client = client
        self._left: set[tuple[str, When]] = {(call, when) for call in CALLS for when in ("before", "after")}
        self.stops: queue.Queue[tuple[tuple[str, When], threading.Thread, threading.Event]] = queue.Queue()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            self._stop((name, "before"))
            answer = getattr(self._client, name)(**arguments)
            if name != "receive_message" or answer.get("Messages"):
                self._stop((name, "after"))
            return answer

        return call

    def _stop(self, point: tuple[str, When]) -> None:
        if point in self._left:
            go_on = threading.Event()
            self.stops.put((point, threading.current_thread(), go_on))
            self._left.remove(point)
            assert go_on.wait(120)

    def is_over(self) -> bool:
        """Whether each point was reached."""
        return not self._left


def waits_for_the_database(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and any("/psycopg" in line.filename for line in traceback.extract_stack(frame))


@pytest.mark.parametrize("what", ["database", "endpoint"])
def test_frozen_in_each_call(
    what: str,
    server: Fragile,
    endpoint: tuple[subprocess.Popen[bytes], int],
    settings: Settings,
    settings_for: Callable[..., Settings],
    pool: Pool,
    records: Records,
    logged: Logged,
) -> None:
    for words in ("Sending failed", "Subscriber error", "psycopg.pool", "The database does not answer", "No heartbeat"):
        logged.allow(words)

    @contextmanager
    def frozen_endpoint() -> Iterator[None]:
        endpoint[0].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            endpoint[0].send_signal(signal.SIGCONT)

    def is_held(thread: threading.Thread, words: str) -> bool:
        return (what == "database" and waits_for_the_database(thread)) or has_failed(words)

    def has_failed(words: str) -> bool:
        if not stopping.stops.empty():  # the other one waits at its own stop: it may run into the freeze as well
            stopping.stops.get_nowait()[2].set()
        return bool(logged.take_every(words))

    freeze: Callable[[], AbstractContextManager[None]] = server.frozen if what == "database" else frozen_endpoint
    jobs = [records.job(["a.localhost"]) for _ in range(3)]
    for job in jobs:
        records.ask("select private.queue_job(%s, 'intake')", job)
    hasty = settings_for(queue_url=settings.queue_url, sqs_visibility_seconds=2, breaker_probe_seconds=0.1)
    client = open_client(hasty, answer_seconds=0.5)
    stopping: Any = StopsAtEachCall(client)
    script = Script()
    done = "select count(*)::int from jobs where status = 'completed'"
    with (
        role(Relay(pool, stopping, hasty).run),
        role(Subscriber(pool, stopping, hasty).run),
        Shift(Bench(pool, settings_for(), script), "w-1", end_seconds=60),
    ):
        while not (stopping.is_over() and stopping.stops.empty()):
            point, thread, go_on = stopping.stops.get(timeout=60)
            words = "Sending failed" if point == ("send_message", "before") else "Subscriber error"
            logged.take_every(words)
            with freeze():
                go_on.set()
                # With a database that stands still the endpoint has no answer either: whichever comes first.
                wait_for(partial(is_held, thread, words), "a call that hangs, or has no answer", 60)
        wait_for(lambda: not records.ask("select 1 from outbox where sent_at is null"), "every stamp", 60)
        wait_for(lambda: records.ask(done) == [(3,)], "every job's end", 60)
        wait_for(lambda: not records.ask("select 1 from flow_runs where state <> 'completed'"), "every run", 60)
        name = settings.queue_url.rsplit("/", 1)[-1]
        wait_for(lambda: not records.ask("select 1 from sqs.messages where queue = %s", name), "an empty queue", 60)
    client.close()
    assert script.pressed == ["a.localhost"] * 3
    for job in jobs:
        assert records.events(job).count("job_finalized") == 1
        assert records.events(job).count("a.localhost submitted") == 1
    claims = records.ask("select details ->> 'message_id' from queue_history where event = 'queue_claimed'")
    runs = records.ask("select idempotency_key from flow_runs")
    assert len(set(claims)) == len(claims) == len(set(runs)) == len(runs), "each message starts one flow run"
