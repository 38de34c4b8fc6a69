"""The whole suite under each Python that this program is meant for, in a fresh clone each."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from services import interpreter

ROOT = Path(__file__).resolve().parents[2]


def run(minutes: float, seed: int) -> dict[str, int | float | str]:
    """Runs `main.py test` under each Python 3.11 to 3.13 on PATH, each in at most its share of the minutes."""
    on_path = dict(_pythons())
    found = {name: python for name, (python, problem) in on_path.items() if not problem}
    figures: dict[str, int | float | str] = {
        name: f"on PATH, but can't run: {problem}" for name, (_, problem) in on_path.items() if problem
    }
    assert found, f"no Python that this program is meant for is on PATH; {figures}"
    for name, python in found.items():
        started = time.monotonic()
        figures[name] = _tested(python, minutes * 60 / len(found))
        figures[f"{name}_seconds"] = round(time.monotonic() - started)
    failed = {name: figures[name] for name in found if figures[name] != "passed"}
    assert not failed, failed
    return figures


def _pythons() -> Iterator[tuple[str, tuple[str, str]]]:
    """Name, path and what is wrong with each: a shim of a version manager may stand for one that isn't chosen."""
    for minor in range(interpreter.OLDEST[1], interpreter.TOO_NEW[1]):
        name = f"python3.{minor}"
        python = shutil.which(name)
        if python:
            yield name, (python, interpreter.why_not(python) or _another(python, minor))


def _another(python: str, minor: int) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    return "" if version == f"3.{minor}" else f"it is Python {version}"


def _tested(python: str, seconds: float) -> str:
    """ "passed", or how it failed; its output is ours."""
    environment = {name: value for name, value in os.environ.items() if name != interpreter.GUARD}
    with tempfile.TemporaryDirectory(prefix="directory-bolt-python-", ignore_cleanup_errors=True) as folder:
        clone = Path(folder) / "checkout"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        command = [python, str(clone / "main.py"), "test"]
        try:
            # On a time-out the suite gets a kill; what it started ends with it.
            done = subprocess.run(command, cwd=clone, env=environment, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return f"not done after {seconds:.0f} s"
        return "passed" if done.returncode == 0 else f"exit code {done.returncode}"
