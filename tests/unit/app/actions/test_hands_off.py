"""Whoever may not act finds every act off, also where nothing on the screen was asked first: nothing is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, cast

import pytest

from app import tasks
from app.actions.forms import Drift
from app.actions.letter_records import Record
from app.actions.registry import (
    ACTS,
    ASK_SOLVER,
    CANCEL_JOB,
    LOCKED,
    NOT_YET,
    PAUSE_JOB,
    READ_ONLY,
    REAL_RUN,
    RESUME_JOB,
    why_not,
)
from app.replay.journal import Entry
from app.replay.reading import read
from app.replay.target import Target
from app.store.lines import DirectoryLine, JobLine
from app.store.needs import Need
from services.domain.errors import ConsoleError
from services.ports.wishes import Outgoing
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues

LETTERS: Final = {"m1": '{"job_id": "pending"}', "m2": '{"job_id": "pending"}'}
IN_DOUBT: Final = DirectoryLine("in_progress", "a.localhost", outcome="unknown")
NEED: Final = Need("failed", "failed", "Old Mill", "It failed.", job_id="failed")


def job(world: DeskWorld, status: str) -> JobLine:
    return world.store.jobs.lines[status]


HANDS: Final[dict[str, Callable[[DeskWorld], Awaitable[object]]]] = {
    "retry_failed": lambda w: w.desk.jobs.retry_failed(job(w, "failed"), ["a.localhost"]),
    "requeue": lambda w: w.desk.jobs.requeue(job(w, "pending")),
    "pause": lambda w: w.desk.jobs.set_status(PAUSE_JOB, job(w, "in_progress")),
    "resume": lambda w: w.desk.jobs.set_status(RESUME_JOB, job(w, "paused")),
    "cancel": lambda w: w.desk.jobs.set_status(CANCEL_JOB, job(w, "in_progress")),
    "declare": lambda w: w.desk.jobs.declare(job(w, "in_progress"), IN_DOUBT, "skipped", reason="seen"),
    "review": lambda w: w.desk.jobs.review(job(w, "in_progress"), IN_DOUBT, "failed", reason="seen"),
    "accept_form": lambda w: w.desk.forms.accept(cast("Drift", None), reason="seen"),
    "pause_directory": lambda w: w.desk.directories.set_paused("a.localhost", True, reason="changed"),
    "resume_directory": lambda w: w.desk.directories.set_paused("a.localhost", False, reason="mended"),
    "acknowledge": lambda w: w.desk.needs.acknowledge(NEED),
    "replay": lambda w: w.desk.dead_letters.replay("m1"),
    "edit_letter": lambda w: w.desk.dead_letters.replay("m1", instead=Outgoing("{}", {})),
    "replay_many": lambda w: w.desk.batches.replay(w.desk.batches.weigh(["m1", "m2"]), reason="asked"),
    "archive": lambda w: w.desk.batches.archive(["m1"], reason="junk"),
    "put_back": lambda w: w.desk.records.put_back(["m9"], reason="asked"),
    "decide": lambda w: w.desk.records.decide("m9", sent=True, reason="seen"),
    "confirm_target": lambda w: w.desk.dead_letters.terms.confirm(w.desk.role, reason="asked"),
    "allow_captchas": lambda w: w.captchas.set_allowed(True, reason="asked"),
    "forbid_captchas": lambda w: w.captchas.set_allowed(False, reason="asked"),
    "captcha_key": lambda w: w.captchas.set_key("a-key"),
    "run_failed": lambda w: w.desk.run_batches.run(job(w, "failed"), ["a.localhost"], reason="asked"),
}
"""By the act's name: the call that carries it out."""


def test_every_act_that_changes_something_is_among_them() -> None:
    # What needs a run is refused in the tests of runs, which have a browser for it.
    of_runs = {REAL_RUN.name, ASK_SOLVER.name}
    assert {act.name for act in ACTS if act.needs != "viewer"} - of_runs == set(HANDS)


@pytest.mark.parametrize("role", ["viewer", "customer", None, NOT_YET, READ_ONLY, LOCKED])
def test_nothing_is_done_for_whoever_may_not(tmp_path: Path, role: str | None) -> None:
    world = DeskWorld(tmp_path, FakeQueues(dict(LETTERS), time.time), time.time, role)
    world.loaded("jobs", "directories", "paused_directories", "form_fingerprints", "job_results", "queue_history")
    for status in ("failed", "pending", "in_progress", "paused"):
        world.job(status, status, status)
    for status in ("failed", "pending"):
        world.store.put("directory_submissions", {"id": status, "submission_queue_id": status, "status": status,
                                                  "directory_url": "http://a.localhost/add"})  # fmt: skip
    world.store.put("directories", {"id": "d", "name": "A", "submission_url": "http://a.localhost/add"})
    world.store.take_changed()

    async def act() -> None:
        # What is listed was listed by somebody who may look.
        world.desk.dead_letters.role = "operator"
        await world.desk.dead_letters.scan()
        world.desk.dead_letters.role = role
        world.desk.dead_letters.terms.target = Target("unnamed", "It names none.")
        entry = Entry("m9", "unknown", "{}", {}, "desk-1", "", "", "", 1.0, 1.0)
        world.desk.records.records["m9"] = Record(entry, read(entry.letter, now=2.0))
        for name, hand in HANDS.items():
            with pytest.raises(ConsoleError) as refused:
                await hand(world)
            assert str(refused.value) == why_not(next(one for one in ACTS if one.name == name), role)
        many = await world.desk.many.carry_out(PAUSE_JOB, [job(world, "in_progress"), job(world, "failed")])
        assert (many.done, many.unknown) == (0, 0)
        await tasks.shutdown()

    asyncio.run(act())
    assert (world.staff.calls, world.queues.sent, set(world.queues.dead)) == ([], [], {"m1", "m2"})
    assert (world.runner.requests, world.shared.decisions) == ([], {})
    assert {one.act for one in world.desk.operations.newest_first()} <= {"many_jobs"}
    world.close()
