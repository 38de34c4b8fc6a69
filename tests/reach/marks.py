"""Puts a mark before each place of a source that the tests must reach: `__reached__[7] = 1`.

No tracer is needed then, which would make every line of the tests, the libraries and the program slower.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from tests.reach.watch import NAME


class Branch(NamedTuple):
    """A line that leads to two places: the marks of each, of which one is enough."""

    line: int
    ways: tuple[range, range]


class Function(NamedTuple):
    """A public function that does something: its name with its class's, and the first line of what it does."""

    name: str
    line: int


class Marked:
    """A source with its marks: `tree` runs as the source does, the rest says what each mark stands for.

    The marks are numbered from `first` on, and `end` is the first number that is free. `whole` marks each statement
    and each way of a branch, else only public functions are marked.
    """

    def __init__(self, source: str, first: int, *, whole: bool) -> None:
        self.tree: Final = ast.parse(source)
        self.statements: Final[dict[int, int]] = {}
        self.functions: Final[dict[int, Function]] = {}
        self.branches: Final[list[Branch]] = []
        self.end = first
        for name, function in public_functions(self.tree.body):
            does = _first_deed(function)
            mark = self._mark(function.body[does].lineno)
            self.functions[self.end - 1] = Function(name, function.body[does].lineno)
            function.body.insert(does, mark)
        if whole:
            self.tree.body = self._block(self.tree.body)

    def _mark(self, line: int) -> ast.stmt:
        statement = ast.parse(f"{NAME}[{self.end}] = 1").body[0]
        self.end += 1
        ast.increment_lineno(statement, line - 1)
        return statement

    def _block(self, body: list[ast.stmt], way_of: int = 0) -> list[ast.stmt]:
        """`body` with its marks; first of all one for the way here, where a branch at line `way_of` leads to it."""
        out: list[ast.stmt] = [self._mark(way_of)] if way_of else []
        for statement in body:
            if not (_is_unseen(statement) or _is_mark(statement)):
                out.append(self._mark(_first_line(statement)))
                self.statements[self.end - 1] = _first_line(statement)
                self._inside(statement)
            out.append(statement)
        return out

    def _inside(self, statement: ast.stmt) -> None:
        match statement:
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
                self._fork(statement)
            case ast.Match():
                self._cases(statement)
            case ast.Try() | ast.TryStar():
                for handler in statement.handlers:
                    handler.body = self._block(handler.body)
                for name in ("body", "orelse", "finalbody"):
                    setattr(statement, name, self._block(getattr(statement, name)))
            case ast.With() | ast.AsyncWith() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                statement.body = self._block(statement.body)
            case _:
                pass

    def _fork(self, statement: ast.If | ast.For | ast.AsyncFor | ast.While) -> None:
        into = self.end
        statement.body = self._block(statement.body, statement.lineno)
        if not (isinstance(statement, ast.While) and isinstance(statement.test, ast.Constant)):
            past = self.end
            statement.orelse = self._block(statement.orelse, statement.lineno)
            self._branch(statement.lineno, into, past)

    def _cases(self, statement: ast.Match) -> None:
        if not _takes_all(statement.cases[-1]):
            statement.cases.append(ast.match_case(ast.copy_location(ast.MatchAs(), statement), None, []))
        begins = []
        for case in statement.cases:
            begins.append(self.end)
            case.body = self._block(case.body, case.pattern.lineno)
        for case, into, past in zip(statement.cases[:-1], begins, begins[1:], strict=False):
            self._branch(case.pattern.lineno, into, past)

    def _branch(self, line: int, into: int, past: int) -> None:
        self.branches.append(Branch(line, (range(into, into + 1), range(past, self.end))))


def public_functions(
    body: list[ast.stmt], prefix: str = ""
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Each public function that does something, with its name."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node.body, f"{prefix}{node.name}.")
        elif _first_deed(node) < len(node.body):
            yield f"{prefix}{node.name}()", node


def _first_deed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The place in its body of the first statement that isn't a docstring or the ... of what others write."""
    for place, statement in enumerate(function.body):
        if not _says_only(statement):
            return place
    return len(function.body)


def _says_only(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_unseen(statement: ast.stmt) -> bool:
    """What leaves nothing to run: words, what must stand on top, and what only the type checker reads."""
    if isinstance(statement, ast.If):
        return isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    return _says_only(statement) or isinstance(statement, ast.Global | ast.Nonlocal)


def _is_mark(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Subscript):
        return False
    marks = statement.targets[0].value
    return isinstance(marks, ast.Name) and marks.id == NAME


def _first_line(statement: ast.stmt) -> int:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and statement.decorator_list:
        return statement.decorator_list[0].lineno
    return statement.lineno


def _takes_all(case: ast.match_case) -> bool:
    last = case.pattern.patterns[-1] if isinstance(case.pattern, ast.MatchOr) else case.pattern
    return case.guard is None and isinstance(last, ast.MatchAs) and last.pattern is None
