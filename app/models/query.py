"""The language of a search box: words, quoted phrases, `field:value`, AND, OR, NOT, brackets.

query = parse('status:failed (package:starter OR age:>2h) NOT "no success"', fields)
query.accepts(line)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

Line = TypeVar("Line")
Test = Callable[[Any], bool]

DEEPEST: Final = 50
"""Brackets within brackets."""
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-(?=["(\w]))|(?P<field>[A-Za-z_]+):(?P<value>"[^"]*"?|[^\s()"]*)"""
    r"""|"(?P<quoted>[^"]*)"?|(?P<word>[^\s()"]+))"""
)


class QueryProblem(ValueError):
    """What is wrong with a query, as one sentence."""


class Field(msgspec.Struct, frozen=True):
    """What may stand behind `name:`.

    `test` makes the test of a value (lower case, never ""); it raises QueryProblem with a sentence that names no
    field. `values`: what can be offered. `clock`: the answer for a line may be
    another later although the line is the same.
    """

    test: Callable[[str], Test]
    words: str
    values: Callable[[], Iterable[str]] = tuple
    clock: bool = False


class Query(msgspec.Struct, Generic[Line], frozen=True):
    """A parsed query.

    `accepts`: None when it is empty and lets everything through. `phrase`: the words (lower case) when nothing else
    is asked for. `clock`: the answer for a line may be another later.
    """

    accepts: Callable[[Line], bool] | None = None
    phrase: str = ""
    clock: bool = False


def parse(text: str, fields: Mapping[str, Field], words: Callable[[str], Test]) -> Query[Any]:
    """`words` makes the test of a word or phrase (lower case). Raises QueryProblem."""
    reading = _Reading(text, fields, words)
    found = reading.any_of(0)
    if reading.kind:
        raise QueryProblem("A bracket is closed that was never opened.")
    return Query(found, reading.phrase, reading.clock)


class _Reading:
    """Walks through the tokens of one text; `kind` is that of the token ahead, "" at the end."""

    def __init__(self, text: str, fields: Mapping[str, Field], words: Callable[[str], Test]) -> None:
        self._tokens = list(_TOKEN.finditer(text))
        self._at = 0
        self._fields = fields
        self._words = words
        self.clock = False

    @property
    def phrase(self) -> str:
        """The only token, when it is a word or a phrase."""
        if len(self._tokens) != 1:
            return ""
        return (self._tokens[0]["word"] or self._tokens[0]["quoted"] or "").lower()

    @property
    def kind(self) -> str:
        if self._at >= len(self._tokens):
            return ""
        found = self._tokens[self._at]
        kind = str(found.lastgroup)
        return found["word"] if kind == "word" and found["word"] in ("AND", "OR", "NOT") else kind

    def any_of(self, depth: int) -> Test | None:
        """Terms with OR between them; None when there is nothing at all."""
        tests = [self._all_of(depth)]
        while self.kind == "OR":
            self._at += 1
            tests.append(self._all_of(depth))
        if len(tests) == 1:
            return tests[0]
        return _either([_there(test, "OR") for test in tests])

    def _all_of(self, depth: int) -> Test | None:
        tests: list[Test] = []
        while self.kind not in ("", "OR", "close"):
            if self.kind == "AND":
                if not tests:
                    raise QueryProblem("AND needs something before it.")
                self._at += 1
                tests.append(_there(self._one(depth), "AND"))
            else:
                test = self._one(depth)
                if test is not None:
                    tests.append(test)
        return _both(tests) if tests else None

    def _one(self, depth: int) -> Test | None:
        kind = self.kind
        if kind in ("", "OR", "AND", "close"):
            return None
        found = self._tokens[self._at]
        self._at += 1
        if kind in ("NOT", "minus"):
            inner = _there(self._one(depth), "NOT")
            return lambda line: not inner(line)
        if kind == "open":
            if depth >= DEEPEST:
                raise QueryProblem("There are too many brackets within brackets.")
            inside = self.any_of(depth + 1)
            if self.kind != "close":
                raise QueryProblem("A bracket is not closed.")
            self._at += 1
            return inside
        if kind == "value":
            return self._field(found["field"].lower(), found["value"].strip('"').lower())
        text = (found["quoted"] if kind == "quoted" else found["word"]).lower()
        return self._words(text) if text else None

    def _field(self, name: str, value: str) -> Test:
        field = self._fields.get(name)
        if field is None:
            raise QueryProblem(f"There is no field “{name}”. Fields are {', '.join(self._fields)}.")
        if not value:
            raise QueryProblem(f"{name}: needs {field.words}.")
        self.clock = self.clock or field.clock
        try:
            return field.test(value)
        except QueryProblem as problem:
            raise QueryProblem(f"{name}: {problem}") from problem


def _there(test: Test | None, word: str) -> Test:
    if test is None:
        raise QueryProblem(f"{word} needs something after it." if word != "OR" else "OR needs something on both sides.")
    return test


def _both(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda line: first(line) and second(line)
    return lambda line: all(test(line) for test in tests)


def _either(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda line: first(line) or second(line)
    return lambda line: any(test(line) for test in tests)
