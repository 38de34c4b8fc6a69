"""Batches on a queue or a journal that fails for good: they say so, and claim no more than is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from app.replay.letters import Letters
from app.replay.pace import Options
from app.store.store import Store
from services.domain.errors import ConsoleError, NotReachable, Refused
from services.ports.wishes import DeadLetter, Outgoing, SentMessage
from tests.unit.app.replay.test_batch import FAST, Desk, Says, bodies, make, passes, run

__all__ = ["make"]


def test_a_queue_that_stays_too_busy_is_left_for_later(make: Callable[..., Desk]) -> None:
    desk = make(bodies(2))

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)
        desk.queues.faults = ["", "", *["busy"] * 7]  # type: ignore[list-item]
        progress = await desk.run()
        assert (progress.waiting, desk.queues.main) == (2, {})

    run(act())


def test_a_delete_that_never_goes_through_stays_open(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))

    async def no(receipts: object) -> list[NotReachable]:
        return [NotReachable("The queue does not answer.")]

    desk.queues.delete_many = no  # type: ignore[method-assign, assignment]
    progress = run(desk.all())
    assert (progress.undeleted, len(desk.queues.main), len(desk.queues.dead)) == (1, 1, 1)


def test_an_archive_that_can_not_delete_is_gone_on_with(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))
    delete = desk.queues.delete_many

    async def no(receipts: object) -> list[NotReachable]:
        return [NotReachable("The queue does not answer.")]

    desk.queues.delete_many = no  # type: ignore[method-assign, assignment]
    assert run(desk.all(act="archive")).state == "stopped"
    assert desk.journal.states() == {"m0": "archiving"}
    assert len(desk.queues.dead) == 1
    desk.queues.delete_many = delete  # type: ignore[method-assign]
    for held in desk.queues.dead.values():
        held.visible_at = 0.0  # each run has a clock of its own
    assert (run(desk.run()).moved, desk.queues.dead) == (1, {})


def test_an_archive_that_is_given_up_leaves_nothing_half_done(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))

    async def no(receipts: object) -> list[NotReachable]:
        return [NotReachable("The queue does not answer.")]

    async def cancelled(receipts: object) -> list[NotReachable]:
        desk.lines[-1].cancel()
        return await no(receipts)

    desk.queues.delete_many = no  # type: ignore[method-assign, assignment]
    run(desk.all(act="archive"))
    run(desk.many.give_up("b1"))
    assert desk.journal.states() == {"m0": "archive_unconfirmed"}
    desk.queues.delete_many = cancelled  # type: ignore[method-assign, assignment]
    for held in desk.queues.dead.values():
        held.visible_at = 0.0
    assert run(desk.all(act="archive", batch="b2")).state == "cancelled"
    assert desk.journal.states() == {"m0": "archive_unconfirmed"}


def test_a_refusal_of_one_message_does_not_stop_the_line(make: Callable[..., Desk]) -> None:
    desk = make(bodies(3))
    send = desk.queues.send_many

    async def refuse_one(messages: Sequence[Outgoing]) -> list[SentMessage | ConsoleError]:
        return [Refused("Bad characters.")] if "job-0" in messages[0].body else await send(messages)

    desk.queues.send_many = refuse_one  # type: ignore[method-assign, assignment]
    progress = run(desk.all(Options(rate=1, ramp=())))
    assert (progress.state, progress.moved, progress.failures) == ("done", 2, {"m0": "Bad characters."})


@pytest.mark.parametrize(("whole", "sends"), [(True, 10), (False, 20)])
def test_a_lane_whose_receive_was_late_sends_nothing_again(make: Callable[..., Desk], whole: bool, sends: int) -> None:
    desk = make(bodies(20))
    receive, calls, lost = desk.queues.receive_dead, [0], asyncio.Event()
    sent: list[str] = []

    async def one_lane_is_late(*, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
        calls[0] += 1
        if calls[0] == 1:
            await lost.wait()
            await passes(lambda: desk.lines[0].progress.unknown == 10)
            for held in desk.queues.dead.values():
                held.visible_at = 0.0
        return await receive(limit=limit, visibility=visibility, wait=wait)

    async def lose(messages: Sequence[Outgoing]) -> list[NotReachable]:
        sent.extend(one.body for one in messages)
        lost.set()
        error = NotReachable("The reply is lost.")
        return [error if whole else NotReachable("The reply is lost.") for _ in messages]

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        options = Options(rate=0, ramp=(), lanes=2)
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=options)
        desk.queues.receive_dead = one_lane_is_late  # type: ignore[method-assign]
        desk.queues.send_many = lose  # type: ignore[method-assign, assignment]
        await desk.run()

    run(act())
    assert len(sent) == len(set(sent)) == sends


@pytest.mark.parametrize("name", ["batch_states", "end_batch"])
def test_a_journal_that_fails_at_the_start_or_the_end_says_so(make: Callable[..., Desk], name: str) -> None:
    desk = make(bodies(1))

    def full(*_: object) -> None:
        raise OSError("no space left")

    setattr(desk.journal, name, full)
    with pytest.raises(Refused, match="can't be written"):
        run(desk.all())


def test_evidence_needs_a_job(make: Callable[..., Desk]) -> None:
    desk = make({"m1": "not json"}, Says("ok", taken=True))
    desk.queues.main_fault = "lost_reply"
    assert run(desk.all()).unknown == 1
    assert run(desk.many.settle_unknown()) == []


def test_the_letters_of_a_terminal_know_what_a_job_would_do(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))
    known = Letters(desk.queues, desk.journal, Store(), "desk-1").xray("job-0")
    assert known is not None
    assert known.stops == "This job is not in the database."
    assert Letters(desk.queues, desk.journal, None, "desk-1").xray("job-0") is None
