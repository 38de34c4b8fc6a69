"""Child processes: lines in order, ends that are told, and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from services.clients import stack_process, submission_process
from services.clients.child_process import NICE, ChildProcess
from services.clients.stack_process import PartState, StackProcess
from services.clients.submission_process import SubmissionProcess
from services.domain.errors import NotReachable
from services.domain.plans import Plan
from services.ports.wishes import RunRequest
from services.temporary import RunFolder
from tests.waiting import until

REQUEST = RunRequest(
    run_id="r1", job_id="j1", directory="a.example", submission_url="", plan=Plan(plan=[]), dry=True, artifacts=""
)


def python(body: str) -> list[str]:
    return [sys.executable, "-u", "-c", "import json, os, sys, time\n" + textwrap.dedent(body)]


async def events(runner: SubmissionProcess) -> list[dict[str, Any]]:
    return [event async for event in runner.run(REQUEST)]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/stat") as stat:
        return stat.read().split()[2] != "Z"
    return True


async def gone(pid: int) -> None:
    deadline = time.monotonic() + 30
    while alive(pid):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_events_pass_through_and_chatter_does_not() -> None:
    command = python("""
        request = json.loads(sys.stdin.readline())
        print("browser chatter")
        print(json.dumps({"kind": "started", "run_id": request["run_id"], "secret": os.environ.get("SECRET_OF_OURS")}))
        print(json.dumps({"kind": "ended", "status": "done", "ms": 5}))
    """)
    seen = asyncio.run(events(SubmissionProcess(command=command)))
    assert seen == [
        {"kind": "started", "run_id": "r1", "secret": None},
        {"kind": "ended", "status": "done", "ms": 5},
    ]


def test_no_secret_of_ours_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("SUPABASE_SERVICE_ROLE_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "PGPASSWORD", "SOME_API_KEY")
    for name in secrets:
        monkeypatch.setenv(name, "very secret")
    command = python("""
        print(json.dumps({"kind": "ended", "status": "done", "env": dict(os.environ)}))
    """)
    last = asyncio.run(events(SubmissionProcess({"BROWSER_PATH": "/x"}, command=command)))[-1]
    assert last["env"]["BROWSER_PATH"] == "/x"
    assert not set(secrets) & set(last["env"])


def test_a_crash_ends_with_its_last_words() -> None:
    command = python("""
        print(json.dumps({"kind": "started"}))
        sys.stderr.write("the browser fell over\\n")
        sys.exit(7)
    """)
    last = asyncio.run(events(SubmissionProcess(command=command)))[-1]
    assert (last["status"], last["error"]) == ("crashed", "the browser fell over")


def test_a_program_that_is_not_there_is_a_crash_too() -> None:
    assert asyncio.run(events(SubmissionProcess(command=["/no/such/program"])))[-1]["status"] == "crashed"


@pytest.mark.parametrize("deaf", [False, True])
def test_stop_ends_the_child_and_its_own_children(deaf: bool) -> None:
    command = python(f"""
        import subprocess
        sys.stdin.readline()
        child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        print(json.dumps({{"kind": "started", "pids": [os.getpid(), child.pid]}}))
        if not {deaf}:
            sys.stdin.read()
            child.kill()
            sys.exit(3)
        time.sleep(60)
    """)

    async def suite() -> None:
        runner = SubmissionProcess(command=command, grace=0.2)
        pids, last = [], {}
        async for event in runner.run(REQUEST):
            last = event
            if event["kind"] == "started":
                pids = event["pids"]
                runner.stop("r1")
        assert (last["kind"], last["status"]) == ("ended", "stopped")
        for pid in pids:
            await gone(pid)

    asyncio.run(suite())


def test_the_console_ends_while_a_run_that_was_called_off_has_its_grace_time(tmp_path: Path, monkeypatch: Any) -> None:
    """It asks its tasks to end first: by then nobody waits for the run, and nobody would kill a deaf one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    command = python("""
        sys.stdin.readline()
        print(json.dumps({"kind": "started", "pid": os.getpid()}))
        time.sleep(60)
    """)

    async def suite() -> None:
        runner, pids = SubmissionProcess(command=command, grace=1000), []

        async def follow() -> None:
            async for event in runner.run(REQUEST):
                pids.append(event["pid"])

        following = asyncio.ensure_future(follow())
        await until(lambda: pids)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        runner.close()
        assert not alive(pids[0])
        assert os.listdir(tmp_path) == []

    asyncio.run(suite())


def slow_folder(tmp_path: Path, monkeypatch: Any) -> tuple[threading.Event, threading.Event]:
    """A run's folder is made in `tmp_path`: the first event is set then, and the second lets it go on."""
    made, may_go_on = threading.Event(), threading.Event()

    class SlowFolder(RunFolder):
        def __init__(self) -> None:
            super().__init__()
            made.set()
            assert may_go_on.wait(30)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(submission_process, "RunFolder", SlowFolder)
    return made, may_go_on


def test_a_run_that_is_called_off_before_it_began_leaves_no_folder(tmp_path: Path, monkeypatch: Any) -> None:
    made, may_go_on = slow_folder(tmp_path, monkeypatch)

    async def suite() -> None:
        following = asyncio.ensure_future(events(SubmissionProcess(command=["/no/such/program"])))
        await until(made.is_set)
        following.cancel()
        await asyncio.sleep(0)
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await following
        assert os.listdir(tmp_path) == []

    asyncio.run(suite())


@pytest.mark.parametrize("how", ["killed", "console ends"])
def test_a_run_that_is_stopped_before_it_began_does_not_begin(how: str, tmp_path: Path, monkeypatch: Any) -> None:
    made, may_go_on = slow_folder(tmp_path, monkeypatch)

    async def suite() -> None:
        runner = SubmissionProcess(command=["/no/such/program"])
        following = asyncio.ensure_future(events(runner))
        await until(made.is_set)
        if how == "killed":
            runner.stop("r1")
        else:
            runner.close()
        may_go_on.set()
        assert await following == [{"kind": "ended", "status": "stopped", "ms": 0}]
        assert os.listdir(tmp_path) == []

    asyncio.run(suite())


@pytest.mark.parametrize("how", ["by itself", "killed", "console ends"])
def test_what_a_child_writes_while_it_lives_goes_with_it(how: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    forgotten = tmp_path / "directory-bolt-run-of-yesterday"
    forgotten.mkdir()
    os.utime(forgotten, (1000, 1000))
    command = python(f"""
        import tempfile
        sys.stdin.readline()
        folder = tempfile.mkdtemp()
        print(json.dumps({{"kind": "started", "folder": folder}}))
        if {how == "by itself"}:
            sys.exit(0)
        time.sleep(60)
    """)

    async def suite() -> None:
        runner = SubmissionProcess(command=command, grace=0.1)
        async for event in runner.run(REQUEST):
            if event["kind"] == "started":
                assert Path(event["folder"]).is_relative_to(tmp_path)
                if how == "killed":
                    runner.stop("r1")
                elif how == "console ends":
                    runner.close()
                    assert os.listdir(tmp_path) == []
        assert os.listdir(tmp_path) == []

    asyncio.run(suite())


def test_a_silent_child_is_taken_for_dead() -> None:
    command = python("time.sleep(60)")
    last = asyncio.run(events(SubmissionProcess(command=command, silence=0.2)))[-1]
    assert last["status"] == "crashed"


def test_the_stack_says_its_parts_and_gives_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "console.json"
    file.write_text('{"ENVIRONMENT": "local", "STAFF_PASSWORD": "secret"}')
    command = python(f"""
        print(json.dumps({{"event": "part", "name": "brain", "state": "up", "pid": 5, "why": ""}}))
        print("not json")
        print(json.dumps({{"event": "ready", "env": {{}}, "settings_file": {str(file)!r}}}))
        sys.stdin.read()
        print(json.dumps({{"event": "part", "name": "brain", "state": "ended"}}))
    """)

    async def suite() -> None:
        parts: list[PartState] = []
        stack = StackProcess(command=command)
        assert await stack.start(parts.append) == {"ENVIRONMENT": "local", "STAFF_PASSWORD": "secret"}
        assert parts == [PartState("brain", "up", 5, "")]
        await stack.stop()
        await stack.stop()
        assert parts[-1].state == "ended"

    asyncio.run(suite())


@pytest.mark.parametrize(("body", "limit"), [("sys.exit('no room')", 5.0), ("sys.stdin.read()", 0.2)])
def test_a_stack_that_does_not_come_up_says_why(body: str, limit: float) -> None:
    async def suite() -> None:
        stack = StackProcess(command=python(body))
        with pytest.raises(NotReachable) as caught:
            await asyncio.wait_for(stack.start(lambda part: None, limit=limit), 20)
        if limit == 5.0:
            assert "no room" in caught.value.raw

    asyncio.run(suite())


@pytest.mark.parametrize("content", [None, "{", "[1]"])
def test_settings_that_cannot_be_read_are_a_failed_start(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "console.json"
    if content is not None:
        file.write_text(content)
    command = python(f"""
        print(json.dumps({{"event": "ready", "env": {{}}, "settings_file": {str(file)!r}}}))
        sys.stdin.read()
    """)

    async def suite() -> None:
        stack = StackProcess(command=command)
        with pytest.raises(NotReachable, match="its settings can't be read"):
            await stack.start(lambda part: None)
        await stack.stop()

    asyncio.run(suite())


def test_a_stack_that_says_why_is_believed() -> None:
    command = python("""
        print(json.dumps({"event": "failed", "why": "The local stack of /x is already running."}))
        sys.exit(1)
    """)

    async def suite() -> None:
        stack = StackProcess(command=command)
        with pytest.raises(NotReachable, match="did not start: The local stack of /x is already running"):
            await stack.start(lambda part: None)
        await stack.stop()

    asyncio.run(suite())


def test_a_stack_has_ended_only_when_its_parts_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its supervisor is killed while one part is frozen and never sees it."""
    monkeypatch.setattr(stack_process, "_PARTS_END", 0.2)
    file = tmp_path / "console.json"
    file.write_text("{}")
    command = python(f"""
        import signal, subprocess
        part = subprocess.Popen(["sleep", "60"], start_new_session=True, stdout=subprocess.DEVNULL)
        part.send_signal(signal.SIGSTOP)
        print(json.dumps({{"event": "part", "name": "gone", "state": "up", "pid": part.pid}}))
        print(json.dumps({{"event": "part", "name": "gone", "state": "restarting", "pid": None}}))
        print(json.dumps({{"event": "part", "name": "worker", "state": "up", "pid": part.pid}}))
        print(json.dumps({{"event": "ready", "env": {{}}, "settings_file": {str(file)!r}}}))
        os.kill(os.getpid(), signal.SIGKILL)
    """)

    async def suite() -> None:
        parts: list[PartState] = []
        stack = StackProcess(command=command)
        assert not stack.has_ended
        await stack.start(parts.append)
        pid = parts[-1].pid
        assert pid is not None
        async with asyncio.timeout(20):
            await stack.ended()
        assert not alive(pid)
        assert stack.has_ended

    asyncio.run(suite())


def test_a_supervisor_that_falls_silent_is_told_of_and_killed_when_it_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_process, "_SILENT_SECONDS", 0.5)
    file = tmp_path / "console.json"
    file.write_text("{}")
    command = python(f"""
        import threading
        print(json.dumps({{"event": "part", "name": "itself", "state": "up", "pid": os.getpid()}}))
        print(json.dumps({{"event": "ready", "env": {{}}, "settings_file": {str(file)!r}}}))
        threading.Thread(target=sys.stdin.read, daemon=True).start()
        while True:
            print(flush=True)
            time.sleep(0.05)
    """)

    async def suite() -> None:
        parts: list[PartState] = []
        stack = StackProcess(command=command)
        await stack.start(parts.append)
        pid = parts.pop().pid
        assert pid is not None
        watching = asyncio.get_running_loop().create_task(stack.watch(parts.append))
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: parts)
        os.kill(pid, signal.SIGCONT)
        await until(lambda: len(parts) == 2)
        assert parts == [
            PartState("supervisor", "silent", None, "it said nothing for 0.5 s"), PartState("supervisor", "up"),
        ]  # fmt: skip
        monkeypatch.setattr(stack_process, "_KILL_SECONDS", 0.5)
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(20):
            await watching
            await stack.ended()

    asyncio.run(suite())


@pytest.mark.skipif(sys.platform == "win32", reason="priorities are numbers elsewhere")
def test_one_that_gives_way_runs_behind_the_window_with_all_that_it_starts() -> None:
    command = python("""
        sys.stdin.readline()
        grandchild = [sys.executable, "-c", "import os; print(os.getpriority(os.PRIO_PROCESS, 0), os.getsid(0))"]
        print(__import__("subprocess").run(grandchild, capture_output=True, text=True).stdout, flush=True)
    """)

    async def main() -> None:
        lines: list[str] = []
        ended = asyncio.Event()
        ChildProcess(command, os.environ, lines.append, lambda _: ended.set(), "go\n", gives_way=True)
        await asyncio.wait_for(ended.wait(), 30)
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert lines[0].split() == [str(min(own + NICE, 19)), str(os.getsid(0))]

    asyncio.run(main())
