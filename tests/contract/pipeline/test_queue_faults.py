"""The wire to the queue is cut in the middle of any call: each job is still started, once, and done once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from services.pipeline.database import Pool
from services.pipeline.intake import Relay
from services.pipeline.sqs import open_client
from services.pipeline.subscriber import Subscriber
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import Bench, Script, Shift, wait_for
from tests.fakes.cut_wire import Cut, cut_wire
from tests.leaks.logs import Logged

CUTS: list[Cut] = ["before the request", "before the answer"]


@contextmanager
def role(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """A role's loop on a thread, told to stop at the end of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("call", ["SendMessage", "ReceiveMessage", "DeleteMessage"])
def test_cut(
    settings: Settings,
    settings_for: Callable[..., Settings],
    pool: Pool,
    queue_origin: str,
    records: Records,
    call: str,
    cut: Cut,
    logged: Logged,
) -> None:
    logged.allow("services.pipeline.intake", "Sending failed")
    logged.allow("services.pipeline.subscriber", "Subscriber error")
    job = records.job(["a.localhost"])
    records.ask("select private.queue_job(%s, 'intake')", job)
    with cut_wire(queue_origin, f"AmazonSQS.{call}", [cut] * 4) as wire:
        cuttable = settings_for(
            queue_url=settings.queue_url, sqs_endpoint=wire.origin, sqs_visibility_seconds=1, breaker_probe_seconds=0.1
        )
        client = open_client(cuttable, answer_seconds=5)
        script = Script()
        at_work = Bench(pool, settings_for(), script)
        gone = "select 1 from sqs.messages where queue = %s"
        name = settings.queue_url.rsplit("/", 1)[-1]
        relay, subscriber = Relay(pool, client, cuttable), Subscriber(pool, client, cuttable)
        with role(relay.run), role(subscriber.run), Shift(at_work, "w-1"):
            wait_for(lambda: records.ask("select 1 from outbox where sent_at is not null"), "the stamp", 60)
            wait_for(lambda: records.ask("select 1 from jobs where status = 'completed'"), "the job's end", 60)
            wait_for(lambda: not records.ask(gone, name), "an empty queue", 60)
            wait_for(lambda: not records.ask("select 1 from flow_runs where state <> 'completed'"), "all runs", 60)
        client.close()
        assert len(wire.cuts) < 4, "nothing was cut"
    assert script.pressed == ["a.localhost"]
    assert records.events(job).count("job_finalized") == 1
    assert records.events(job).count("a.localhost submitted") == 1
    started = [key for (key,) in records.ask("select idempotency_key from flow_runs")]
    assert len(started) == len(set(started)), "no message starts two flow runs"
    claims = records.ask("select details ->> 'message_id' from queue_history where event = 'queue_claimed'")
    assert len(claims) == len(set(claims)) == len(started)
