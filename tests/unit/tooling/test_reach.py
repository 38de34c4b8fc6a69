"""A branch or a public function that no test reaches is named, and only those."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from coverage import Coverage

from tests.reach import report, sources
from tests.reach.watch import ROOMS

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


def in_a_child_that_is_killed():
    return 6
'''
TEST = """
import os, subprocess, sys
from app.store.signs import sign, forgiving
from widgets.page import Page

sign(-1), sign(0), forgiving(1), Page().used()
start = "import os, sys; sys.path.insert(0, %r); from widgets import page; " % sys.path[0]
subprocess.run([sys.executable, "-c", start + "page.in_a_child()"], check=True)
killed = subprocess.run([sys.executable, "-c", start + "page.in_a_child_that_is_killed(); os.kill(os.getpid(), 9)"])
print(killed.returncode)
"""
MISSING = {
    'app/store/signs.py:6: never ran: return "plus"',
    "app/store/signs.py:5: went 1 of 2 ways: if number:",
    "app/store/signs.py:11: went 1 of 2 ways: if number:",
    "widgets/page.py:8: Page.unused() never called",
}
EVERY_KIND = '''
"""Each kind of statement, gone through in part."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import re


class Port(Protocol):
    """A promise."""

    def deliver(self) -> int: ...


@dataclass(frozen=True)
class Record:
    """With words."""

    number: int = 0
    """A field."""

    @property
    def double(self) -> int:
        """Twice."""
        return self.number * 2

    @staticmethod
    def never() -> int:
        return 5


def loops(numbers):
    total = 0
    for number in numbers:
        if number == 3:
            continue
        elif number == 4:
            break
        else:
            total += number
    else:
        total += 100
    while total > 1000:
        total -= 1
    while True:
        total += 1
        if total % 10 == 0:
            return total


def tries(work):
    global last
    try:
        last = work()
    except ValueError as error:
        return str(error)
    except (KeyError, TypeError):
        with contextlib.suppress(KeyError):
            raise
    else:
        return "well"
    finally:
        last = None


def kinds(value):
    match value:
        case 1 | 2:
            return "small"
        case [first, *_] if first:
            return "list"
        case Record(number=7):
            return "seven"
        case str():
            return "words"
    return "other"


def all_kinds(value):
    match value:
        case 1:
            return "one"
        case _:
            return "any"


async def later(numbers):
    async def each():
        for number in numbers:
            yield number

    async with asyncio.timeout(10):
        async for number in each():
            if number > 2:
                break
            assert number < 9
    return [number for number in numbers if number > 100] or (lambda: 5 if numbers else 6)()


def tell(what):
    asyncio.run(later(what))
'''
CALLS = {
    "nothing": "",
    "some": "loops([3, 1]); tries(lambda: 1); kinds(1); all_kinds(1); tell([1])",
    "others": "loops([4]); tries(lambda: int('x')); kinds([5]); kinds('x'); all_kinds(2); tell([])",
    "most": "loops([1, 3, 4]); loops([2000]); tries(lambda: {}[1]); tries(lambda: 1); kinds(Record(7)); kinds([0]);"
    "kinds(2); tell([1, 3]); tell([1]); Record().double",
    "all": "loops([1, 3, 4]); loops([2000]); [tries(f) for f in (lambda: 1, lambda: {}[1], lambda: int('x'))];"
    "[kinds(one) for one in (1, [1], Record(7), '', 0.5)]; all_kinds(1); all_kinds(2); tell([1, 3]); tell([1]);"
    "Record().double; Record.never()",
}


def environment() -> dict[str, str]:
    """Ours without what the suite itself is watched with."""
    return {name: value for name, value in os.environ.items() if name not in ("REACH_FOLDER", "PYTHONPATH")}


def checkout_with(root: Path, files: dict[str, str]) -> Path:
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    for room in ROOMS:
        (root / room).mkdir(exist_ok=True)
    return root


def run_marked(root: Path, folder: Path, *words: str) -> str:
    told = {**environment(), **sources.prepare(folder, root)}
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=told, check=True, timeout=120, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small checkout that a test ran in, and the folder with what was reached."""
    files = {"app/store/signs.py": WHOLE, "widgets/page.py": ELSEWHERE, "test.py": TEST}
    root, folder = checkout_with(tmp_path_factory.mktemp("checkout"), files), tmp_path_factory.mktemp("reached")
    assert run_marked(root, folder, "test.py") == f"{-signal.SIGKILL}\n"
    return root, folder


def test_each_missing_branch_and_function_is_named(checkout: tuple[Path, Path]) -> None:
    root, folder = checkout
    found = {f"{one.file}:{one.line}: {one.what}" for one in report.missing(folder, root)}
    assert found == MISSING


def test_exceptions_are_the_list_and_no_more(checkout: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    root, folder = checkout
    exact = {one.key: "known" for one in report.missing(folder, root)}
    assert report.main(folder, root, exact) == 0
    assert report.main(folder, root, {**exact, "widgets/page.py: Page.used() never called": "old"}) == 1
    assert "take it out of EXCEPTIONS: widgets/page.py: Page.used()" in capsys.readouterr().out
    assert report.main(folder, root, {}) == 1
    assert "not reached by a test: widgets/page.py:8: Page.unused() never called" in capsys.readouterr().out


@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_what_coverage_misses_is_missed(calls: str, tmp_path: Path) -> None:
    root = checkout_with(tmp_path, {"app/store/kinds.py": EVERY_KIND})
    statement = f"import sys; sys.path.insert(0, {str(root)!r}); from app.store.kinds import *; {calls}"
    run_marked(root, tmp_path / "reached", "-c", statement)
    marked = {(one.line, one.what) for one in report.missing(tmp_path / "reached", root) if "called" not in one.what}
    (root / "test.py").write_text(statement)
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", "--branch", "--source=app", "--data-file=seen", "test.py"],
        cwd=root, env=environment(), check=True, timeout=120,
    )  # fmt: skip
    assert marked == set(missed_by_coverage(root, EVERY_KIND.splitlines()))


def missed_by_coverage(root: Path, source: list[str]) -> list[tuple[int, str]]:
    """The same from coverage.py. It counts some lines that hold nothing of their own, which marks do without."""
    coverage = Coverage(data_file=str(root / "seen"))
    coverage.load()
    file = str(root / "app/store/kinds.py")
    _, _, _, lines, _ = coverage.analysis2(file)
    empty = re.compile(r'\s*(?:except\b|case\b|finally:|""")')
    found = [(line, f"never ran: {source[line - 1].strip()}") for line in lines if not empty.match(source[line - 1])]
    for line, (ways, taken) in coverage.branch_stats(file).items():
        if taken < ways and line not in lines:
            found.append((line, f"went {taken} of {ways} ways: {source[line - 1].strip()}"))
    return found
