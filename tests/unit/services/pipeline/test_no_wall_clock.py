"""Nothing of the pipeline is decided by the clock of its machine: only by the database's, or by monotonic time."""

from __future__ import annotations

import ast
from pathlib import Path

import services.pipeline

WALL_CLOCKS = {("time", "time"), ("time", "localtime"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}
LABELS = {("brain.py", "_enqueue"), ("worker.py", "run"), ("worker.py", "_tidy")}
"""Where it only stamps a message for people to read, or clears files of this machine away by their age."""


def test_no_wall_clock() -> None:
    found = set()
    for file in Path(services.pipeline.__path__[0]).glob("*.py"):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                read = {
                    (_name(node.value), node.attr) for node in ast.walk(function) if isinstance(node, ast.Attribute)
                }
                if read & WALL_CLOCKS:
                    found.add((file.name, function.name))
    assert found == LABELS


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
