"""How soon the window is there, whether it stays alive while the rest is loaded, and when the first live row is in it.

First picture: from the start of the process, beside the least PySide6 program, in turn with it. Then the longest turn
of the GUI thread's loop between that picture and the pages, while the program starts its local stack, whose worker
has jobs to do: by the wall clock, which counts what other processes take, and by the thread's own time, which doesn't.
At last the way to the first row that arrives live, on a stack that runs already: when each stage is reached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.bench.rows import Row, row

HERE: Final = Path(__file__).resolve().parent
PAIRS: Final = 15
RUNS: Final = 5
GOAL: Final = 1.25
LIMIT_MS: Final = 50.0


def measure() -> list[Row]:
    """The rows of group `start`."""
    with tempfile.TemporaryDirectory(prefix="start-") as folder:
        return [_first_picture(Path(folder)), *_longest_turns(Path(folder)), *_stages(Path(folder))]


def _first_picture(folder: Path) -> Row:
    ours: list[float] = []
    peer: list[float] = []
    environment = _environment(folder, {})
    for turn in range(PAIRS + 1):
        pair = [_until_painted(program, environment) for program in (["start_probe.py", "paint"], ["bare_window.py"])]
        if turn:  # the first one compiles
            ours.append(pair[0])
            peer.append(pair[1])
    return row(
        "start", "first picture", ours=ours, peer=peer, peer_name="bare window", unit="ms", bound="<=", goal=GOAL
    )


def _longest_turns(folder: Path) -> list[Row]:
    from tests.local_stack import RunningStack, remove_postgres

    environment = _environment(folder, {})
    try:
        stack = RunningStack(folder)
        stack.wait_until_ready()
        stack.end()  # it leaves the jobs of a new installation, which each start below goes on with
        seen = [json.loads(_run(["start_probe.py", "desk"], environment)) for _ in range(RUNS)]
    finally:
        remove_postgres(folder)
    names = {"wall": "longest turn, wall clock", "cpu": "longest turn, thread's own time"}
    return [
        row(
            "start",
            name,
            ours=[1000 * one[clock] for one in seen],
            peer=[LIMIT_MS],
            peer_name="limit",
            unit="ms",
            bound="<=",
            goal=1.0,
        )
        for clock, name in names.items()
    ]


def _stages(folder: Path) -> list[Row]:
    from tests.local_stack import running_stack

    home = folder / "running"
    home.mkdir()
    runs: list[dict[str, float]] = []
    with running_stack(home) as stack:
        environment = _environment(folder / "beside", stack.env)
        for _ in range(RUNS):
            began = time.monotonic()
            reached = json.loads(_run(["start_probe.py", "live"], environment))
            runs.append({stage: 1000 * (at - began) for stage, at in reached.items()})
    total = [run["first live row"] for run in runs]
    return [
        row(
            "start", f"until {stage}", ours=[run[stage] for run in runs], peer=total, peer_name="first live row",
            unit="ms", bound="reported",
        )
        for stage in runs[0]
    ]  # fmt: skip


def _until_painted(program: list[str], environment: dict[str, str]) -> float:
    began = time.monotonic()  # the same clock in every process of this machine
    painted: float = json.loads(_run(program, environment))["painted"]
    return 1000 * (painted - began)


def _run(program: list[str], environment: dict[str, str]) -> str:
    command = [sys.executable, str(HERE / program[0]), *program[1:]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    lines: list[Any] = done.stdout.splitlines()
    if not lines:
        raise RuntimeError(f"{program} said nothing: {done.stderr[-2000:]}")
    return str(lines[-1])


def _environment(home: Path, settings: dict[str, str]) -> dict[str, str]:
    """Of this process, but with compiled files kept, as where people work, and nothing set from outside."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **settings, "DIRECTORY_BOLT_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
