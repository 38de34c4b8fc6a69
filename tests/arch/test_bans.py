"""Each ban of the linter bites: a line that breaks it is refused, and only where it is meant to be."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.unmeasured
ROOT = Path(__file__).resolve().parents[2]
RUFF = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
BANNED = RUFF["flake8-tidy-imports"]["banned-api"]
WHERE_ALLOWED = {file: codes for file, codes in RUFF["per-file-ignores"].items() if "TID251" in codes}


FILES = ("app/console.py", "widgets/tour.py", "services/pipeline/worker.py", "main.py")


def refusals(file: str, code: str) -> str:
    """What the project's rules say to `code` when it stands in `file`."""
    options = ["--output-format", "concise", "--no-cache", "--stdin-filename", file, "-"]
    command = [sys.executable, "-m", "ruff", "check", *options]
    done = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, check=False)
    assert (done.returncode in (0, 1), done.stderr) == (True, "")
    return done.stdout


def ways_to_name(banned: str) -> list[str]:
    """The ways to get at "a.b.c": import the module, or take the name from it."""
    module, _, name = banned.rpartition(".")
    if not module:
        return [f"import {name}", f"from {name} import run_path"]
    if module.count(".") == 2:
        module, _, owner = module.rpartition(".")
        return [f"from {module} import {owner}; {owner}.{name}()"]
    return [f"import {module}; {module}.{name}()", f"from {module} import {name}"]


@pytest.mark.parametrize("file", FILES)
def test_every_banned_name_is_refused(file: str) -> None:
    lines = [(banned, way) for banned in BANNED for way in ways_to_name(banned)]
    told = refusals(file, "".join(f"{way}\n" for _, way in lines)).splitlines()
    for number, (banned, way) in enumerate(lines, 1):
        here = [line for line in told if line.startswith(f"{file}:{number}:")]
        assert any("TID251" in line and f"`{banned}` is banned" in line for line in here), (way, here)


@pytest.mark.parametrize("file", ["app/console.py", "services/pipeline/worker.py"])
def test_the_same_line_without_the_name_is_not(file: str) -> None:
    assert "TID251" not in refusals(file, "import os\n\nos.getpid()\n")


@pytest.mark.parametrize("file", [file for file in WHERE_ALLOWED if not file.startswith("tests/")])
def test_an_exemption_is_used(file: str) -> None:
    # The file's own text under another name: without the exemption it would be refused.
    assert "TID251" in refusals("services/elsewhere.py", (ROOT / file).read_text())


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("print('x')\n", "T201"),
        ("import datetime\n\nNOW = datetime.datetime.now()\n", "DTZ005"),
        ("import subprocess\n\nsubprocess.run('ls', shell=True, check=True)\n", "S602"),
        ("import time\n\n\nasync def wait() -> None:\n    time.sleep(1)\n", "ASYNC251"),
        ("import logging\n\nlogging.getLogger(__name__).info(f'{1}')\n", "G004"),
        ("try:\n    X = 1\nexcept:\n    pass\n", "E722"),
        ("import os  # noqa: F401, E402\n", "RUF100"),
        ("X = eval('1')\n", "S307"),
    ],
)
def test_a_bad_habit_is_refused(code: str, rule: str) -> None:
    assert rule in refusals("app/console.py", code)
