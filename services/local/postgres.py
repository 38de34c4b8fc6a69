"""PostgreSQL on this machine: one server process, from the binaries of a Python package."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import psycopg

from services.local.ports import hold
from services.local.postgres_files import (
    PostgresFailed,
    binaries_folder,
    end_leftover,
    home_for,
    initialise,
    prepare_home,
    private,
)
from services.local.schema import apply_file, apply_schema

__all__ = ["DATABASE", "Postgres", "PostgresFailed", "free_port", "home_for"]

DATABASE: Final = "directorybolt"
_PR_SET_PDEATHSIG: Final = 1
# Loaded before any fork: a child between fork and exec may not load anything.
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
_WORDS: Final = 600


class Postgres:
    """One server process on 127.0.0.1:`port` with its data below `home`.

    `password` is that of the superuser `postgres` and of `authenticator`.
    """

    def __init__(self, home: Path, *, port: int, password: str) -> None:
        self.home = home
        self.port = port
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._user: int | None = None

    @property
    def url(self) -> str:
        """Address of our database for the superuser."""
        return self._address("postgres", DATABASE)

    @property
    def server_url(self) -> str:
        """Address of the server's own database, which is there before ours."""
        return self._address("postgres", "postgres")

    @property
    def authenticator_url(self) -> str:
        """Address of our database for the role that the gateway signs in with."""
        return self._address("authenticator", DATABASE)

    @property
    def pid(self) -> int | None:
        """Process id of the server that this object started."""
        return self._process.pid if self._process else None

    def start(self, *, limit: float = 30.0) -> None:
        """Set up on first use, start, create the database and apply every SQL file. `limit` in seconds."""
        self.prepare()
        self.launch()
        self._wait_until_ready(limit)
        self.apply_schema()

    def prepare(self) -> None:
        """Everything before the launch: folders, a cluster on first use, an end to what was left. May take seconds.

        Raises PostgresFailed or OSError.
        """
        self._user = prepare_home(self.home)
        data = self.home / "data"
        if not (data / "PG_VERSION").exists():
            initialise(binaries_folder(), data, password=self._password, user=self._user)
        end_leftover(data)

    def launch(self) -> None:
        """Start the process and return at once. Call from the main thread: on Linux the server ends with its caller.

        Raises OSError or PostgresFailed.
        """
        # Durable against a killed process; against a power cut the local stack promises nothing.
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "wal_level": "logical",
            "fsync": "off", "synchronous_commit": "on", "shared_buffers": "64MB", "max_connections": 80,
            "max_replication_slots": 10, "max_wal_senders": 10, "timezone": "UTC", "log_timezone": "UTC",
        }  # fmt: skip
        command: list[str | Path] = [binaries_folder() / "postgres", "-D", self.home / "data"]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        # The server quotes rows and statements in it.
        with open(self.home / "server.log", "ab", opener=private) as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.home,
                preexec_fn=_end_with_parent if _LIBC is not None else None, user=self._user,
            )  # fmt: skip

    def apply_schema(self) -> None:
        """Make our database and apply every file of ours. Raises psycopg.Error."""
        apply_schema(self.server_url, self.url, DATABASE, self._password)

    def apply_file(self, file: Path) -> None:
        """Apply a file of somebody else's as the superuser. Raises SqlFileFailed."""
        apply_file(f"postgresql://postgres@127.0.0.1:{self.port}/{DATABASE}", self._password, file)

    def exited(self) -> int | None:
        """Exit code when the server ended by itself, else None."""
        return self._process.poll() if self._process else None

    def last_words(self) -> str:
        """The end of the server's log."""
        try:
            with open(self.home / "server.log", "rb") as words:
                words.seek(max(0, words.seek(0, os.SEEK_END) - _WORDS))
                return words.read().decode(errors="replace").strip()
        except OSError:
            return ""

    def ask_to_end(self) -> None:
        """Tell the server to cut its clients off and end; nothing committed is lost."""
        if self._process is None or self._process.poll() is not None:
            return
        if sys.platform == "win32":
            control = binaries_folder() / "pg_ctl.exe"
            subprocess.run([control, "stop", "-W", "-m", "fast", "-D", self.home / "data"], check=False, timeout=10)
        else:
            self._process.send_signal(signal.SIGINT)

    def stop(self, *, limit: float = 10.0) -> None:
        """End the server and wait; what doesn't end within `limit` seconds is killed. Nothing committed is lost."""
        self.ask_to_end()
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):
                end_leftover(self.home / "data")

    def kill(self) -> None:
        """End the server at once, as one that no longer answers."""
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)

    def _address(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{self._password}@127.0.0.1:{self.port}/{database}"

    def _wait_until_ready(self, limit: float) -> None:
        deadline = time.monotonic() + limit
        while True:
            try:
                psycopg.connect(self.server_url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if self.exited() is not None or time.monotonic() > deadline:
                    words = self.last_words()
                    self.stop()
                    raise PostgresFailed(f"PostgreSQL did not start: {words or error}") from error
            time.sleep(0.05)


def free_port(preferred: int = 0) -> int:
    """`preferred` if nothing listens there on loopback, else a port that is free now."""
    held = hold(preferred) or hold(0)
    if held is None:
        raise OSError("no free port on 127.0.0.1")
    with held:
        return int(held.getsockname()[1])


def _end_with_parent() -> None:
    # Runs in the child before exec: a supervisor that dies by kill -9 takes the server along.
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
