"""What the tests did not reach: a line or a way of the rooms that decide, a public function elsewhere."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypedDict

from slipcover import merge_coverage

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("app", "widgets", "services", "resources")
WHOLE: Final = ("services/domain", "app/store", "app/sync", "app/replay")
"""Rooms in which every line must run, and every branch go each of its ways."""
START: Final = Path(__file__).resolve().parent / "start"

EXCEPTIONS: Final[dict[str, str]] = {}
"""What no test has to reach, as it is printed but without the line's number: "file: what" -> why. Only ever shorter."""


class Missing(NamedTuple):
    """One thing that no test reached: `file` as a path in the checkout, `what` in words."""

    file: str
    line: int
    what: str

    @property
    def key(self) -> str:
        """Its name in EXCEPTIONS: lines move."""
        return f"{self.file}: {self.what}"


class Reached(TypedDict):
    """What slipcover says of a file; a branch is the lines that it leads from and to."""

    executed_lines: list[int]
    missing_lines: list[int]
    executed_branches: list[tuple[int, int]]
    missing_branches: list[tuple[int, int]]


NEVER_LOADED: Final = Reached(executed_lines=[], missing_lines=[], executed_branches=[], missing_branches=[])


def environment(folder: Path, root: Path) -> dict[str, str]:
    """What every Python has to be told to leave in `folder` what it reached in the checkout `root`."""
    path = [str(START), *filter(None, [os.environ.get("PYTHONPATH")])]
    rooms = os.pathsep.join(str(root / room) for room in ROOMS)
    return {"REACH_FOLDER": str(folder), "REACH_ROOMS": rooms, "PYTHONPATH": os.pathsep.join(path)}


def missing(folder: Path, root: Path = ROOT) -> Iterator[Missing]:
    """What was not reached in the checkout `root`, according to what all processes left in `folder`."""
    reached = _reached(folder)
    for file in sorted(file for room in ROOMS for file in (root / room).rglob("*.py")):
        for line, what in _missing(file, reached.get(str(file)), any(file.is_relative_to(root / it) for it in WHOLE)):
            yield Missing(file.relative_to(root).as_posix(), line, what)


def _reached(folder: Path) -> dict[str, Reached]:
    """For each file that was loaded, by its whole path, what all processes together reached."""
    first, *others = [json.loads(file.read_bytes()) for file in sorted(folder.glob("*.json"))] or [{"files": {}}]
    for other in others:
        merge_coverage(first, other)
    return {str(Path(name).resolve()): reached for name, reached in first["files"].items()}


def _missing(file: Path, reached: Reached | None, whole: bool) -> Iterator[tuple[int, str]]:
    source = file.read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.splitlines()
    if whole and reached is None and lines:
        yield 1, "never loaded"
    reached = reached or NEVER_LOADED
    if whole:
        unreached = _statements(tree, reached)
        for line in sorted(unreached):
            yield line, f"never ran: {lines[line - 1].strip()}"
        for line, taken, ways in _forks(reached):
            if line not in unreached:
                yield line, f"went {taken} of {ways} ways: {lines[line - 1].strip()}"
    ran = set(reached["executed_lines"])
    for name, does in public_functions(tree.body):
        if ran.isdisjoint(does):
            yield does.start, f"{name} never called"


def _statements(tree: ast.Module, reached: Reached) -> set[int]:
    """The first line of each statement of which no line ran: one over several lines is one thing."""
    first: dict[int, int] = {}
    for node in ast.walk(tree):  # from outside inwards
        if isinstance(node, ast.stmt):
            begin = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
            end = node.end_lineno or begin
            first.update(dict.fromkeys(range(begin, end + 1), 0 if _says_only(node) else begin))
    ran = {first.get(line, 0) for line in reached["executed_lines"]}
    return {first.get(line, 0) for line in reached["missing_lines"]} - ran - {0}


def _forks(reached: Reached) -> Iterator[tuple[int, int, int]]:
    """Each branch that didn't go all its ways: its line, how many it went, and how many there are."""
    went = [start for start, _ in reached["executed_branches"]]
    never = [start for start, _ in reached["missing_branches"]]
    for line in sorted(set(never)):
        yield line, went.count(line), went.count(line) + never.count(line)


def public_functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, range]]:
    """Each public function that does something: its name with its class's, and the lines of what it does."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node.body, f"{prefix}{node.name}.")
        elif does := [each for each in node.body if not _says_only(each)]:
            yield f"{prefix}{node.name}()", range(does[0].lineno, (does[-1].end_lineno or 0) + 1)


def _says_only(statement: ast.stmt) -> bool:
    """A docstring, or the ... of what others write."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def main(folder: Path, root: Path = ROOT, exceptions: Mapping[str, str] = EXCEPTIONS) -> int:
    """Print what is missing; 0 when that is what `exceptions` list, no more and no less."""
    found = list(missing(folder, root))
    new = [one for one in found if one.key not in exceptions]
    stale = sorted(set(exceptions) - {one.key for one in found})
    for one in new:
        print(f"not reached by a test: {one.file}:{one.line}: {one.what}")
    for key in stale:
        print(f"reached by now, so take it out of EXCEPTIONS: {key}")
    print(f"reach: {len(new)} missing, {len(exceptions) - len(stale)} excepted, {len(stale)} no longer")
    return 1 if new or stale else 0
