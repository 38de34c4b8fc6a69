"""The local stack: PostgreSQL, the endpoints and the pipeline's roles as child processes (role `stack`)."""

from __future__ import annotations

import logging
import socket
import threading
import time
from pathlib import Path
from typing import Final

from services.lifetime import stop_event
from services.local.events import say, say_part
from services.local.install import Install, load_install, save_endpoints_config, save_private
from services.local.lock import AlreadyRunning, FolderLock
from services.local.options import Options, build_parser, parse_options
from services.local.parts import Part
from services.local.ports import PortTaken
from services.local.postgres import Postgres, PostgresFailed, home_for
from services.local.postgres_files import record_owner, remove_orphans
from services.local.schema import SqlFileFailed
from services.local.seed import SqsAccess, seed_practice, seed_staff
from services.local.settings_of_parts import console_settings, part_settings, without_secrets
from services.log import keep_out, log_to_stderr
from services.settings import SettingsError, child_environment, read_settings

log = logging.getLogger(__name__)

READY_LIMIT: Final = 60.0
_ENDPOINTS: Final = ("gateway", "queue", "practice")


class Stack:
    """Everything that runs on this machine, in the order in which it must start and end."""

    def __init__(self, data_dir: Path, options: Options) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "local"
        self._options = options
        self._parts: list[Part] = []
        self._postgres: Postgres | None = None
        self._install: Install | None = None

    def start(self, stop: threading.Event) -> dict[str, str]:
        """Start all parts; returns the settings of a console.

        Raises PortTaken, PostgresFailed, SqlFileFailed, ValueError, OSError or TimeoutError.
        """
        install = self._install = load_install(self._folder, self._options.given)
        keep_out(*install.secret_values)
        only, ports = self._options.only, install.ports
        self._postgres = Postgres(
            home_for(self._data_dir, install.id), port=ports.postgres, password=install.postgres_password
        )
        if "postgres" in only:
            self._start_postgres(self._postgres)
        served = [name for name in _ENDPOINTS if name in only]
        if served:
            config = save_endpoints_config(
                install,
                self._folder,
                served,
                database_url=self._postgres.url,
                authenticator_url=self._postgres.authenticator_url,
            )
            self._add("endpoints", ["--config", str(config)], *(getattr(ports, name) for name in served))
            self._wait_until_up(stop)
        self._seed(install)
        if "brain" in only:
            self._add("brain", [], ports.brain)
            self._wait_until_up(stop)
        for name in ("intake", "subscriber", "worker"):
            if name in only:
                self._add(name, [])
        self._wait_until_up(stop)
        return console_settings(install, self._data_dir, only)

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
        if self._postgres is not None and self._postgres.pid is not None:
            self._postgres.stop()
            say_part("postgres", "ended", None, "")

    def _start_postgres(self, server: Postgres) -> None:
        say_part("postgres", "starting", None, "")
        server.start()
        record_owner(server.home, self._data_dir)
        for file in self._options.sql:
            server.apply_file(file)
        say_part("postgres", "up", server.pid, "")

    def _seed(self, install: Install) -> None:
        only = self._options.only
        assert self._postgres is not None
        if "gateway" in only:
            seed_staff(self._postgres.url, install.staff_password)
        if {"postgres", "queue", "practice"} <= only:
            access = SqsAccess(
                install.queue_origin, install.aws_access_key_id, install.aws_secret_access_key, "us-east-2"
            )
            report = seed_practice(self._postgres.url, install.ports.practice, access, install.practice_url)
            log.info("Seeded", extra={"report": str(report)})

    def _add(self, name: str, arguments: list[str], *ports: int) -> None:
        assert self._install is not None
        assert self._postgres is not None
        part = Part(
            name,
            arguments,
            child_environment(
                part_settings(name, self._install, self._data_dir, self._postgres.url, self._options.only)
            ),
            self._folder / "logs" / f"{name}.log",
            say_part,
            is_up=lambda: all(_listens(port) for port in ports),
        )
        self._parts.append(part)
        part.start()

    def _wait_until_up(self, stop: threading.Event) -> None:
        deadline = time.monotonic() + READY_LIMIT
        while any(part.state != "up" for part in self._parts):
            self.tick()
            if time.monotonic() > deadline or stop.wait(0.1):
                waiting = ", ".join(part.name for part in self._parts if part.state != "up")
                raise TimeoutError(f"not up: {waiting}; see {self._folder / 'logs'}")


def run(argv: list[str]) -> int:
    """Run the stack until told to stop. Exit codes: 0 ended as asked, 1 could not start, 2 can't be asked for so."""
    parser = build_parser()
    options = parse_options(parser, argv)
    try:
        settings = read_settings()
    except SettingsError as error:
        parser.error(str(error))
    log_to_stderr("stack", settings.log_level)
    data_dir = (options.data or settings.data_path).resolve()
    stop = stop_event(end_with_parent=options.end_with_parent)
    for home in remove_orphans():
        log.info("Removed a database whose data folder is gone", extra={"folder": str(home)})
    lock = FolderLock(data_dir / "local" / "stack.lock", f"The local stack of {data_dir} is already running.")
    try:
        lock.take()
    except (AlreadyRunning, OSError) as error:
        say({"event": "failed", "why": str(error)})
        return 1
    stack = Stack(data_dir, options)
    try:
        environment = stack.start(stop)
        # Standard output may end in anybody's log: what is secret is handed over in a file of the owner's.
        file = data_dir / "local" / "console.json"
        save_private(file, environment)
        say({"event": "ready", "env": without_secrets(environment), "settings_file": str(file)})
        while not stop.wait(0.2):
            stack.tick()
        return 0
    except PortTaken as error:
        parser.error(f"argument --{error.part}-port: {error}")
    except (PostgresFailed, SqlFileFailed, TimeoutError, ValueError, OSError) as error:
        if stop.is_set():
            return 0
        say({"event": "failed", "why": str(error)})
        return 1
    finally:
        stack.end()
        lock.release()
        say({"event": "ended"})


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
