"""A branch or a public function that no test reaches is named, and only those."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import reach

WHOLE = """
def sign(number):
    if number < 0:
        return "minus"
    if number:
        return "plus"
    return "zero"


def forgiving(number):
    if number:
        number = 1
    return number
"""
ELSEWHERE = '''
class Page:
    def used(self):
        return 1

    def unused(self):
        """Says something."""
        return 2

    def _own(self):
        return 3

    def promise(self): ...


class _Own:
    def method(self):
        return 4


def in_a_child():
    return 5
'''
TEST = """
import subprocess, sys
from app.store.signs import sign, forgiving
from widgets.page import Page

sign(-1), sign(0), forgiving(1), Page().used()
child = "import sys; sys.path.insert(0, %r); from widgets.page import in_a_child; in_a_child()" % sys.path[0]
subprocess.run([sys.executable, "-c", child], check=True)
"""
MISSING = {
    'app/store/signs.py:6: never ran: return "plus"',
    "app/store/signs.py:5: went 1 of 2 ways: if number:",
    "app/store/signs.py:11: went 1 of 2 ways: if number:",
    "widgets/page.py:8: Page.unused() never called",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small checkout that a test ran in, and the folder with what coverage saw."""
    root = tmp_path_factory.mktemp("checkout")
    for file, text in {"app/store/signs.py": WHOLE, "widgets/page.py": ELSEWHERE, "test.py": TEST}.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    for room in reach.ROOMS:
        (root / room).mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text((reach.ROOT / "pyproject.toml").read_text())
    data = root / "data"
    data.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", "test.py"],
        cwd=root, env={**environment, "COVERAGE_FILE": str(data / "all")}, check=True, timeout=120,
    )  # fmt: skip
    return root, data


def test_each_missing_branch_and_function_is_named(checkout: tuple[Path, Path]) -> None:
    root, data = checkout
    found = {f"{one.file}:{one.line}: {one.what}" for one in reach.missing(data, root)}
    assert found == MISSING


def test_exceptions_are_the_list_and_no_more(checkout: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    root, data = checkout
    exact = {one.key: "known" for one in reach.missing(data, root)}
    assert reach.main(data, root, exact) == 0
    assert reach.main(data, root, {**exact, "widgets/page.py: Page.used() never called": "old"}) == 1
    assert "take it out of EXCEPTIONS: widgets/page.py: Page.used()" in capsys.readouterr().out
    assert reach.main(data, root, {}) == 1
    assert "not reached by a test: widgets/page.py:8: Page.unused() never called" in capsys.readouterr().out
