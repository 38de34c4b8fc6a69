"""The stack as a whole: it comes up alive, mends itself whatever is done to its parts, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.letters import replay_all
from tests.local_stack import ROOT, RunningStack, leave_few, processes_of, running_stack, wait_until
from tests.soak.faults import PARTS, Assault, attack

pytestmark = [pytest.mark.stack, pytest.mark.browser]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        leave_few(running.witness())
        yield running


def test_the_pipeline_really_submits(stack: RunningStack) -> None:
    witness = stack.witness()
    wait_until(lambda: witness.query("select 1 from jobs where status = 'completed' limit 1"), 90, "a completed job")
    rows = witness.query("select directory_name, job_id from job_results where status = 'submitted' limit 1")
    host = rows[0][0]
    posts = [line for line in witness.practice_log(host) if line["method"] == "POST"]
    assert posts, "submitted without a POST that the directory saw"
    [(form,)] = witness.query("select form from form_fingerprints where id = %s", host)
    assert form["whole"], "the form of a directory that was submitted is known"


def test_dead_letters_are_there_from_the_start(stack: RunningStack) -> None:
    assert stack.witness().queue_count("DirectoryBolt-dlq") == 4


def test_a_terminal_sees_what_a_replay_would_do_with_each_job(stack: RunningStack) -> None:
    def dlq(*words: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), "dlq", *words, "--json"],
            env={**os.environ, **stack.env}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    plan = dlq("replay", "--all")
    assert len(plan["plan"]) + len(plan["not"]) == 4
    assert len(plan["jobs"]) == len(plan["plan"])
    assert all(job["submit"] > 0 and not job["stops"] for job in plan["jobs"].values())
    assert dlq("resume") == {"resumed": 0, "settled": []}
    assert stack.witness().queue_count("DirectoryBolt-dlq") == 4


def test_a_practice_directory_does_as_it_is_switched(stack: RunningStack) -> None:
    def modes() -> dict[str, str]:
        with urllib.request.urlopen(f"{stack.env['PRACTICE_URL']}/_sites", timeout=10) as answer:
            return {site["host"]: site["mode"] for site in json.load(answer)}

    before = modes()
    host = next(iter(before))
    stack.witness().switch(host, "fail")
    assert modes() == {**before, host: "fail"}
    stack.witness().switch(host, before[host])
    assert modes() == before


def test_letters_replayed_through_the_page_submit_each_directory_once(stack: RunningStack, tmp_path: Path) -> None:
    # `main.py soak letters` does the same with a hundred.
    figures = replay_all(stack, 5, 6, tmp_path)
    assert (figures["sent"], figures["archived"], figures["submitted"]) == (3, 1, 8)


def test_all_parts_killed_at_once_come_back_with_everything(stack: RunningStack) -> None:
    witness, before = stack.witness(), stack.pids()
    jobs = witness.query("select count(*) from jobs")
    for name in PARTS:
        os.kill(before[name], signal.SIGKILL)
    wait_until(lambda: not any(stack.pids()[name] == before[name] for name in PARTS), 60, "new processes")
    stack.wait_until_up()
    assert witness.query("select count(*) from jobs") == jobs


def test_a_database_killed_while_it_recovers_has_lost_nothing(stack: RunningStack) -> None:
    witness = stack.witness()
    jobs = witness.query("select count(*) from jobs")
    assault = Assault(stack, random.Random(0))
    assault.kill_postgres_twice()
    killed = stack.pids()["postgres"]
    wait_until(lambda: stack.pids()["postgres"] != killed, 60, "a third server")
    stack.wait_until_up()
    # With one session killed it ends all of them and recovers by itself.
    assault.kill_session()
    assault.cut_off()
    wait_until(lambda: answers(stack), 30, "new sessions")
    assert witness.query("select count(*) from jobs") == jobs


def test_a_port_that_another_program_takes_meanwhile_is_named_and_waited_for(stack: RunningStack) -> None:
    port, since = int(stack.env["CREWAI_URL"].rsplit(":", 1)[1]), len(stack.events)
    with socket.socket() as other:
        # The supervisor lets a part that ends rest for a moment; whoever is quick may have its port.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        os.kill(stack.pids()["brain"], signal.SIGKILL)
        wait_until(lambda: takes(other, port), 30, "the port")
        taken = stack.wait_for(
            lambda event: event.get("name") == "brain" and f"port {port} is taken by another" in event["why"],
            since=since,
        )
        assert (taken["state"], taken["pid"]) == ("restarting", None)
    stack.wait_until_up()


def test_parts_killed_frozen_and_cut_off_lose_nothing(stack: RunningStack) -> None:
    figures = attack(stack, 20.0, seed=3)
    assert figures["submitted"]


def test_nothing_is_left_and_everything_is_kept(stack: RunningStack) -> None:
    # The last test on this stack.
    jobs = stack.witness().query("select count(*) from jobs")
    stack.end()
    assert not processes_of(stack.home)
    second = RunningStack(stack.home, "--only", "postgres,gateway")
    try:
        second.wait_until_ready()
        assert second.witness().query("select count(*) from jobs") == jobs
        assert second.env.items() <= stack.env.items()
    finally:
        second.end()
    assert not processes_of(stack.home)


def answers(stack: RunningStack) -> bool:
    try:
        return bool(stack.witness().query("select 1"))
    except psycopg.OperationalError:
        return False


def takes(other: socket.socket, port: int) -> bool:
    try:
        other.bind(("127.0.0.1", port))
        other.listen()
    except OSError:
        return False
    return True
