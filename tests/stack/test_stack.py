"""The stack as a whole: it comes up alive, survives its parts' deaths, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local_stack import RunningStack, alive, remove_postgres, running_stack, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.browser]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


def test_the_pipeline_really_submits(stack: RunningStack) -> None:
    witness = stack.witness()
    wait_until(lambda: witness.query("select 1 from jobs where status = 'completed' limit 1"), 90, "a completed job")
    rows = witness.query("select directory_name, job_id from job_results where status = 'submitted' limit 1")
    host = rows[0][0]
    posts = [line for line in witness.practice_log(host) if line["method"] == "POST"]
    assert posts, "submitted without a POST that the directory saw"


def test_dead_letters_are_there_from_the_start(stack: RunningStack) -> None:
    assert stack.witness().queue_count("DirectoryBolt-dlq") == 4


@pytest.mark.parametrize("name", ["worker", "endpoints", "brain"])
def test_a_killed_part_comes_back(stack: RunningStack, name: str) -> None:
    before = stack.pids()[name]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: stack.pids()[name] != before, 20, f"a new {name}")
    seen = stack.pids()[name]
    stack.wait_for(
        lambda event: event.get("name") == name and event.get("state") == "up" and event.get("pid") == seen, 30
    )


def test_killed_postgres_comes_back_with_everything(stack: RunningStack) -> None:
    witness = stack.witness()
    jobs = witness.query("select count(*) from jobs")
    before = stack.pids()["postgres"]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: stack.pids()["postgres"] != before, 30, "a new postgres")
    assert witness.query("select count(*) from jobs") == jobs


def test_nothing_is_left_and_everything_is_kept(tmp_path: Path) -> None:
    first = RunningStack(tmp_path)
    try:
        first.wait_until_ready()
        jobs = first.witness().query("select count(*) from jobs")
        first.end()
        assert not [name for name, pid in first.pids().items() if alive(pid)]
        second = RunningStack(tmp_path)
        try:
            second.wait_until_ready()
            assert second.witness().query("select count(*) from jobs") == jobs
            assert second.env == first.env
        finally:
            second.end()
    finally:
        remove_postgres(tmp_path)


def test_a_killed_supervisor_takes_everything_along(tmp_path: Path) -> None:
    stack = RunningStack(tmp_path)
    try:
        stack.wait_until_ready()
        stack.process.kill()
        stack.process.wait(5)
        wait_until(lambda: not [name for name, pid in stack.pids().items() if alive(pid)], 15, "all parts ended")
    finally:
        stack.end()
        remove_postgres(tmp_path)
