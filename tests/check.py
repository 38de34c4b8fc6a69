"""What `main.py test` runs: the linters, every test on several cores, and what the tests reached."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final

from tests import reach
from tests.screen import have_programs

ROOT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = (sys.executable, "-m")
LINTERS: Final = (
    (*PYTHON, "ruff", "check"),
    (*PYTHON, "ruff", "format", "--check"),
    (*PYTHON, "mypy"),
    (str(Path(sys.executable).with_name("lint-imports")),),
)
MOST_WORKERS: Final = 4
"""More of them start more local stacks than a desk has memory for."""
MEMORY: Final = Path("/dev/shm")
ROOM: Final = 2 * 2**30
"""Bytes that the files of a whole run may take, of which it needs a tenth."""

Run = Callable[[tuple[str, ...], Mapping[str, str], IO[bytes] | None], int]
"""Runs a command with a whole environment and gives its exit code; what it says goes to a file, or else to ours."""


def run(argv: list[str], call: Run | None = None) -> int:
    """Check everything, or with arguments only run pytest, which gets them. 0 when all is well, else 1 or its code."""
    parser = argparse.ArgumentParser(
        prog="main.py test",
        description="ruff, mypy, import-linter, pytest, and whether the tests reach what they must. "
        "With arguments: pytest alone, which gets them.",
    )
    if argv in (["--help"], ["-h"]):
        parser.print_help()
        return 0
    call = call or _call
    have_programs()
    if argv:
        return call((*PYTHON, "pytest", *argv), os.environ, None)
    started = time.monotonic()
    # Many a test waits more than it works, so there is time for the linters beside them.
    with ThreadPoolExecutor(1, "linters") as beside:
        linting = beside.submit(_lint, call)
        tests = _tests(call)
        failed = linting.result()
    print(f"== {'FAILED' if tests or failed else 'all is well'} after {time.monotonic() - started:.0f} s", flush=True)
    return tests or int(bool(failed))


def _lint(call: Run) -> bool:
    """Whether one of them complains."""
    failed = False
    for command in LINTERS:
        with tempfile.TemporaryFile() as output:
            code = call(command, os.environ, output)
            output.seek(0)
            said = output.read().decode(errors="replace")
        print(f"\n{_title(command)}\n{said}{'== FAILED' if code else ''}", flush=True)
        failed = failed or code != 0
    return failed


def _tests(call: Run) -> int:
    # One more than there are cores: those that start a stack or a browser wait for it much of the time.
    workers = max(2, min(MOST_WORKERS, (os.cpu_count() or 1) + 1))
    # A file stays in one process, for the sake of its fixtures; tests/conftest.py puts the long ones first.
    spread = (f"--numprocesses={workers}", "--dist=loadfile", "--no-loadscope-reorder")
    with tempfile.TemporaryDirectory(
        prefix="directory-bolt-reach-", dir=in_memory(), ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        reached = folder / "reached"
        reached.mkdir()
        command = (*PYTHON, "coverage", "run", "-m", "pytest", *spread, f"--basetemp={folder / 'files'}")
        print(_title(command), flush=True)
        code = call(
            command, {**_environment(folder), "COVERAGE_FILE": str(reached / "all"), "COLLECTED_IN": str(folder)}, None
        )
        if code:
            print("== FAILED", flush=True)
            return code  # what a test that failed didn't reach says nothing
        print("== reach", flush=True)
        return reach.main(reached)


def in_memory(memory: Path = MEMORY) -> Path | None:
    """Where files wait for no disk, as some thousand journals do that are written through to it; None: nowhere."""
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        return None
    found = os.statvfs(memory)
    # Some tests make a program there, and start it.
    fits = found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC
    return memory if fits else None


def _environment(folder: Path) -> dict[str, str]:
    """Ours. Where Python may not keep what it compiles, it may in `folder`: the tests start some hundred processes."""
    told = dict(os.environ)
    if told.pop("PYTHONDONTWRITEBYTECODE", ""):
        told["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    return told


def _title(command: tuple[str, ...]) -> str:
    return f"== {' '.join([Path(command[0]).name, *command[1:]])}"


def _call(command: tuple[str, ...], environment: Mapping[str, str], output: IO[bytes] | None) -> int:
    errors = None if output is None else subprocess.STDOUT
    return subprocess.run(command, cwd=ROOT, env=environment, stdout=output, stderr=errors, check=False).returncode
