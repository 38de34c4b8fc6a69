"""What may stand behind the colon of a query: numbers, spans of time, one of a few words, parts of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from app.models.query import QueryProblem, Test

_COMPARISON: Final = re.compile(r"(<=|>=|<|>|=)?(\d+(?:\.\d+)?)([a-z%]*)")
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}


def number(of: Callable[[Any], float]) -> Callable[[str], Test]:
    """Tests such as `>10`, `<=3` or `5` of a number of the line."""

    def test(value: str) -> Test:
        found = _COMPARISON.fullmatch(value)
        if found is None or found[3] not in ("", "%"):
            raise QueryProblem(f"“{value}” is not a number such as 5, >10 or <=3.")
        return _compared(of, found[1] or "=", float(found[2]))

    return test


def span(of: Callable[[Any], float | None]) -> Callable[[str], Test]:
    """Tests such as `>2h` or `<30m` of seconds, longer than where no sign is given. None never passes."""

    def test(value: str) -> Test:
        found = _COMPARISON.fullmatch(value)
        if found is None or found[3] not in _SECONDS or found[1] == "=":
            raise QueryProblem(f"“{value}” is not a time such as >2h, <30m or >3d.")
        limit = float(found[2]) * _SECONDS[found[3]]
        longer = (found[1] or ">").startswith(">")

        def passes(line: Any) -> bool:
            seconds = of(line)
            return seconds is not None and (seconds >= limit if longer else seconds <= limit)

        return passes

    return test


def one_of(of: Callable[[Any], str], spellings: Mapping[str, str]) -> Callable[[str], Test]:
    """The test of a value that is one of a few; `spellings` gives the line's value for what may be typed."""

    def test(value: str) -> Test:
        wanted = spellings.get(value)
        if wanted is None:
            raise QueryProblem(f"“{value}” is not one of {', '.join(dict.fromkeys(spellings.values()))}.")
        return lambda line: of(line) == wanted

    return test


def part_of(of: Callable[[Any], str]) -> Callable[[str], Test]:
    """The test of a part of a text."""
    return lambda value: lambda line: value in of(line).lower()


def _compared(of: Callable[[Any], float], sign: str, limit: float) -> Test:
    if sign == "<":
        return lambda line: of(line) < limit
    if sign == "<=":
        return lambda line: of(line) <= limit
    if sign == ">":
        return lambda line: of(line) > limit
    if sign == ">=":
        return lambda line: of(line) >= limit
    return lambda line: of(line) == limit
