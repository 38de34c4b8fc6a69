"""A role as a child: its signs of life, its log, its port, and nothing of it left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from services.local.role_process import RoleProcess, how_it_ended
from tests.leaks.logs import Logged
from tests.local_stack import alive

ENDS = "import sys; sys.exit(3)"
STAYS = "import sys; print('up', sys.argv[1:], file=sys.stderr, flush=True); print(flush=True); sys.stdin.read()"
DEAF = "import sys, time; print(flush=True); time.sleep(60)"
# As a browser does, one grandchild leads a session of its own.
LEAVES = """
import subprocess, sys
nap = [sys.executable, '-c', 'import time; time.sleep(60)']
children = [subprocess.Popen(nap, stdout=subprocess.DEVNULL, start_new_session=own) for own in (False, True)]
print(*(child.pid for child in children), file=sys.stderr, flush=True)
print(flush=True)
sys.stdin.read()
"""
SERVES = """
import http.server, sys, threading
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[-1])), http.server.BaseHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""


class World:
    """One child that runs `code` as the role brain."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = sys.executable
        self.code = STAYS
        self.log = folder / "logs" / "brain.log"
        self.child = self.made()
        monkeypatch.setattr("services.local.role_process.role_command", self._command)

    def made(self, arguments: Sequence[str] = ("--port", "7"), ports: Sequence[int] = ()) -> RoleProcess:
        self.child = RoleProcess("brain", arguments, dict(os.environ), self.log, ports)
        return self.child

    def _command(self, role: str, *arguments: str) -> list[str]:
        return [self.program, "-c", self.code, role, *arguments]

    def running(self) -> int | None:
        return self.child.pid

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self.child._process is not None
        return self.child._process


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    yield made
    made.child.kill()


def until(condition: Callable[[], object], limit: float = 30.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_it_is_ready_with_its_first_beat_and_ends_when_asked(world: World) -> None:
    world.child.begin()
    assert world.child.pid
    until(lambda: world.child.ready)
    assert world.child.signs >= 1
    assert world.child.follow() == ""
    world.child.ask_to_end()
    world.child.wait_for_end(30)
    assert world.running() is None
    assert world.log.read_text() == "up ['brain', '--end-with-parent', '--port', '7', '--beat']\n"
    assert world.log.stat().st_mode & 0o077 == 0


def test_one_with_ports_is_asked_on_each_of_them(world: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world.code = SERVES
    world.made([str(port)], [port]).begin()
    until(lambda: world.child.ready)
    world.process.send_signal(signal.SIGSTOP)
    until(lambda: not world.child.ready)
    assert world.child.why == f"no answer on port {port}"
    before = world.child.signs
    world.process.send_signal(signal.SIGCONT)
    until(lambda: world.child.signs > before)


def test_a_port_of_another_program_is_named(world: World) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} is taken by another program"):
            world.made([], [port]).begin()
    assert world.child.pid is None


def test_its_end_is_told_in_words(world: World) -> None:
    world.code = ENDS
    world.child.begin()
    until(lambda: world.child.follow() == "ended with exit code 3")
    assert world.child.pid is None
    assert world.child.follow() == ""
    assert how_it_ended(-signal.SIGKILL) == "was ended by SIGKILL"
    assert how_it_ended(-999) == "was ended by signal 999"


def test_one_that_does_not_listen_is_killed(world: World, logged: Logged) -> None:
    world.code = DEAF
    world.child.begin()
    until(lambda: world.child.ready)
    process = world.process
    world.child.ask_to_end()
    world.child.wait_for_end(0.05)
    assert process.returncode == -signal.SIGKILL
    logged.take("did not end in time")


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
@pytest.mark.parametrize("way", ["asked", "died", "killed"])
def test_nothing_that_it_started_outlives_it(world: World, way: str) -> None:
    world.code = LEAVES
    world.child.begin()
    until(lambda: world.child.ready)
    same_group, own_group = (int(word) for word in world.log.read_text().split())
    try:
        if way == "asked":
            world.child.ask_to_end()
            world.child.wait_for_end(30)
        elif way == "died":
            world.process.kill()
            until(world.child.follow)
        else:
            world.child.kill()
            until(lambda: not alive(own_group))
        until(lambda: not alive(same_group))
    finally:
        os.kill(own_group, signal.SIGKILL) if alive(own_group) else None


def test_a_log_that_grew_long_is_put_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.local.role_process._LOG_LIMIT", 10)
    world.log.parent.mkdir()
    world.log.write_text("from an earlier start")
    world.child.begin()
    until(lambda: world.log.read_text().startswith("up"))
    assert world.log.with_suffix(".old.log").read_text() == "from an earlier start"


def test_it_starts_without_a_log_where_none_can_be_written(world: World, logged: Logged) -> None:
    world.log.parent.write_text("a file in the way, as a full disk is")
    world.child.begin()
    until(lambda: world.child.ready)
    logged.take("runs without its log")


def test_a_program_that_is_not_there_is_said(world: World) -> None:
    world.program = "/no/such/program"
    with pytest.raises(OSError, match="/no/such/program"):
        world.child.begin()
    world.child.ask_to_end()
    world.child.wait_for_end(1)
