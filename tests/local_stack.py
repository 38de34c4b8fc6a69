"""The real local stack as a child process, for tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from services.local.install import Install
from services.local.postgres import home_for
from services.local.witness import Witness

ROOT = Path(__file__).resolve().parents[1]


def unmeasured(**more: str) -> dict[str, str]:
    """Our environment with `more`, less coverage: what a whole program reaches others reach too, for less."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")} | more


class RunningStack:
    """`main.py stack` with a data folder of its own. `env` holds a console's settings."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.events: list[dict[str, Any]] = []
        self.env: dict[str, str] = {}
        self._changed = threading.Condition()
        self._errors = open(home / "stack.err", "ab")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "main.py"), "stack", "--end-with-parent", "--data", str(home), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "DIRECTORY_BOLT_HOME": str(home)},
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()

    def wait_for(
        self, found: Callable[[dict[str, Any]], bool], limit: float = 120.0, *, since: int = 0
    ) -> dict[str, Any]:
        """The first event, past ones from number `since` on included, for which `found` is true."""
        deadline = time.monotonic() + limit
        seen = since
        with self._changed:
            while True:
                for event in self.events[seen:]:
                    if found(event):
                        return event
                seen = len(self.events)
                left = deadline - time.monotonic()
                assert left > 0, f"not seen; events: {self.events[since:]}; {self._errors_end()}"
                self._changed.wait(min(left, 0.5))

    def wait_until_ready(self) -> None:
        ready = self.wait_for(lambda event: event["event"] in ("ready", "failed"))
        assert ready["event"] == "ready", f"{ready}; {self._errors_end()}"
        self.env = json.loads(Path(ready["settings_file"]).read_bytes())

    def wait_until_up(self, limit: float = 60.0) -> None:
        """Wait until the last word of every part is that it is up."""
        wait_until(lambda: set(self.states().values()) == {"up"}, limit, f"all up: {self.states()}")

    def states(self) -> dict[str, str]:
        """The newest state of each part."""
        return {event["name"]: event["state"] for event in list(self.events) if event["event"] == "part"}

    def witness(self) -> Witness:
        return Witness(self.home)

    def pids(self) -> dict[str, int]:
        """The newest process id of each part."""
        return {event["name"]: event["pid"] for event in list(self.events) if event.get("pid")}

    def _errors_end(self) -> str:
        return (self.home / "stack.err").read_text()[-2000:]

    def end(self) -> None:
        """Close its standard input, as a console that goes away does, and wait. Safe to call twice."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._reader.join(5)
            self._errors.close()
            if self.process.stdout is not None:
                self.process.stdout.close()


def leave_few(witness: Witness, jobs: int = 6) -> None:
    """Cancel all but the most urgent `jobs` of a fresh stack, whose browsers keep two processors busy for minutes.

    Those of dead letters stay.
    """
    with psycopg.connect(witness.database_url) as database:
        database.execute(
            """
            update jobs set status = 'cancelled' where id in (
              select j.id from jobs j
               where j.status = 'pending'
                 and not exists (select from sqs.messages m
                                  where m.queue = 'DirectoryBolt-dlq' and m.body like '%%' || j.id || '%%')
               order by j.priority_level, j.created_at offset %s)
            """,
            (jobs,),
        )


def wait_until(condition: Callable[[], Any], limit: float = 60.0, what: str = "") -> Any:
    """The first true answer of `condition`, asked ten times a second."""
    deadline = time.monotonic() + limit
    pause = threading.Event()
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {limit:g} s: {what or condition}"
        pause.wait(0.1)


def parent_of(pid: int) -> int | None:
    """The parent of a process, None when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def alive(pid: int) -> bool:
    """Whether a process still runs (a zombie doesn't)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def processes_of(home: Path) -> list[str]:
    """Command lines of processes that belong to the stack in `home` and still run."""
    file = home / "local" / "stack.json"
    install = msgspec.json.decode(file.read_bytes(), type=Install)
    marks = [str(home).encode(), str(home_for(home, install.id)).encode()]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        pid = int(process.name)
        if pid != os.getpid() and alive(pid) and any(mark in words + environment for mark in marks):
            found.append(f"{pid}: {words.replace(bytes(1), b' ').decode(errors='replace')}")
    return found


def remove_postgres(home: Path) -> None:
    """Delete the PostgreSQL files of the stack in `home`, which as root lie elsewhere."""
    file = home / "local" / "stack.json"
    if file.exists():
        install = msgspec.json.decode(file.read_bytes(), type=Install)
        shutil.rmtree(home_for(home, install.id), ignore_errors=True)


@contextmanager
def running_stack(home: Path, *options: str) -> Iterator[RunningStack]:
    """A stack that is up; ended afterwards, its PostgreSQL files outside `home` removed."""
    stack = RunningStack(home, *options)
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        stack.end()
        remove_postgres(home)
