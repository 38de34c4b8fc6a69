"""The local stack: PostgreSQL, the endpoints and the pipeline's roles as child processes (role `stack`)."""

from __future__ import annotations

import argparse
import json
import logging
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from services.lifetime import stop_event
from services.local.install import Install, load_install, save_endpoints_config
from services.local.lock import AlreadyRunning, FolderLock
from services.local.parts import Part, State
from services.local.postgres import Postgres, PostgresFailed, home_for
from services.local.seed import SqsAccess, seed
from services.log import keep_out, log_to_stderr
from services.settings import child_environment, read_settings

log = logging.getLogger(__name__)

# Shortened for one machine with practice directories; the defaults of services.settings are production's.
LOCAL_PACE: Final = {
    "SQS_WAIT_TIME_SECONDS": "5",
    "SQS_VISIBILITY_TIMEOUT": "60",
    "HEARTBEAT_SECONDS": "5",
    "FLOW_LEASE_SECONDS": "20",
    "GOTO_TIMEOUT_SECONDS": "15",
    "STEP_TIMEOUT_SECONDS": "5",
    "TASK_TIMEOUT_SECONDS": "60",
    "TASK_RETRIES": "1",
    "RETRY_BASE_SECONDS": "1",
    "RELAY_POLL_SECONDS": "0.2",
    "WORKER_POLL_SECONDS": "0.2",
    "WORKER_FLOWS": "2",
}
READY_LIMIT: Final = 60.0


class Stack:
    """Everything that runs on this machine, in the order in which it must start and end."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "local"
        self._parts: list[Part] = []
        self._postgres: Postgres | None = None
        self.install: Install | None = None

    def start(self, stop: threading.Event) -> dict[str, str]:
        """Start all parts; returns the settings of a console. Raises PostgresFailed or TimeoutError."""
        install = self.install = load_install(self._folder)
        keep_out(*install.secret_values)
        self._postgres = Postgres(
            home_for(self._data_dir, install.id), port=install.ports.postgres, password=install.postgres_password
        )
        say_part("postgres", "starting", None, "")
        self._postgres.start()
        say_part("postgres", "up", self._postgres.pid, "")
        config = save_endpoints_config(
            install,
            self._folder,
            database_url=self._postgres.url,
            authenticator_url=self._postgres.authenticator_url,
        )
        ports = install.ports
        self._add("endpoints", ["--config", str(config)], ports.gateway, ports.queue, ports.practice)
        self._wait_until_up(stop)
        report = seed(
            self._postgres.url,
            ports.practice,
            SqsAccess(install.queue_origin, install.aws_access_key_id, install.aws_secret_access_key, "us-east-2"),
            install.practice_url,
            install.staff_password,
        )
        log.info("Seeded", extra={"report": str(report)})
        self._add("brain", [], ports.brain)
        self._wait_until_up(stop)
        for name in ("intake", "subscriber", "worker"):
            self._add(name, [])
        self._wait_until_up(stop)
        return install.console_environment(self._data_dir)

    def tick(self) -> None:
        """Look after every part once; starts what has ended by itself."""
        if self._postgres is not None and self._postgres.exited() is not None:
            say_part("postgres", "restarting", None, f"ended with exit code {self._postgres.exited()}")
            try:
                self._postgres.start()
                say_part("postgres", "up", self._postgres.pid, "")
            except PostgresFailed as error:
                say_part("postgres", "down", None, str(error))
        for part in self._parts:
            part.tick()

    def end(self) -> None:
        """End the parts in reverse order, PostgreSQL last. Safe after a start that failed half way."""
        for part in self._parts:
            if part.name != "endpoints":
                part.ask_to_end()
        for part in reversed(self._parts):
            part.ask_to_end()
            part.wait_for_end(5.0)
        if self._postgres is not None:
            self._postgres.stop()
            say_part("postgres", "ended", None, "")

    def _add(self, name: str, arguments: list[str], *ports: int) -> None:
        part = Part(
            name,
            arguments,
            self._environment(),
            self._folder / "logs" / f"{name}.log",
            say_part,
            is_up=lambda: all(_listens(port) for port in ports),
        )
        self._parts.append(part)
        part.start()

    def _environment(self) -> dict[str, str]:
        assert self.install is not None
        assert self._postgres is not None
        return child_environment(
            {
                **LOCAL_PACE,
                **self.install.console_environment(self._data_dir),
                "DATABASE_URL": self._postgres.url,
                "PORT": str(self.install.ports.brain),
                "PYTHONUNBUFFERED": "1",
            }
        )

    def _wait_until_up(self, stop: threading.Event) -> None:
        deadline = time.monotonic() + READY_LIMIT
        while any(part.state != "up" for part in self._parts):
            self.tick()
            if time.monotonic() > deadline or stop.wait(0.1):
                waiting = ", ".join(part.name for part in self._parts if part.state != "up")
                raise TimeoutError(f"not up: {waiting}; see {self._folder / 'logs'}")


def run(argv: list[str]) -> int:
    """Run the stack until told to stop. Exit codes: 0 ended as asked, 1 could not start."""
    parser = argparse.ArgumentParser(
        prog="main.py stack",
        description="Runs the whole local stack in the foreground: PostgreSQL, gateway, queue, practice directories, "
        "Brain, intake, subscriber and worker. Ctrl+C ends all of it; data stays for the next start.",
    )
    parser.add_argument("--end-with-parent", action="store_true", help="stop when standard input ends")
    parser.add_argument("--data", type=Path, help="data folder (default: DIRECTORY_BOLT_HOME or the user's own)")
    args = parser.parse_args(argv)
    settings = read_settings()
    log_to_stderr("stack", settings.log_level)
    data_dir = (args.data or settings.data_path).resolve()
    stop = stop_event(end_with_parent=args.end_with_parent)
    lock = FolderLock(data_dir / "local" / "stack.lock", f"The local stack of {data_dir} is already running.")
    try:
        lock.take()
    except AlreadyRunning as error:
        say({"event": "failed", "why": str(error)})
        return 1
    stack = Stack(data_dir)
    try:
        environment = stack.start(stop)
        say({"event": "ready", "env": environment})
        while not stop.wait(0.2):
            stack.tick()
        return 0
    except (PostgresFailed, TimeoutError, ValueError, OSError) as error:
        if stop.is_set():
            return 0
        say({"event": "failed", "why": str(error)})
        return 1
    finally:
        stack.end()
        lock.release()
        say({"event": "ended"})


def say_part(name: str, state: State, pid: int | None, why: str) -> None:
    """Tell whoever started the stack about one part."""
    say({"event": "part", "name": name, "state": state, "pid": pid, "why": why})


def say(event: dict[str, Any]) -> None:
    """One event on standard output: a JSON line for a program, words for a person at a terminal."""
    line = _in_words(event) if sys.stdout.isatty() else json.dumps(event)
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        # The reader is gone; ending all parts matters more than telling it.
        log.debug("nobody reads our events")


def _in_words(event: dict[str, Any]) -> str:
    if event["event"] == "part":
        pid = f" (process {event['pid']})" if event["pid"] else ""
        why = f": {event['why']}" if event["why"] else ""
        return f"{event['name']:<11} {event['state']}{pid}{why}"
    if event["event"] == "ready":
        shown = {
            k: v for k, v in event["env"].items() if "SECRET" not in k and "PASSWORD" not in k and "TOKEN" not in k
        }
        logs = f"Logs: {event['env']['DIRECTORY_BOLT_HOME']}/local/logs"
        return "\n".join(["The stack is up.", *(f"  {key}={value}" for key, value in shown.items()), logs])
    return str(event.get("why") or "Everything has ended.")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
