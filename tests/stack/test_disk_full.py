"""The stack on disks that fill up: it says so in words, goes on when there is space, and has lost nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from services.local.install import load_install
from services.local.postgres import home_for
from tests.local_stack import RunningStack, remove_postgres, running_stack, wait_until

_CAP_SYS_ADMIN = 21


def may_mount() -> bool:
    """Whether this process is a root that may mount file systems, which the root of most containers isn't."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> _CAP_SYS_ADMIN & 1)


pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not may_mount(), reason="a small disk can be mounted by root alone"),
]


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    ballast = folder / "ballast"
    with open(ballast, "wb", buffering=0) as out, contextlib.suppress(OSError):
        while True:
            out.write(bytes(65536))
    try:
        yield
    finally:
        ballast.unlink()


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A data folder and a server's folder, each on a disk of its own."""
    data = tmp_path_factory.mktemp("disk") / "data"
    with small_disk(data, 80):
        server = home_for(data, load_install(data / "local").id)
        try:
            with small_disk(server, 200):
                yield data, server
        finally:
            server.rmdir()


def execute(stack: RunningStack, statement: str, *values: object) -> None:
    with psycopg.connect(stack.witness().database_url, connect_timeout=5) as connection:
        connection.execute(statement.encode(), values)


@pytest.fixture(scope="module")
def stack(disks: tuple[Path, Path]) -> Iterator[RunningStack]:
    with running_stack(disks[0], "--only", "postgres,gateway") as running:
        execute(running, "create table kept (number int primary key)")
        yield running


def writes(stack: RunningStack, number: int) -> bool:
    try:
        execute(stack, "insert into kept values (%s)", number)
    except psycopg.OperationalError:
        return False
    return True


def test_a_full_disk_of_the_database_is_said_and_survived(stack: RunningStack, disks: tuple[Path, Path]) -> None:
    server, since = disks[1], len(stack.events)
    assert writes(stack, 1)
    with filled(server):
        said = stack.wait_for(lambda event: event.get("name") == "disk", since=since)
        assert (said["state"], said["pid"]) == ("down", None)
        assert said["why"].startswith(f"The disk of {server} is full.")
        with pytest.raises(psycopg.OperationalError):
            execute(stack, "create table big as select repeat('x', 1000) from generate_series(1, 100000)")
        # A server that starts on a full disk can't even write that it runs.
        os.kill(stack.pids()["postgres"], signal.SIGKILL)
        stack.wait_for(
            lambda event: event.get("name") == "postgres" and os.strerror(errno.ENOSPC) in event["why"], since=since
        )
        assert stack.process.poll() is None
    stack.wait_until_up()
    assert stack.states()["disk"] == "up"
    assert writes(stack, 2)
    assert stack.witness().query("select number from kept order by 1") == [(1,), (2,)]


def test_a_full_data_folder_stops_no_part(stack: RunningStack, disks: tuple[Path, Path]) -> None:
    since = len(stack.events)
    with filled(disks[0]):
        said = stack.wait_for(lambda event: event.get("name") == "disk", since=since)
        assert said["why"].startswith(f"The disk of {disks[0]} is full.")
        before = stack.pids()["endpoints"]
        os.kill(before, signal.SIGKILL)
        stack.wait_for(
            lambda event: event.get("name") == "endpoints" and event["state"] == "up" and event["pid"] != before,
            since=since,
        )
        key = stack.env["SUPABASE_ANON_KEY"]
        health = httpx.get(f"{stack.env['SUPABASE_URL']}/auth/v1/health", headers={"apikey": key}, trust_env=False)
        assert health.status_code == 200
    wait_until(lambda: stack.states()["disk"] == "up", 30, "space again")


def test_a_start_that_cannot_write_says_so_and_ends(stack: RunningStack, disks: tuple[Path, Path]) -> None:
    # The last test on these disks.
    stack.end()
    with filled(disks[0]):
        late = RunningStack(disks[0], "--only", "postgres", "--staff-password", "changed-now")
        try:
            failed = late.wait_for(lambda event: event["event"] in ("failed", "ready"))
            where = disks[0] / "local" / "stack.json"
            assert failed["why"] == f"{where} can't be written or read: {os.strerror(errno.ENOSPC)}"
            assert late.process.wait(30) == 1
        finally:
            late.end()
    remove_postgres(disks[0])
