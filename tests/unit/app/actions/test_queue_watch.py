"""The counts of the queues: what is kept of them, and what is said when they can't be had."""

from __future__ import annotations

import asyncio

import pytest

from app.actions.queue_watch import EVERY, POINTS, STALE_SECONDS, QueueWatch, Which
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable
from tests.fakes.queues import FakeQueues

NOW = [1_800_000_000.0]


@pytest.fixture
def queues() -> FakeQueues:
    NOW[0] = 1_800_000_000.0
    return FakeQueues({f"m{n}": "{}" for n in range(3)}, lambda: NOW[0])


def ask(watch: QueueWatch, which: Which = "dlq") -> None:
    asyncio.run(watch.figures(which))


def test_its_history_is_that_of_the_last_hour_and_no_more(queues: FakeQueues) -> None:
    watch = QueueWatch(queues, clock=lambda: NOW[0])
    for step in range(3 * POINTS):
        ask(watch)
        NOW[0] += EVERY / 2
        if step == 3 * POINTS - 3:
            queues.dead.clear()
    found = watch.history("dlq")
    assert len(found) == POINTS - 1
    assert found[-1] == (EVERY, 0)
    assert found[0] == (EVERY * (POINTS - 1), 3)
    assert watch.history("main") == []
    NOW[0] += EVERY * POINTS
    assert watch.history("dlq") == []


def test_what_another_was_told_before_does_not_replace_what_is_newer(queues: FakeQueues) -> None:
    watch = QueueWatch(queues, clock=lambda: NOW[0])
    ask(watch)
    first = watch.now["dlq"].figures
    assert first is not None
    NOW[0] += 20
    queues.dead.clear()
    ask(watch)
    watch.take("dlq", first, NOW[0] - 5)
    newest = watch.now["dlq"]
    assert newest.figures is not None
    assert (newest.figures.visible, newest.as_of) == (0, NOW[0])
    watch.take("dlq", first, NOW[0] + 1)
    assert watch.now["dlq"].figures is first


@pytest.mark.parametrize(
    ("error", "kind"),
    [(NotPermitted("no"), "denied"), (NotInstalled("none"), "absent"), (NotReachable("silence"), "away")],
)
def test_what_was_told_last_stays_and_is_old(queues: FakeQueues, error: ConsoleError, kind: str) -> None:
    watch = QueueWatch(queues, clock=lambda: NOW[0])
    assert not watch.now["dlq"].stale(NOW[0])
    ask(watch)
    assert not watch.now["dlq"].stale(NOW[0] + STALE_SECONDS)
    assert watch.now["dlq"].stale(NOW[0] + STALE_SECONDS + 1)
    queues.faults["figures"] = error
    with pytest.raises(type(error)):
        ask(watch)
    last = watch.now["dlq"]
    assert (last.kind, last.problem, last.figures is not None) == (kind, str(error), True)
    assert last.stale(NOW[0])
    queues.faults.clear()
    ask(watch)
    assert watch.now["dlq"].kind == ""
