"""Rules about the code that no linter has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("app", "widgets", "services", "resources", "tests")


def files(*rooms: str) -> Iterator[Path]:
    yield ROOT / "main.py"
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def test_files_are_short() -> None:
    long = {str(file.relative_to(ROOT)): n for file in files(*ROOMS) if (n := len(file.read_text().splitlines())) > 400}
    assert not long


@pytest.mark.parametrize(
    "file", list(files("app", "widgets", "services", "resources")), ids=lambda f: str(f.relative_to(ROOT))
)
def test_every_file_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text())), file


def test_widgets_have_no_async_functions() -> None:
    for file in sorted((ROOT / "widgets").rglob("*.py")):
        found = [node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.AsyncFunctionDef)]
        # The tour is a script that waits for conditions; it is no widget.
        assert not found or file.name == "tour.py", f"{file}: {found}"


def test_no_dialog_runs_a_loop_of_its_own() -> None:
    for file in files("app", "widgets"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in ("exec", "exec_"), f"{file}:{node.lineno}"


def test_labels_come_from_the_factory() -> None:
    for file in sorted((ROOT / "widgets").rglob("*.py")):
        if file.name == "label.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "QLabel", f"{file}:{node.lineno}: outside text may be shown as HTML"
