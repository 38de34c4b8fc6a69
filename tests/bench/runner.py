"""Measurements of this program beside its peers, by group."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Final

from tests.bench.rows import Row


def _start() -> list[Row]:
    from tests.bench import start

    return start.measure()


def _ingest() -> list[Row]:
    from tests.bench import ingest

    return ingest.measure()


def _table() -> list[Row]:
    from tests.bench import table

    return table.measure()


def _gui() -> list[Row]:
    from tests.bench import gui

    return gui.measure()


def _replay() -> list[Row]:
    from tests.bench import replay

    return replay.measure()


def _run() -> list[Row]:
    from tests.bench import run

    return run.measure()


GROUPS: Final[dict[str, Callable[[], list[Row]]]] = {
    "gui": _gui, "ingest": _ingest, "replay": _replay, "run": _run, "start": _start, "table": _table,
}  # fmt: skip


def run(argv: list[str]) -> int:
    """Measure every group, or the one named; 0 when every goal was met."""
    parser = argparse.ArgumentParser(prog="main.py bench", description="Measure this program beside its peers.")
    parser.add_argument("group", nargs="?", help=f"one of: {', '.join(sorted(GROUPS)) or 'none yet'}; else all")
    parser.add_argument("--json", action="store_true", help='print {"rows": [...]} and nothing else')
    arguments = parser.parse_args(argv)
    if arguments.group is not None and arguments.group not in GROUPS:
        parser.error(f"there is no group {arguments.group!r}")
    names = [arguments.group] if arguments.group else sorted(GROUPS)
    rows = [row for name in names for row in GROUPS[name]()]
    if arguments.json:
        print(json.dumps({"rows": rows}))
    else:
        for row in rows:
            print(
                f"{row['group']:12} {row['name']:32} {row['ours']:>10.4g} {row['unit']:8} "
                f"{row['peer_name']} {row['peer']:.4g}  ratio {row['ratio']:.2f} "
                f"({_judged(row)})"
            )
        print(f"{len(rows)} measured, {sum(not row['met'] for row in rows)} missed")
    return 0 if all(row["met"] for row in rows) else 1


def _judged(row: Row) -> str:
    if row["bound"] == "reported":
        return "reported"
    return f"goal {row['bound']} {row['goal']:g}: {'met' if row['met'] else 'missed'}"
