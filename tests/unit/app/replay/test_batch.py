"""What a batch does with many dead letters: its pace, its levers, and what it leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.replay.engine import ReplayEngine
from app.replay.evidence import Result
from app.replay.journal import MOST_REPLAYS, BatchAct, Journal
from app.replay.line import Line, Progress
from app.replay.many import ManyEngine
from app.replay.pace import Options
from services.domain.errors import NotReachable, Refused
from services.ports.wishes import Outgoing, QueueFigures
from tests.fakes.unkind_queues import Held, UnkindQueues
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually

FAST = Options(rate=0, ramp=())


def bodies(count: int) -> dict[str, str]:
    return {f"m{n}": f'{{"job_id": "job-{n}"}}' for n in range(count)}


class Says:
    """Evidence that gives every job the same result, and counts how often it was asked."""

    def __init__(self, answer: Result, *, taken: bool = False) -> None:
        self.answer, self.taken = answer, taken

    def claimed(self, job_id: str, since: float) -> bool:
        return self.taken

    def result(self, job_id: str, since: float) -> Result:
        return self.answer


class Desk:
    """The engine on queues of its own."""

    def __init__(self, file: Path, queues: UnkindQueues, evidence: Says | None = None) -> None:
        self.queues = queues
        self.journal_file = file
        self.journal = Journal(file)
        self.engine = ReplayEngine(queues, self.journal)
        self.many = ManyEngine(queues, self.journal, self.engine, evidence=evidence, now=lambda: 0.0)
        self.lines: list[Line] = []
        self.seen: list[Progress] = []

    async def all(self, options: Options = FAST, *, act: BatchAct = "replay", batch: str = "b1") -> Progress:
        letters = (await self.engine.look()).letters
        await self.many.plan(batch, act, letters, actor="desk-1", reason="why", options=options)
        return await self.run(batch)

    async def run(self, batch: str = "b1") -> Progress:
        return await self.many.run(batch, on_change=self.seen.append, on_line=self.lines.append)

    def sent(self) -> list[str]:
        return sorted(one.body for one in self.queues.main.values())


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make_one(letters: dict[str, str] | None = None, evidence: Says | None = None) -> Desk:
        made.append(Desk(tmp_path / "replay.db", UnkindQueues.holding(letters or bodies(10)), evidence))
        return made[-1]

    yield make_one
    for one in made:
        one.journal.close()


async def passes(happened: Callable[[], bool]) -> None:
    """Let virtual time pass until it has happened."""
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not happen")


def run(coro: Coroutine[Any, Any, Any]) -> Any:
    return run_virtually(coro, ThreadlessLoop)


def test_three_and_seven_of_ten_fail_and_both_are_named(make: Callable[..., Desk]) -> None:
    desk = make()
    desk.queues.failing = {2, 6}
    progress = run(desk.all())
    assert (progress.moved, progress.failed, len(desk.queues.main)) == (8, 2, 8)
    assert set(progress.failures) == set(desk.queues.dead) == {"m2", "m6"}
    assert progress.state == "done"
    assert "8 moved, 2 failed" in progress.words


def test_fifty_poison_messages_at_most_three_are_sent(make: Callable[..., Desk]) -> None:
    desk = make(bodies(50), Says("failed"))
    progress = run(desk.all(Options(rate=0)))
    assert 1 <= len(desk.queues.main) <= 3
    assert progress.waiting >= 47
    assert len(desk.queues.dead) == 50 - len(desk.queues.main)
    assert progress.state == "stopped"
    assert "have failed" in progress.words


def test_jobs_without_a_result_stop_the_line_too(make: Callable[..., Desk]) -> None:
    desk = make(bodies(5), Says(""))
    progress = run(desk.all(Options(rate=0, result_seconds=30)))
    assert len(desk.queues.main) == 1
    assert progress.state == "stopped"
    assert any(one.waits_for == 1 for one in desk.seen)


def test_the_ramp_goes_on_while_the_jobs_do_well(make: Callable[..., Desk]) -> None:
    desk = make(bodies(40), Says("ok"))
    assert run(desk.all(Options(rate=0))).moved == 40
    assert desk.queues.dead == {}


def test_a_message_that_names_no_job_is_not_waited_for(make: Callable[..., Desk]) -> None:
    desk = make({"m1": "not json", "m2": "[]"}, Says(""))
    assert run(desk.all(Options(rate=0))).moved == 2


def test_the_rate_is_kept(make: Callable[..., Desk]) -> None:
    async def timed(desk: Desk) -> float:
        began = asyncio.get_running_loop().time()
        await desk.all(Options(rate=2.0, ramp=()))
        return asyncio.get_running_loop().time() - began

    desk = make(bodies(21))
    assert 9.0 <= run(timed(desk)) <= 12.0
    assert len(desk.sent()) == 21


def test_a_pause_holds_the_next_send_and_cancel_leaves_the_rest(make: Callable[..., Desk]) -> None:
    desk = make(bodies(20))

    async def act() -> None:
        task = asyncio.ensure_future(desk.all(Options(rate=1.0, ramp=())))
        await passes(lambda: len(desk.queues.main) >= 3)
        [line] = desk.lines
        line.pause()
        await asyncio.sleep(60)
        sent = len(desk.queues.main)
        assert sent <= 4
        assert line.progress.paused
        await asyncio.sleep(60)
        assert len(desk.queues.main) == sent
        line.go_on()
        await passes(lambda: len(desk.queues.main) > sent)
        line.cancel()
        progress = await task
        assert progress.state == "cancelled"
        assert progress.moved == len(desk.queues.main) < 20
        assert progress.skipped == len(desk.queues.dead) == 20 - progress.moved
        assert all(one.visible_at <= asyncio.get_running_loop().time() for one in desk.queues.dead.values())

    run(act())


def test_new_arrivals_are_not_swept_in(make: Callable[..., Desk]) -> None:
    desk = make(bodies(12))

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)
        desk.queues.dead["late"] = Held(Outgoing('{"job_id": "late"}'))
        await desk.run()
        assert set(desk.queues.dead) == {"late"}
        assert desk.queues.dead["late"].visible_at <= asyncio.get_running_loop().time()

    run(act())


def test_a_hold_that_ran_out_deletes_nothing_and_is_claimed_again(make: Callable[..., Desk]) -> None:
    desk = make(bodies(3))
    desk.queues.main_fault = "slow"
    progress = run(desk.all())
    assert (progress.moved, desk.queues.dead, len(desk.queues.main)) == (3, {}, 3)
    assert desk.queues.stale == 0, "a stale receipt was used"


def test_what_is_too_large_stays_and_says_so(make: Callable[..., Desk]) -> None:
    desk = make({"m1": '{"job_id": "a"}', "m2": '{"job_id": "' + "b" * 2000 + '"}'})
    desk.queues.largest = 1024
    progress = run(desk.all())
    assert (progress.moved, progress.failed, list(desk.queues.dead)) == (1, 1, ["m2"])
    assert "can't be replayed" in progress.failures["m2"]


def test_after_three_replays_a_message_is_quarantined(make: Callable[..., Desk]) -> None:
    desk = make({"m1": '{"job_id": "a"}'})

    async def act() -> None:
        for number in range(MOST_REPLAYS):
            await desk.all(batch=f"b{number}")
            [(key, message)] = desk.queues.main.items()
            desk.queues.main.clear()
            desk.queues.dead[key] = Held(message)
        letters = (await desk.engine.look()).letters
        left_out = await desk.many.plan("last", "replay", letters, actor="desk-1", reason="", options=FAST)
        assert "quarantined" in left_out[letters[0].message_id]
        assert (await desk.run("last")).total == 0
        assert desk.queues.main == {}

    run(act())


def test_an_application_s_own_words_leave_the_body_and_stay_in_the_journal(make: Callable[..., Desk]) -> None:
    desk = make({"m1": '{"job_id": "a", "_dlq_reason": "no deployment", "_original_message_id": "o1"}'})
    run(desk.all())
    [message] = desk.queues.main.values()
    assert message.body == '{"job_id": "a"}'
    assert message.attributes["job_id"]["StringValue"] == "a"
    entry = desk.journal.entry("m1")
    assert entry is not None
    assert "no deployment" in entry.body


def test_the_archive_keeps_what_leaves_the_queue_and_puts_it_back(make: Callable[..., Desk]) -> None:
    desk = make(bodies(3))
    desk.queues.dead["m0"].message = Outgoing("zero", {"n": {"DataType": "Binary", "BinaryValue": b"\x00"}}, "Root=1")
    zero = desk.queues.dead["m0"].message

    async def act() -> None:
        progress = await desk.all(act="archive")
        assert (progress.moved, desk.queues.dead, desk.queues.main) == (3, {}, {})
        assert {entry.message_id for entry in await desk.many.archived()} == {"m0", "m1", "m2"}
        new_id = await desk.many.put_back("m0")
        assert desk.queues.dead[new_id].message == zero
        with pytest.raises(Refused, match="not in the archive"):
            await desk.many.put_back("m0")
        desk.queues.faults = ["", "lost_reply"]  # whose queue, then the send
        with pytest.raises(NotReachable):
            await desk.many.put_back("m1")
        with pytest.raises(Refused, match="may have been put back"):
            await desk.many.put_back("m1")
        await desk.many.decide("m1", sent=False, actor="desk-1")
        desk.queues.faults = ["", "denied"]
        with pytest.raises(Exception, match="may not send"):
            await desk.many.put_back("m1")
        desk.queues.faults = ["", "flipped"]
        with pytest.raises(NotReachable, match="something else"):
            await desk.many.put_back("m1")
        await desk.many.decide("m1", sent=True, actor="desk-1")
        assert {entry.message_id for entry in await desk.many.archived()} == {"m2"}

    run(act())


def test_a_send_without_an_answer_is_settled_by_evidence_or_by_a_person(make: Callable[..., Desk]) -> None:
    evidence = Says("ok")
    desk = make(bodies(1), evidence)

    async def act() -> None:
        desk.queues.main_fault = "lost_reply"
        assert (await desk.all()).unknown == 1
        assert await desk.many.settle_unknown() == []
        evidence.taken = True
        assert await desk.many.settle_unknown() == ["m0"]
        with pytest.raises(Refused, match="is known"):
            await desk.many.decide("m0", sent=False, actor="desk-1")
        assert (await desk.engine.replay("m0")).outcome == "replayed"
        assert (len(desk.queues.main), desk.queues.dead) == (1, {})

    run(act())


def test_without_facts_nothing_unknown_is_settled(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))
    assert run(desk.many.settle_unknown()) == []


def test_a_line_that_stopped_is_gone_on_with_or_given_up(make: Callable[..., Desk]) -> None:
    desk = make(bodies(4))

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)
        desk.queues.main_fault = "denied"
        progress = await desk.run()
        assert (progress.state, progress.waiting, len(desk.queues.dead)) == ("stopped", 4, 4)
        assert "may not send" in progress.words
        assert [batch.id for batch in await desk.many.unfinished()] == ["b1"]
        assert (await desk.run()).moved == 4
        with pytest.raises(Refused, match="no such operation"):
            await desk.run()
        assert await desk.many.unfinished() == []

    run(act())


def test_what_is_given_up_stays_where_it_is(make: Callable[..., Desk]) -> None:
    desk = make(bodies(4))

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)
        await desk.many.give_up("b1")
        assert await desk.many.unfinished() == []
        assert len(desk.queues.dead) == 4
        assert (await desk.all(batch="b2")).moved == 4

    run(act())


def test_no_journal_no_send(make: Callable[..., Desk]) -> None:
    desk = make(bodies(4))

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)

        def full(moves: object) -> None:
            raise OSError("no space left")

        desk.journal.move_many = full  # type: ignore[method-assign]
        with pytest.raises(Refused, match="can't be written"):
            await desk.run()
        assert desk.queues.main == {}
        assert len(desk.queues.dead) == 4

    run(act())
    desk.journal.close()
    with pytest.raises(Refused, match="can't be used"):
        run(desk.many.unfinished())


def test_a_queue_that_does_not_answer_stops_the_line(make: Callable[..., Desk]) -> None:
    desk = make(bodies(4))

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)

        async def away(which: object) -> QueueFigures:
            raise NotReachable("The queue does not answer.")

        figures, desk.queues.figures = desk.queues.figures, away  # type: ignore[method-assign]
        assert (await desk.run()).state == "stopped"
        desk.queues.figures = figures  # type: ignore[method-assign]
        desk.queues.faults = ["", "unreachable", "unreachable", "unreachable", "unreachable", "unreachable"]
        assert (await desk.run()).state == "stopped"
        assert (await desk.run()).moved == 4

    run(act())
