"""What the tests did not reach: a branch of the rooms that decide, a public function elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.reach.marks import Marked
from tests.reach.sources import marked_sources, reached

ROOT: Final = Path(__file__).resolve().parents[2]

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


def missing(folder: Path, root: Path = ROOT) -> Iterator[Missing]:
    """What was not reached in the checkout `root`, according to the marks in `folder`."""
    marks = reached(folder)
    for file, marked in marked_sources(root):
        for line, what in _missing(marked, marks, file.read_text().splitlines()):
            yield Missing(file.relative_to(root).as_posix(), line, what)


def _missing(marked: Marked, marks: bytes, source: list[str]) -> Iterator[tuple[int, str]]:
    ran = {line for mark, line in marked.statements.items() if marks[mark]}
    for line in sorted(set(marked.statements.values()) - ran):
        yield line, f"never ran: {source[line - 1].strip()}"
    for line, ways in sorted(marked.branches, key=lambda branch: branch.line):
        taken = sum(any(marks[mark] for mark in way) for way in ways)
        if taken < len(ways) and (taken or line in ran):
            yield line, f"went {taken} of {len(ways)} ways: {source[line - 1].strip()}"
    for mark, function in marked.functions.items():
        if not marks[mark]:
            yield function.line, f"{function.name} never called"


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
