"""What the tests reached: every branch of the rooms that decide, every public function elsewhere."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from coverage import Coverage

ROOT: Final = Path(__file__).resolve().parents[1]
WHOLE: Final = ("services/domain", "app/store", "app/sync", "app/replay")
"""Rooms in which every branch must be taken."""
ROOMS: Final = ("app", "widgets", "services", "resources")

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


def missing(data_folder: Path, root: Path = ROOT) -> Iterator[Missing]:
    """What was not reached, according to the data files `all.*` in `data_folder`."""
    coverage = Coverage(data_file=str(data_folder / "all"), config_file=str(root / "pyproject.toml"))
    coverage.combine([str(data_folder)], strict=True, keep=True)
    for file in sorted(file for room in ROOMS for file in (root / room).rglob("*.py")):
        name, source = file.relative_to(root).as_posix(), file.read_text()
        if any(name.startswith(f"{room}/") for room in WHOLE):
            for line, what in _branches(coverage, file, source.splitlines()):
                yield Missing(name, line, what)
        reached = set(coverage.get_data().lines(str(file)) or ())
        for function, body in public_functions(source):
            if reached.isdisjoint(body):
                yield Missing(name, body.start, f"{function} never called")


def public_functions(source: str) -> Iterator[tuple[str, range]]:
    """Each public function that does something: its name with its class's, and the lines of its body."""
    yield from _functions(ast.parse(source).body, "")


def _functions(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, range]]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")
        elif does := [statement for statement in node.body if not _says_only(statement)]:
            yield f"{prefix}{node.name}()", range(does[0].lineno, (does[-1].end_lineno or 0) + 1)


def _says_only(statement: ast.stmt) -> bool:
    """A docstring, or the ... of a function that others write."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _branches(coverage: Coverage, file: Path, source: list[str]) -> Iterator[tuple[int, str]]:
    _, _, _, lines, _ = coverage.analysis2(str(file))
    for line in lines:
        yield line, f"never ran: {source[line - 1].strip()}"
    for line, (ways, taken) in sorted(coverage.branch_stats(str(file)).items()):
        if taken < ways and line not in lines:
            yield line, f"went {taken} of {ways} ways: {source[line - 1].strip()}"


def main(data_folder: Path, root: Path = ROOT, exceptions: Mapping[str, str] = EXCEPTIONS) -> int:
    """Print what is missing; 0 when that is what `exceptions` list, no more and no less."""
    found = list(missing(data_folder, root))
    new = [one for one in found if one.key not in exceptions]
    stale = sorted(set(exceptions) - {one.key for one in found})
    for one in new:
        print(f"not reached by a test: {one.file}:{one.line}: {one.what}")
    for key in stale:
        print(f"reached by now, so take it out of EXCEPTIONS: {key}")
    print(f"reach: {len(new)} missing, {len(exceptions) - len(stale)} excepted, {len(stale)} no longer")
    return 1 if new or stale else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
