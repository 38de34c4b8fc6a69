"""The stack as a whole: it comes up alive, survives its parts' deaths, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.local_stack import RunningStack, alive, running_stack, wait_until

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


def test_nothing_is_left_and_everything_is_kept(stack: RunningStack) -> None:
    # The last test on this stack.
    jobs = stack.witness().query("select count(*) from jobs")
    stack.end()
    assert not [name for name, pid in stack.pids().items() if alive(pid)]
    second = RunningStack(stack.home)
    try:
        second.wait_until_ready()
        assert second.witness().query("select count(*) from jobs") == jobs
        assert second.env == stack.env
        second.process.kill()
        second.process.wait(5)
        wait_until(lambda: not [name for name, pid in second.pids().items() if alive(pid)], 15, "all parts ended")
    finally:
        second.end()
