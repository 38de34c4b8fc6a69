"""What `main.py test` runs: the linters, every test on several cores, and what the tests reached."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests import reach

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

Run = Callable[[tuple[str, ...], Mapping[str, str]], int]


def run(argv: list[str], call: Run | None = None) -> int:
    """Check everything; with arguments only run pytest, which gets them. 0 when all is well, else 1 or pytest's code.

    `call` runs a command with a whole environment and gives its exit code.
    """
    parser = argparse.ArgumentParser(
        prog="main.py test",
        description="ruff, mypy, import-linter, pytest, and whether the tests reach what they must. "
        "With arguments: pytest alone, which gets them.",
    )
    if argv in (["--help"], ["-h"]):
        parser.print_help()
        return 0
    call = call or _call
    if argv:
        return call((*PYTHON, "pytest", *argv), os.environ)
    started = time.monotonic()
    failed = [command for command in LINTERS if _step(command, os.environ, call) != 0]
    tests = _tests(call)
    print(f"== {'FAILED' if tests or failed else 'all is well'} after {time.monotonic() - started:.0f} s", flush=True)
    return tests or int(bool(failed))


def _tests(call: Run) -> int:
    workers = max(2, min(MOST_WORKERS, os.cpu_count() or 1))
    # A file stays in one process, for the sake of its fixtures; tests/conftest.py puts the long ones first.
    spread = (f"--numprocesses={workers}", "--dist=loadfile", "--no-loadscope-reorder")
    command = (*PYTHON, "coverage", "run", "-m", "pytest", *spread)
    with tempfile.TemporaryDirectory(prefix="directory-bolt-reach-") as folder:
        data = {"COVERAGE_FILE": str(Path(folder) / "all")}
        code = _step(command, {**os.environ, **data}, call)
        if code:
            return code  # what a test that failed didn't reach says nothing
        print("== reach", flush=True)
        return reach.main(Path(folder))


def _step(command: tuple[str, ...], environment: Mapping[str, str], call: Run) -> int:
    print(f"== {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
    code = call(command, environment)
    if code:
        print("== FAILED", flush=True)
    return code


def _call(command: tuple[str, ...], environment: Mapping[str, str]) -> int:
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
