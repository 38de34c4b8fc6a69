"""Group `gui`: the window while 5,000 changes a second come in from another process.

BENCH_SECONDS (60), BENCH_RUNS (5) and BENCH_IDLE (10) shorten it for trying; the rows' names say how long was measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

from tests.bench import browser_peer
from tests.bench.desk import ROOT
from tests.bench.rows import Row, row

GROUP: Final = "gui"
RATE: Final = 5000
JOBS: Final = 100_000
HOT: Final = 10_000
FRAME_MS: Final = 16.0
PAINT_MS: Final = 100.0


def measure() -> list[Row]:
    """Every row of the group."""
    seconds, runs = float(os.environ.get("BENCH_SECONDS", "60")), int(os.environ.get("BENCH_RUNS", "5"))
    found = [_run(seconds, float(os.environ.get("BENCH_IDLE", "10"))) for _ in range(runs)]
    scale = f"{RATE:,}/s for {seconds:g} s"

    def limit(name: str, key: str, most: float, unit: str) -> Row:
        figures = [run[key] for run in found]
        return row(GROUP, name, ours=figures, peer=[most], peer_name="limit", unit=unit, bound="<=", goal=1.0)

    idle = [run["idle_ms"] for run in found]
    worst = [run["worst_ms"] for run in found]
    # The same window with nothing to do, beside it: what of the worst turn isn't the changes' fault.
    control = row(
        GROUP, "worst turn, beside the same window idle", ours=worst, peer=idle, peer_name="idle", unit="ms",
        bound="<=", goal=FRAME_MS / min(idle),
    )  # fmt: skip
    return [
        limit(f"worst turn, {scale}", "worst_ms", FRAME_MS, "ms"),
        control,
        limit(f"p99 change to paint, {scale}", "p99_ms", PAINT_MS, "ms"),
        _right(found),
        *_beside_a_page(found, seconds),
    ]


def _beside_a_page(found: list[dict[str, Any]], seconds: float) -> list[Row]:
    """CPU and memory beside a page with supabase-js; left out where there is no browser or no npm."""
    page = browser_peer.measure(jobs=JOBS, hot=HOT, rate=RATE, seconds=seconds)
    if page is None:
        return []
    wanted = (("CPU", "cpu_share", "cores", 0.35), ("memory at the end", "memory_mib", "MiB", 0.5))
    return [
        row(
            GROUP, f"{name} at {RATE:,}/s for {seconds:g} s", ours=[run[key] for run in found], peer=[page[key]],
            peer_name="supabase-js in Chromium", unit=unit, bound="<=", goal=goal,
        )
        for name, key, unit, goal in wanted
    ]  # fmt: skip


def _right(found: list[dict[str, Any]]) -> Row:
    """1 plus the differences between store and source at the end: any one misses the goal."""
    wrong = [1.0 + len(run["wrong"]) for run in found]
    return row(
        GROUP, "store equals source, nothing dropped", ours=[max(wrong)], peer=[1.0], peer_name="the source",
        unit="1 + wrong", bound="<=", goal=1.0,
    )  # fmt: skip


def _run(seconds: float, idle: float) -> dict[str, Any]:
    arguments = [
        "--jobs",
        str(JOBS),
        "--hot",
        str(HOT),
        "--rate",
        str(RATE),
        "--seconds",
        str(seconds),
        "--idle",
        str(idle),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.gui_run", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=20 * seconds + 600,
    )  # fmt: skip
    print(done.stdout.strip(), file=sys.stderr)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures
