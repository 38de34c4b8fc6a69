"""A worker killed before or after any write: nothing is submitted twice or lost, and the job comes to an end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from services.domain.errors import NotReachable
from services.domain.messages import JobMessage
from services.pipeline.database import Pool
from services.pipeline.directory_task import Tools
from services.pipeline.flow import process_job
from services.pipeline.flow_runs import FlowRuns
from services.pipeline.job_rows import JobRows
from services.pipeline.outcome_spool import KnownOutcome, OutcomeSpool
from services.settings import Settings
from services.submission.outcome import Outcome
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import NO_WORD, SENT, Bench, Script, Shift, wait_for
from tests.leaks.logs import Logged

pytestmark = pytest.mark.anyio

HOSTS: Final = ["a.localhost", "b.localhost"]
WRITES: Final = ["open", "may_go_on", "claim", "note_error", "keep", "record", "drop", "note_unknown", "finish"]


class Killed(BaseException):
    """Stands for kill -9: no handler of ours catches it, so nothing after it is written."""


class Dies:
    """Passes every call on to `inner` until its `number`th call of `name`, where the process dies."""

    def __init__(self, inner: object, name: str, number: int, *, after: bool) -> None:
        self._inner = inner
        self._name = name
        self._number = number
        self._after = after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._inner, name)
        if name != self._name:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self._number -= 1
            if self._number == 0 and not self._after:
                raise Killed
            answer = real(*args, **kwargs)
            if self._number == 0:
                raise Killed
            return answer

        return call


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings_here(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(task_retries=1)


def dying_tools(bench: Bench, folder: Path, name: str, number: int, *, after: bool) -> Tools:
    whole = bench.tools("killed")
    spool = OutcomeSpool(folder / "outcomes")
    return Tools(
        Dies(whole.rows, name, number, after=after),  # type: ignore[arg-type]
        whole.plans, whole.open_browser, whole.settings,
        Dies(spool, name, number, after=after),  # type: ignore[arg-type]
        whole.pictures,
    )  # fmt: skip


def let_the_leases_run_out(records: Records) -> None:
    records.ask("update flow_runs set lease_until = clock_timestamp() - interval '1 s' where state = 'running'")
    records.ask("update job_results set claim_expires_at = clock_timestamp() where status = 'submitting'")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("write", WRITES)
async def test_killed_at_a_write(
    pool: Pool,
    settings_here: Settings,
    records: Records,
    tmp_path: Path,
    write: str,
    number: int,
    after: bool,
    logged: Logged,
) -> None:
    job = records.job(HOSTS)
    if write == "note_unknown":
        # An earlier run left it, claimed and without an outcome.
        records.ask("select claim_submission(%s, 'a.localhost', 'earlier', 'w-0', '{}', 0)", job)
    records.run_for(job)
    script = Script(a=[SENT], b=[NO_WORD])
    if write == "note_error":
        script.plan_errors = {"a.localhost": [NotReachable("away")], "b.localhost": [NotReachable("away")]}
    bench = Bench(pool, settings_here, script)
    run = bench.runs("killed").claim()
    assert run
    try:
        await process_job(run, dying_tools(bench, tmp_path, write, number, after=after))
    except Killed:
        died = True
    else:
        died = False
    assert died or (write, number) in {("open", 2), ("finish", 2), ("note_unknown", 2)}, "it did not come there"
    let_the_leases_run_out(records)
    with Shift(bench, "heir"):
        wait_for(lambda: records.ask("select 1 from jobs where status in ('completed', 'failed')"), "the end", 60)
        wait_for(lambda: not records.ask("select 1 from flow_runs where state <> 'completed'"), "the run's end", 60)
    assert len(script.pressed) == len(set(script.pressed)), "pressed twice"
    listed = dict(records.ask("select private.host_of(directory_url), status from directory_submissions"))
    assert listed["b.localhost"] == "submitting", "nobody knows: it is never submitted by itself"
    if write == "note_unknown" or (listed["a.localhost"] == "submitting"):
        # Claimed, and dead before an outcome was known: it may have been sent. Said once.
        assert records.events(job).count("a.localhost unknown") == 1
        assert write in ("claim", "keep", "note_unknown")
    else:
        assert listed["a.localhost"] == "submitted"
        assert script.pressed.count("a.localhost") == 1
        assert records.events(job).count("a.localhost submitted") == 1
    assert records.events(job).count("b.localhost unknown") == 1
    assert list((tmp_path / "outcomes").glob("*.json")) == []
    logged.take_every("Wrote an outcome late")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_taking_a_run(pool: Pool, settings_here: Settings, records: Records, after: bool) -> None:
    job = records.job(HOSTS)
    records.run_for(job)
    script = Script()
    bench = Bench(pool, settings_here, script)
    with pytest.raises(Killed):
        Dies(bench.runs("killed"), "claim", 1, after=after).claim()
    let_the_leases_run_out(records)
    assert await bench.work("heir")
    assert script.pressed == HOSTS
    assert records.ask("select state, lapses from flow_runs") == [("completed", int(after))]


async def test_a_run_that_keeps_losing_its_worker_is_given_up(
    pool: Pool, settings_for: Callable[..., Settings], records: Records, logged: Logged
) -> None:
    hosts = ["a.localhost", "b.localhost", "c.localhost", "d.localhost"]
    job = records.job(hosts)
    run_id = records.run_for(job)
    bench = Bench(pool, settings_for(flow_lapse_limit=3), Script())
    records.ask("update directory_submissions set status = 'submitted' where directory_url like '%%d.localhost%%'")
    for number, host in enumerate(("a.localhost", "b.localhost", ""), 1):
        run = bench.runs(f"lost-{number}").claim()
        assert run, "it may be tried again"
        if number == 1:
            bench.tools("lost-1").rows.open(JobMessage(job))
        if host:
            assert bench.tools(f"lost-{number}").rows.claim(run, host, f"key of {host}", {}) == "claimed"
        let_the_leases_run_out(records)
    assert bench.runs("heir").claim() is None
    words = "Given up: its worker was lost 3 times in the middle of it, last lost-3"
    assert records.ask("select state, error, lapses from flow_runs where id = %s", run_id) == [("failed", words, 3)]
    [(status, error, done, ended)] = records.ask(
        "select status, error_message, directories_done, completed_at is not null from jobs"
    )
    assert (status, done, ended) == ("failed", 2, True)
    assert error == f"{words}. 1 of 4 submissions failed, 2 outcomes unknown"
    listed = records.ask("select private.host_of(directory_url), status from directory_submissions order by 1")
    assert [status for _, status in listed] == ["submitting", "submitting", "failed", "submitted"]
    assert records.events(job)[-4:] == [
        "a.localhost unknown", "b.localhost unknown", "c.localhost failed", "job_failed",
    ]  # fmt: skip
    assert records.details(job, "job_failed") == [{"reason": error}]
    assert bench.runs("heir").claim() is None, "once and for all"
    # Staff may still say how one ended, and then the job's end is worked out again.
    said = Outcome("submitted", ["found in the listing"], False, 1)
    assert bench.tools("lost-1").rows.record(KnownOutcome(job, hosts[0], f"key of {hosts[0]}", "lost-1", said))
    assert records.ask("select error_message from jobs") == [("1 of 4 submissions failed, 1 outcome unknown",)]
    logged.take("Given up", "lost 3 times")


async def test_an_orderly_end_and_a_database_that_was_away_are_no_lapses(
    pool: Pool, settings_for: Callable[..., Settings], records: Records
) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    bench = Bench(pool, settings_for(flow_lapse_limit=1), Script())
    for number in range(4):
        runs = bench.runs(f"w-{number}")
        run = runs.claim()
        assert run
        runs.give_back(run)
    assert await bench.work()
    assert records.ask("select state, lapses from flow_runs") == [("completed", 0)]


@pytest.mark.parametrize("status", ["paused", "cancelled", "completed"])
async def test_giving_up_leaves_a_job_that_staff_stopped_or_that_ended(
    pool: Pool, settings_for: Callable[..., Settings], records: Records, status: str, logged: Logged
) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    records.ask("update jobs set status = %s", status)
    bench = Bench(pool, settings_for(flow_lapse_limit=1), Script())
    assert bench.runs("lost").claim()
    let_the_leases_run_out(records)
    assert bench.runs("heir").claim() is None
    assert records.ask("select state from flow_runs") == [("failed",)]
    assert records.ask("select status, error_message from jobs") == [(status, None)]
    assert records.events(job) == []
    logged.take("Given up")


async def test_giving_up_a_run_that_names_no_job_lets_the_others_go(
    pool: Pool, settings_for: Callable[..., Settings], records: Records, logged: Logged
) -> None:
    records.ask(
        "insert into flow_runs (idempotency_key, deployment, parameters, state, lease_until, created_at)"
        """ values ('1', 'd', '{"job_id": "no-uuid"}', 'running', '2026-01-01', '2026-01-01')"""
    )
    other = records.run_for(records.job(["a.localhost"]))
    run = FlowRuns(pool, "heir", 30, 1).claim()
    assert run
    assert run.id == other
    logged.take("Given up")


def test_a_claim_is_known_again_by_its_id(pool: Pool, settings_here: Settings, records: Records) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    bench = Bench(pool, settings_here, Script())
    run = bench.runs("w-1").claim()
    assert run
    rows = JobRows(pool, "w-1")
    assert [rows.claim(run, "a.localhost", "k", {"claim": "1"}) for _ in range(2)] == ["claimed", "claimed"]
    assert records.events(job) == ["a.localhost submitting"]
    assert rows.claim(run, "a.localhost", "k", {"claim": "2"}) == "outcome_unknown", "an earlier one of the same worker"
    rows.put_back(job, "a.localhost", "k", "2", "not this one")
    assert records.ask("select status from job_results") == [("submitting",)]
    rows.put_back(job, "a.localhost", "k", "1", "stopped")
    assert records.ask("select status from job_results") == [("failed",)]
