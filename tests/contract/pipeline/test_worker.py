"""The worker's loop: signs of life, taking over from a killed worker, a quick end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.pipeline.database import Pool
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import Bench, Hang, Script, Shift, wait_for

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def bench(pool: Pool, settings_for: Callable[..., Settings]) -> Callable[[Script, int], Bench]:
    return lambda script, flows: Bench(pool, settings_for(worker_flows=flows), script)


def test_beats_when_idle_and_when_running_and_signs_off(bench: Callable[..., Bench], records: Records) -> None:
    def life() -> list[tuple[object, ...]]:
        return records.ask("select status, current_job_id::text from worker_heartbeats where worker_id = 'w-1'")

    hang = Hang(after_submit=False)
    with Shift(bench(Script(a=[hang]), 1), "w-1"):
        wait_for(lambda: life() == [("idle", None)], "an idle heartbeat")
        job = records.job(["a.localhost"])
        run_id = records.run_for(job)
        wait_for(lambda: life() == [("running", job)], "a running heartbeat")
        [(first,)] = records.ask("select last_heartbeat from worker_heartbeats")
        wait_for(
            lambda: records.ask("select 1 from worker_heartbeats where last_heartbeat > %s", first), "another beat"
        )
        wait_for(lambda: records.events(job)[-1:] == ["a.localhost submitting"], "the browser")
    assert life() == []
    assert records.ask("select state, worker_id from flow_runs where id = %s", run_id) == [("scheduled", None)]
    assert records.ask("select status from directory_submissions") == [("pending",)]


def test_several_flows_at_a_time(bench: Callable[..., Bench], records: Records) -> None:
    jobs = [records.job([f"{name}.localhost"], name=name) for name in ("a", "b", "c")]
    for job in jobs:
        records.run_for(job)
    script = Script(a=[Hang(after_submit=False)], b=[Hang(after_submit=False)], c=[Hang(after_submit=False)])
    with Shift(bench(script, 2), "w-1"):
        wait_for(lambda: len(script.runs) == 2, "two browsers")
        wait_for(
            lambda: records.ask("select 1 from worker_heartbeats where jsonb_array_length(metadata -> 'flows') = 2"),
            "both in the heartbeat",
        )
        assert records.ask("select count(*)::int from flow_runs where state = 'running'") == [(2,)]
    assert sorted(script.runs) == ["a.localhost", "b.localhost"]


def test_what_staff_asked_for_goes_first(bench: Callable[..., Bench], records: Records) -> None:
    first, asked = records.job(["a.localhost"], name="a"), records.job(["b.localhost"], name="b")
    records.run_for(first)
    run = records.run_for(asked)
    records.ask(
        'update flow_runs set parameters = parameters || \'{"source": "staff_retry"}\' where id = %s returning 1', run
    )
    runs = bench(Script(), 1).runs("w-1")
    taken = runs.claim()
    assert taken is not None
    assert taken.job_id == asked
    following = runs.claim()
    assert following is not None
    assert following.job_id == first


def test_a_killed_worker_leaves_one_unknown_and_the_rest_is_done_once(
    bench: Callable[..., Bench], records: Records, database_url: str, tmp_path: Path
) -> None:
    job = records.job(["a.localhost", "b.localhost", "c.localhost"])
    run_id = records.run_for(job)
    command = [sys.executable, "-m", "tests.contract.pipeline.killable_worker", database_url, str(tmp_path), "1.5", "b"]
    killed = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert killed.stdout
        assert killed.stdout.readline() == "b.localhost\n"
    finally:
        killed.kill()
        killed.communicate()
    script = Script()
    with Shift(bench(script, 1), "heir"):
        wait_for(lambda: records.ask("select 1 from jobs where status = 'completed'"), "the heir's end")
    assert script.pressed == ["c.localhost"]
    assert records.events(job) == [
        "flow_started", "job_started",
        "a.localhost submitting", "a.localhost submitted", "a.localhost submission_complete", "b.localhost submitting",
        "flow_started", "job_started", "b.localhost unknown",
        "c.localhost submitting", "c.localhost submitted", "c.localhost submission_complete",
        "job_finalized", "flow_completed",
    ]  # fmt: skip
    rows = records.ask("select directory_name, status from job_results order by 1")
    assert rows == [("a.localhost", "submitted"), ("b.localhost", "submitting"), ("c.localhost", "submitted")]
    assert records.ask("select state, worker_id, attempt from flow_runs where id = %s", run_id) == [
        ("completed", "heir", 2)
    ]
    [(reasons,)] = records.ask("select response_log -> 'reasons' from job_results where directory_name = 'b.localhost'")
    assert "may have pressed submit" in reasons[0]
