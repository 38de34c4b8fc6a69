"""A branch or a public function that no test reaches is named, and only those."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from coverage import Coverage

from tests.reach import plugin, report

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


def in_a_child_that_leaves_at_once():
    return 6
'''
TEST = """
import os, subprocess, sys
from app.store.signs import sign, forgiving
from widgets.page import Page

sign(-1), sign(0), forgiving(1), Page().used()
start = "import os, sys; sys.path.insert(0, %r); from widgets import page; " % sys.path[0]
subprocess.run([sys.executable, "-c", start + "page.in_a_child()"], check=True)
hasty = subprocess.run([sys.executable, "-c", start + "page.in_a_child_that_leaves_at_once(); os._exit(7)"])
print(hasty.returncode)
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
    for room in report.ROOMS:
        (root / room).mkdir(exist_ok=True)
    return root


def run_watched(root: Path, folder: Path, *words: str) -> str:
    folder.mkdir(exist_ok=True)
    told = {**environment(), **report.environment(folder, root)}
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=told, check=True, timeout=120, stdout=subprocess.PIPE, text=True
    ).stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small checkout that a test ran in, and the folder with what was reached."""
    files = {"app/store/signs.py": WHOLE, "widgets/page.py": ELSEWHERE, "test.py": TEST}
    root, folder = checkout_with(tmp_path_factory.mktemp("checkout"), files), tmp_path_factory.mktemp("reached")
    assert run_watched(root, folder, "test.py") == "7\n"
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
    run_watched(root, tmp_path / "reached", "-c", statement)
    found = {(one.line, one.what) for one in report.missing(tmp_path / "reached", root) if "called" not in one.what}
    (root / "test.py").write_text(statement)
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", "--branch", "--source=app", "--data-file=seen", "test.py"],
        cwd=root, env=environment(), check=True, timeout=120,
    )  # fmt: skip
    matches = {line for line, what in found if "ways: match" in what}
    assert {one for one in found if one[0] not in matches} | {(line, "") for line in matches} == set(
        missed_by_coverage(root, EVERY_KIND.splitlines())
    )


def missed_by_coverage(root: Path, source: list[str]) -> Iterator[tuple[int, str]]:
    """The same from coverage.py, less lines that hold nothing of their own. It judges each case of a match for itself,
    where slipcover has one branch with many ways: of those only the line of the match, without words.
    """
    coverage = Coverage(data_file=str(root / "seen"))
    coverage.load()
    file = str(root / "app/store/kinds.py")
    _, _, _, lines, _ = coverage.analysis2(file)
    empty = re.compile(r'\s*(?:except\b|case\b|finally:|""")')
    for line in lines:
        if not empty.match(source[line - 1]):
            yield line, f"never ran: {source[line - 1].strip()}"
    for line, (ways, taken) in coverage.branch_stats(file).items():
        if taken < ways and line not in lines:
            words = source[line - 1].strip()
            if words.startswith("case"):
                yield next(up for up in range(line, 0, -1) if source[up - 1].strip().startswith("match")), ""
            else:
                yield line, f"went {taken} of {ways} ways: {words}"


def test_a_file_that_nothing_loads_is_named(tmp_path: Path) -> None:
    root = checkout_with(tmp_path, {"app/store/signs.py": WHOLE, "app/store/__init__.py": ""})
    run_watched(root, tmp_path / "reached", "-c", "")
    found = [(one.line, one.what) for one in report.missing(tmp_path / "reached", root)]
    assert found == [(1, "never loaded"), (3, "sign() never called"), (11, "forgiving() never called")]


def test_a_worker_of_pytest_writes_before_it_says_that_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[str] = []
    monkeypatch.setattr(sys, "save_what_was_reached", lambda: saved.append("it"), raising=False)
    session: Any = SimpleNamespace(config=SimpleNamespace())
    plugin.pytest_sessionfinish(session)
    assert not saved
    session.config.workerinput = {}
    plugin.pytest_sessionfinish(session)
    assert saved == ["it"]


def test_no_constant_is_taken_for_a_way() -> None:
    """Before Python 3.12 slipcover puts a mark of its own in the place of a constant (5, 6) where line 5 has a branch
    that leads to line 6.
    """
    forks = ast.If | ast.For | ast.AsyncFor | ast.While | ast.Match
    for file in sorted(file for room in report.ROOMS for file in (report.ROOT / room).rglob("*.py")):
        nodes = list(ast.walk(ast.parse(file.read_text())))
        starts = {node.lineno for node in nodes if isinstance(node, forks)}
        assert not [pair for pair in map(_pair, nodes) if pair and pair[0] in starts], f"{file}: move these numbers"


def _pair(node: ast.AST) -> tuple[int, int] | None:
    match node:
        case ast.Tuple(elts=[ast.Constant(value=int(start)), ast.Constant(value=int(end))]):
            return start, end
    return None
