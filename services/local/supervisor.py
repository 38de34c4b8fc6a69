"""The local stack: PostgreSQL, the endpoints and the pipeline's roles as child processes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from services.domain.redaction import keep_out
from services.local.background import Background
from services.local.disk import Disk
from services.local.events import say_part
from services.local.install import Install, load_install, save_endpoints_config
from services.local.options import Options
from services.local.parts import Limits, Part
from services.local.postgres import Postgres, home_for
from services.local.postgres_files import record_owner
from services.local.postgres_process import PostgresProcess
from services.local.role_process import RoleProcess
from services.local.seed import SqsAccess, seed_practice, seed_staff
from services.local.settings_of_parts import console_settings, part_settings
from services.settings import child_environment

log = logging.getLogger(__name__)

READY_LIMIT: Final = 110.0
TICK: Final = 0.2
_ENDPOINTS: Final = ("gateway", "queue", "practice")
_ROLES: Final = ("intake", "subscriber", "worker", "monitor")
# A recovery after a kill may take its time, and answers all along.
_POSTGRES_LIMITS: Final = Limits(start=300.0)
# Ticks so far apart mean that we were frozen, or the machine slept.
_AWAY: Final = 2.0
_ROLES_END: Final = 5.0
_ENDPOINTS_END: Final = 3.0
_POSTGRES_END: Final = 5.0


class Stack:
    """Everything that runs on this machine, in the order in which it must start and end."""

    def __init__(self, data_dir: Path, options: Options) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "local"
        self._options = options
        self._parts: list[Part] = []
        self._postgres: PostgresProcess | None = None
        self._disk: Disk | None = None
        self._ticked = time.monotonic()

    def start(self, stop: threading.Event) -> dict[str, str]:
        """Start all parts; returns the settings of a console.

        What fails is tried again for READY_LIMIT seconds. Raises PortTaken, SqlFileFailed, psycopg.Error (a file of
        our own is wrong), ValueError, OSError or TimeoutError.
        """
        only = self._options.only
        deadline = time.monotonic() + READY_LIMIT
        install = load_install(self._folder, self._options.given)
        keep_out(*install.secret_values)
        home, ports = home_for(self._data_dir, install.id), install.ports
        server = Postgres(home, port=ports.postgres, password=install.postgres_password)
        self._disk = Disk([self._data_dir, home], say_part)
        if "postgres" in only:
            self._postgres = PostgresProcess(server, lambda: self._fill(server))
            self._add(Part(self._postgres, say_part, _POSTGRES_LIMITS))
            self._wait_until_up(stop, deadline)
        served = [name for name in _ENDPOINTS if name in only]
        if served:
            config = save_endpoints_config(
                install, self._folder, served, database_url=server.url, authenticator_url=server.authenticator_url
            )
            listens = [getattr(ports, name) for name in served]
            self._add_role("endpoints", install, server, listens, ["--config", str(config)])
        if "brain" in only:
            self._add_role("brain", install, server, [ports.brain])
        self._wait_until_up(stop, deadline)
        # Before anything receives from the queue.
        self._do(lambda: self._seed(install, server), stop, deadline)
        for name in _ROLES:
            if name in only:
                self._add_role(name, install, server)
        self._wait_until_up(stop, deadline)
        return console_settings(install, self._data_dir, only)

    def tick(self) -> None:
        """Look after every part once; starts what has ended or fallen silent."""
        now = time.monotonic()
        away = now - self._ticked
        self._ticked = now
        for part in self._parts:
            if away > _AWAY:
                part.forgive(away)
            part.tick()
        if self._disk is not None:
            self._disk.tick()

    def end(self) -> None:
        """End the parts in reverse order, PostgreSQL last. Safe after a start that failed half way."""
        if self._disk is not None:
            self._disk.close()
        groups: dict[str, tuple[list[Part], float]] = {
            "roles": ([part for part in self._parts if part.name not in ("endpoints", "postgres")], _ROLES_END),
            "endpoints": ([part for part in self._parts if part.name == "endpoints"], _ENDPOINTS_END),
            "postgres": ([part for part in self._parts if part.name == "postgres"], _POSTGRES_END),
        }
        for parts, limit in groups.values():
            for part in parts:
                part.ask_to_end()
            deadline = time.monotonic() + limit
            for part in parts:
                part.wait_for_end(max(0.0, deadline - time.monotonic()))

    def _fill(self, server: Postgres) -> None:
        record_owner(server.home, self._data_dir)
        server.apply_schema()
        for file in self._options.sql:
            server.apply_file(file)

    def _seed(self, install: Install, server: Postgres) -> None:
        only = self._options.only
        if "gateway" in only:
            seed_staff(server.url, install.staff_password)
        if {"postgres", "queue", "practice"} <= only:
            access = SqsAccess(
                install.queue_origin, install.aws_access_key_id, install.aws_secret_access_key, "us-east-2"
            )
            report = seed_practice(server.url, install.ports.practice, access, install.practice_url)
            log.info("Seeded", extra={"report": str(report)})

    def _add_role(
        self, name: str, install: Install, server: Postgres, ports: Sequence[int] = (), arguments: Sequence[str] = ()
    ) -> None:
        told = child_environment(part_settings(name, install, self._data_dir, server.url, self._options.only))
        log_file = self._folder / "logs" / f"{name}.log"
        self._add(Part(RoleProcess(name, arguments, told, log_file, ports), say_part))

    def _add(self, part: Part) -> None:
        self._parts.append(part)
        part.start()

    def _do(self, call: Callable[[], None], stop: threading.Event, deadline: float) -> None:
        """Do what the parts are needed for while looking after them; again when it fails."""
        while True:
            doing = Background(call, "seed")
            while not doing.done:
                self._pause(stop, deadline, "the practice data")
            if doing.error is None:
                return
            log.warning("Seeding failed; it is tried again", exc_info=doing.error)
            for _ in range(5):
                self._pause(stop, deadline, f"the practice data ({doing.error})")

    def _wait_until_up(self, stop: threading.Event, deadline: float) -> None:
        while any(part.state != "up" for part in self._parts):
            waiting = ", ".join(
                f"{part.name} ({part.why})" if part.why else part.name for part in self._parts if part.state != "up"
            )
            self._pause(stop, deadline, f"{waiting}; see {self._folder / 'logs'}")

    def _pause(self, stop: threading.Event, deadline: float, waiting: str) -> None:
        self.tick()
        if self._postgres is not None and self._postgres.failure is not None:
            raise self._postgres.failure
        if time.monotonic() > deadline or stop.wait(TICK / 2):
            raise TimeoutError(f"not up: {waiting}")
