"""The flow: each directory ends in one honest state, and nothing is submitted twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.domain.errors import NotReachable, Refused
from services.domain.keys import idempotency_key
from services.pipeline.database import Pool
from services.pipeline.flow import process_job
from services.settings import Settings
from services.submission.outcome import Outcome
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import NO_PAGE, NO_WORD, REFUSED, SENT, Bench, Hang, MakeBench, Script
from tests.leaks.logs import Logged

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def bench(pool: Pool, settings_for: Callable[..., Settings]) -> MakeBench:
    def make(script: Script, **changes: Any) -> Bench:
        return Bench(pool, settings_for(task_retries=2, **changes), script)

    return make


def outcomes(records: Records, job: str) -> dict[str, tuple[str, str | None]]:
    """host -> (work list status, result status)"""
    rows = records.ask(
        "select private.host_of(s.directory_url) as host, s.status as listed, r.status as result"
        " from directory_submissions s left join job_results r on r.job_id = s.submission_queue_id"
        " and r.directory_name = private.host_of(s.directory_url)"
        " where s.submission_queue_id = %s",
        job,
    )
    return {host: (listed, result) for host, listed, result in rows}


def job_row(records: Records, job: str) -> tuple[Any, ...]:
    return records.ask("select status, directories_done, progress, error_message from jobs where id = %s", job)[0]


async def test_a_whole_job(bench: MakeBench, records: Records, tmp_path: Path) -> None:
    job = records.job(["a.localhost", "b.localhost", "c.localhost"])
    run_id = records.run_for(job)
    picture = Outcome("submitted", ["ok"], False, 34, screenshot="last.jpg")
    script = Script(a=[picture], b=[REFUSED], c=[SENT])
    assert await bench(script).work()
    assert script.runs == ["a.localhost", "b.localhost", "c.localhost"], "as listed: by authority"
    assert records.events(job) == [
        "flow_started", "job_started",
        "a.localhost submitting", "a.localhost submitted", "a.localhost submission_complete",
        "b.localhost submitting", "b.localhost failed", "b.localhost submission_complete",
        "c.localhost submitting", "c.localhost submitted", "c.localhost submission_complete",
        "job_finalized", "flow_completed",
    ]  # fmt: skip
    assert job_row(records, job) == ("completed", 3, 100, "1 of 3 submissions failed")
    [(customer,)] = records.ask("select customer_id::text from jobs where id = %s", job)
    assert records.details(job, "flow_started") == [
        {"customer_id": customer, "package_size": 50, "priority": "starter"}
    ]
    assert records.details(job, "flow_completed") == [{"status": "completed"}]
    key = idempotency_key(job, "a.localhost", {"name": "Blue Door Bakery", "dir": "a.localhost"})
    [(found_key, shot, log, payload)] = records.ask(
        "select idempotency_key, screenshot_url, response_log, payload from job_results"
        " where directory_name = 'a.localhost'"
    )
    assert found_key == key
    assert Path(shot).parent == tmp_path / "artifacts" / job
    assert [str(file) for file in (tmp_path / "artifacts" / job).iterdir()] == [shot], "a run's own folder is gone"
    assert log["reasons"] == ["ok"]
    assert payload["business"]["business_name"] == "Blue Door Bakery"
    assert payload["plan"][0]["url"] == "http://a.localhost/add"
    [(state, ended)] = records.ask("select state, ended_at is not null from flow_runs where id = %s", run_id)
    assert (state, ended) == ("completed", True)
    assert (script.opened, await bench(script).work()) == (1, False)


async def test_a_failure_before_the_submit_step_is_repeated(bench: MakeBench, records: Records, logged: Logged) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    script = Script(a=[NO_PAGE, RuntimeError("browser gone"), SENT], b=[NO_PAGE])
    await bench(script).work()
    assert script.runs == ["a.localhost"] * 3 + ["b.localhost"] * 3
    assert outcomes(records, job) == {"a.localhost": ("submitted", "submitted"), "b.localhost": ("failed", "failed")}
    assert records.events(job).count("a.localhost error") == 2
    assert records.events(job).count("b.localhost error") == 3
    assert records.details(job, "error")[0] == {
        "error": "net::ERR_CONNECTION_REFUSED", "error_type": "SubmissionFailed", "attempt": 1,
    }  # fmt: skip
    assert script.opened == 2, "a browser that broke is replaced"
    logged.take("The browser run failed")


async def test_what_needs_a_person_is_not_tried_again(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    words = "This directory asks for a captcha; a person is needed"
    script = Script(a=[Outcome("failed", [words], True, 12, error=words, person="captcha")])
    await bench(script).work()
    assert script.runs == ["a.localhost", "b.localhost"]
    assert outcomes(records, job)["a.localhost"] == ("failed", "failed")
    assert records.details(job, "error") == [{"error": words, "error_type": "PersonNeeded", "attempt": 1}]


@pytest.mark.parametrize("how", ["verdict", "error", "time-out"])
async def test_nothing_after_the_submit_step_is_repeated(
    bench: MakeBench, records: Records, how: str, logged: Logged
) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    deed = {
        "verdict": NO_WORD,
        "error": Hang(after_submit=True, error=RuntimeError("crashed")),
        "time-out": Hang(after_submit=True),
    }[how]
    script = Script(a=[deed])
    await bench(script, task_seconds=0.3).work()
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert outcomes(records, job)["a.localhost"] == ("submitting", "submitting")
    assert records.events(job).count("a.localhost unknown") == 1
    assert "a.localhost submission_complete" not in records.events(job)
    # The staff's retry, or a second message, must not press again or say it again.
    records.run_for(job)
    await bench(script).work("w-2")
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert records.events(job).count("a.localhost unknown") == 1
    if how == "error":
        logged.take("The browser run failed")


async def test_a_time_out_before_the_submit_step_is_a_failure(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    script = Script(a=[Hang(after_submit=False), SENT])
    await bench(script, task_seconds=0.3).work()
    assert outcomes(records, job) == {"a.localhost": ("submitted", "submitted")}
    assert script.pressed == ["a.localhost"]


async def test_no_plan(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost", "b.localhost", "c.localhost"])
    records.run_for(job)
    script = Script()
    script.plan_errors = {
        "a.localhost": [NotReachable("cold start")],
        "b.localhost": [NotReachable("away")] * 3,
        "c.localhost": [Refused("404: unknown")],
    }
    await bench(script).work()
    assert script.plans == ["a.localhost"] * 2 + ["b.localhost"] * 3 + ["c.localhost"]
    assert script.pressed == ["a.localhost"]
    assert {host: listed for host, (listed, _) in outcomes(records, job).items()} == {
        "a.localhost": "submitted", "b.localhost": "failed", "c.localhost": "failed",
    }  # fmt: skip
    [(message,)] = records.ask("select error_message from job_results where directory_name = 'c.localhost'")
    assert message == "No plan from Brain: 404: unknown"
    assert job_row(records, job)[0] == "completed"


async def test_a_duplicate_is_skipped(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    script = Script()
    await bench(script).work()
    records.ask("update directory_submissions set status = 'pending'")
    records.run_for(job)
    await bench(script).work()
    assert script.pressed == ["a.localhost"]
    assert "a.localhost skipped_duplicate" in records.events(job)
    assert job_row(records, job) == ("completed", 1, 100, None)


async def test_what_another_has_in_flight_is_left_alone(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    key = idempotency_key(job, "a.localhost", {"name": "Blue Door Bakery", "dir": "a.localhost"})
    records.ask("select claim_submission(%s, 'a.localhost', %s, 'staff:1', '{}', 60)", job, key)
    script = Script()
    await bench(script).work()
    assert script.pressed == ["b.localhost"]
    assert outcomes(records, job)["a.localhost"] == ("submitting", "submitting")
    assert "a.localhost unknown" not in records.events(job)


@pytest.mark.parametrize(
    ("earlier", "listed", "event"),
    [("submitted", "submitted", "a.localhost skipped_duplicate"), ("unknown", "submitting", "a.localhost submitting")],
)
async def test_another_key_for_the_same_directory_sends_nothing_again(
    bench: MakeBench, records: Records, earlier: str, listed: str, event: str
) -> None:
    job = records.job(["a.localhost"])
    records.ask("select claim_submission(%s, 'a.localhost', 'of another plan', 'w-0', '{}', 60)", job)
    records.ask(
        "select record_outcome(%s, 'a.localhost', 'of another plan', 'w-0', %s, '{}', null, null, null, 1)",
        job, earlier,
    )  # fmt: skip
    records.ask("update directory_submissions set status = 'pending'")
    records.run_for(job)
    script = Script()
    await bench(script).work()
    assert script.pressed == []
    assert event in records.events(job)
    assert records.ask("select count(*)::int from job_results") == [(1,)]
    assert outcomes(records, job)["a.localhost"][0] in (listed, "pending")


async def test_a_second_message_for_a_job_that_is_through_changes_nothing(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    await bench(Script()).work()
    [before] = records.ask("select status, completed_at, version from jobs")
    records.run_for(job)
    await bench(Script()).work()
    assert records.ask("select status, completed_at, version from jobs") == [before]
    assert records.events(job)[-2:] == ["flow_started", "flow_completed"]


async def test_no_directories(bench: MakeBench, records: Records) -> None:
    job = records.job([])
    records.run_for(job)
    script = Script()
    await bench(script).work()
    assert records.events(job) == ["flow_started", "job_started", "no_directories", "job_finalized", "flow_completed"]
    assert job_row(records, job) == ("failed", 0, 0, "No directories processed")
    assert script.opened == 0


async def test_no_profile(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost"], name=" ")
    records.run_for(job)
    await bench(Script()).work()
    assert records.events(job) == ["flow_started", "job_started", "error_no_profile"]
    assert job_row(records, job) == ("failed", 0, 0, "No business profile for this customer")
    assert records.ask("select state from flow_runs") == [("failed",)]


@pytest.mark.parametrize("status", ["paused", "cancelled"])
async def test_staff_stop_a_job(bench: MakeBench, records: Records, status: str) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)

    def stopped_meanwhile() -> Outcome:
        records.ask("update jobs set status = %s", status)
        return SENT

    script = Script(a=[stopped_meanwhile])
    await bench(script).work()
    assert script.pressed == ["a.localhost"]
    assert job_row(records, job)[:2] == (status, 1)
    assert "job_finalized" not in records.events(job)
    assert records.details(job, "flow_completed") == [{"status": "completed", "stopped": status}]
    records.run_for(job)
    await bench(script).work()
    assert (script.pressed, job_row(records, job)[0]) == (["a.localhost"], status)


async def test_a_fault_of_ours_fails_the_job_and_no_directory(
    bench: MakeBench, records: Records, logged: Logged
) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    script = Script()
    script.opening_error = RuntimeError("No browser was found")
    await bench(script).work()
    assert records.events(job) == ["flow_started", "job_started", "job_failed"]
    assert records.details(job, "job_failed") == [{"reason": "No browser was found"}]
    assert job_row(records, job) == ("failed", 0, 0, "No browser was found")
    assert outcomes(records, job) == {"a.localhost": ("pending", None)}
    logged.take("Flow failed")


async def test_parameters_that_name_no_job(bench: MakeBench, records: Records, logged: Logged) -> None:
    for key, parameters in (("1", "{}"), ("2", '{"job_id": "x"}')):
        records.ask(
            "insert into flow_runs (idempotency_key, deployment, parameters) values (%s, 'd', %s)", key, parameters
        )
    at_work = bench(Script())
    assert [await at_work.work(), await at_work.work(), await at_work.work()] == [True, True, False]
    assert records.ask("select state from flow_runs") == [("failed",), ("failed",)]
    assert len(logged.take_every("Flow failed")) == 2


@pytest.mark.parametrize("after_submit", [False, True])
async def test_a_worker_that_is_told_to_stop(bench: MakeBench, records: Records, after_submit: bool) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    hang = Hang(after_submit=after_submit)
    script = Script(a=[hang, SENT])
    at_work = bench(script)
    run = at_work.runs("w-1").claim()
    assert run
    async with asyncio.TaskGroup() as group:
        flow = group.create_task(process_job(run, at_work.tools("w-1")))
        await hang.hit.wait()
        flow.cancel()
    at_work.runs("w-1").give_back(run)
    state = "submitting" if after_submit else "pending"
    assert outcomes(records, job)["a.localhost"] == (state, "submitting" if after_submit else "failed")
    assert await at_work.work("w-2"), "given back, so at once"
    assert script.pressed == ["a.localhost", "b.localhost"]
    assert records.events(job).count("a.localhost unknown") == after_submit


async def test_one_flow_at_a_time_for_a_job(bench: MakeBench, records: Records) -> None:
    job, other = records.job(["a.localhost"]), records.job(["b.localhost"])
    first, second, third = records.run_for(job), records.run_for(job), records.run_for(other)
    at_work = bench(Script())
    claimed = [at_work.runs(worker).claim() for worker in ("w-1", "w-2", "w-3")]
    assert [run.id if run else None for run in claimed] == [first, third, None]
    assert claimed[0]
    await process_job(claimed[0], at_work.tools("w-1"))
    again = at_work.runs("w-3").claim()
    assert again
    assert again.id == second


async def test_what_may_be_a_password_is_written_once_the_browser_saw_that_it_is_none(
    bench: MakeBench, records: Records
) -> None:
    def typed() -> list[Any]:
        [(plan,)] = records.ask("select payload -> 'plan' from job_results")
        return [step.get("value") for step in plan if step["action"] == "fill"]

    def deed() -> Outcome:
        before.extend(typed())
        return Outcome("submitted", ["ok"], False, 12, response_log={"plain_steps": [1, 4], "score": 9})

    before: list[Any] = []
    records.run_for(records.job(["a.localhost"]))
    script = Script(a=[deed])
    script.typed = {"#hours": "Open daily", "#field_7": "correct horse"}
    assert await bench(script).work()
    assert before == ["Blue Door Bakery", "•••", "•••"]
    assert typed() == ["Blue Door Bakery", "Open daily", "•••"]
    assert records.ask("select response_log from job_results") == [({"reasons": ["ok"], "score": 9},)]


async def test_a_worker_that_lost_its_lease_writes_no_end(bench: MakeBench, records: Records, logged: Logged) -> None:
    job = records.job(["a.localhost"])
    run_id = records.run_for(job)
    at_work = bench(Script())
    run = at_work.runs("w-1").claim()
    assert run
    records.ask("update flow_runs set lease_until = now() - interval '1 s'")
    taken = at_work.runs("w-2").claim()
    assert taken
    assert (taken.id, taken.attempt) == (run_id, 2)
    await process_job(run, at_work.tools("w-1"))
    assert at_work.script.pressed == []
    assert "job_finalized" not in records.events(job)
    assert records.ask("select worker_id, state from flow_runs") == [("w-2", "running")]
    logged.take("Another worker has this flow run")


async def test_leases_and_claims_are_renewed_unless_they_ran_out(bench: MakeBench, records: Records) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    at_work = bench(Script())
    run = at_work.runs("w-1").claim()
    assert run
    rows = at_work.tools("w-1").rows
    assert [rows.claim(run, "a.localhost", "k1", {}), rows.claim(run, "b.localhost", "k2", {})] == ["claimed"] * 2
    late = "select count(*)::int from job_results r join flow_runs f on r.claim_expires_at > f.lease_until"
    assert records.ask(late) == [(0,)], "a claim never outlives the lease of its run"
    records.ask("update job_results set claim_expires_at = now() - interval '1 s' where idempotency_key = 'k2'")
    at_work.runs("w-1", 300).renew([run.id])
    assert records.ask("select lease_until > now() + interval '200 s' from flow_runs") == [(True,)]
    renewed = "select claim_expires_at > now() + interval '200 s' from job_results order by idempotency_key"
    assert records.ask(renewed) == [(True,), (False,)]
    assert records.ask(late) == [(0,)]
