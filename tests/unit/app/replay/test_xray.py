"""The X-ray: what a replay or a retry would do with each directory, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from app.replay.xray import FATES, XRay, replay_xray, xray
from app.store.lines import DirectoryLine, JobLine
from services.domain.keys import idempotency_key, older_idempotency_key
from services.domain.result import Result

JOB = JobLine("j1", business="Old Mill Pizza", status="failed")


def line(host: str, outcome: str, *, key: str | None = None, payload: dict[str, Any] | None = None) -> DirectoryLine:
    result = None
    if key is not None:
        row = {"id": "r", "job_id": "j1", "directory_name": host, "idempotency_key": key, "payload": payload}
        result = Result.from_row(row)
    return DirectoryLine("j1", host, outcome=outcome, result=result)


def key_of(host: str, business: str = "Old Mill Pizza") -> str:
    return idempotency_key("j1", host, {"name": business, "dir": host})


def looked(lines: Sequence[DirectoryLine], retry: Sequence[str] = (), job: JobLine | None = JOB) -> XRay:
    return xray("j1", job, lines, retry=retry)


def test_ten_directories_of_every_kind() -> None:
    lines = [line(f"live{n}", "submitted", key=key_of(f"live{n}")) for n in range(6)]
    lines += [line(f"failed{n}", "failed", key=key_of(f"failed{n}")) for n in range(2)]
    lines += [line("doubtful", "unknown", key=key_of("doubtful"))]
    lines += [line("renamed", "failed", key=key_of("renamed", "Old Mill"))]
    found = looked(lines, retry=["failed0", "failed1", "renamed"])
    assert [found.count(fate) for fate in FATES] == [2, 6, 1, 0, 1]
    assert found.hosts("submit") == ["failed0", "failed1"]
    assert found.hosts("blocked") == ["renamed"]
    assert "another name" in next(one.why for one in found.directories if one.host == "renamed")
    assert found.stops == ""


def test_a_replay_takes_what_waits_and_nothing_that_failed() -> None:
    found = looked([line("a", "waiting"), line("b", "failed"), line("c", "running"), line("d", "skipped")])
    assert [(one.host, one.fate) for one in found.directories] == [
        ("a", "submit"), ("b", "blocked"), ("c", "in_flight"), ("d", "blocked"),
    ]  # fmt: skip
    assert all(one.why for one in found.directories if one.fate == "blocked")


def test_both_formulas_of_the_key_are_known() -> None:
    business = {"business_name": "Old Mill Pizza", "city": "Fernhill"}
    older = older_idempotency_key("j1", "a", business)
    assert looked([line("a", "waiting", key=older, payload={"business": business})]).hosts("submit") == ["a"]
    assert looked([line("a", "waiting", key=older, payload={"business": "text"})]).hosts("blocked") == ["a"]
    assert looked([line("a", "waiting", key="")]).hosts("submit") == ["a"]


@pytest.mark.parametrize(
    ("status", "outcome", "stops"),
    [
        ("cancelled", "waiting", "cancelled"),
        ("paused", "waiting", "paused"),
        ("completed", "submitted", "Already done"),
        ("failed", "failed", "Already done"),
        ("completed", "waiting", ""),
        ("pending", "waiting", ""),
    ],
)
def test_a_job_that_would_not_run(status: str, outcome: str, stops: str) -> None:
    found = looked([line("a", outcome)], job=JobLine("j1", status=status))
    assert stops in found.stops
    assert bool(found.stops) == bool(stops)
    replayed = replay_xray("j1", JobLine("j1", status=status), [line("a", outcome)])
    fate = {"waiting": "blocked" if stops else "submit", "submitted": "live", "failed": "blocked"}[outcome]
    assert [(one.fate, stops in one.why) for one in replayed.directories] == [(fate, outcome == "waiting" or not stops)]
    assert replayed.stops == found.stops


def test_a_job_that_nobody_knows() -> None:
    found = looked([], job=None)
    assert found.stops == "This job is not in the database."
    assert found.directories == ()


def test_a_job_without_a_work_list_is_not_called_done() -> None:
    assert looked([], job=JobLine("j1", status="pending")).stops == ""
