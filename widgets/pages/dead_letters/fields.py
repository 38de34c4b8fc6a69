"""What the search of the Dead letters page understands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from app.models.query import Field, Query, Test, parse
from app.models.query_tests import number, one_of, part_of, span
from services.domain.packages import SIZES

EVERYWHERE: Final = ("reason", "error", "job", "customer", "package", "age")
QUEUE: Final = (*EVERYWHERE, "expires", "receives")
KEPT: Final = (*EVERYWHERE, "by")
JOURNAL: Final = (*KEPT, "state")


def letter_fields(
    names: Iterable[str], now: Callable[[], float], reasons: Callable[[], Iterable[str]]
) -> dict[str, Field]:
    """The fields by name, of rows that have `facets`; `now` is the server's clock, `reasons` can be offered."""
    every = {
        "reason": Field(part_of(lambda row: row.facets.reason), "a part of the reason", reasons),
        "error": Field(part_of(lambda row: row.facets.error), "a part of what went wrong"),
        "job": Field(part_of(lambda row: row.facets.job_id), "a part of a job's id"),
        "customer": Field(part_of(lambda row: row.facets.business), "a part of a customer's name"),
        "package": Field(
            one_of(lambda row: row.facets.package, {name: name for name in SIZES}), "a package", lambda: SIZES
        ),
        "age": Field(span(lambda row: _since(row.facets.at, now)), "a time since it came, such as >2h", clock=True),
        "expires": Field(span(lambda row: _left(row.facets, now)), "a time that is left, such as <2d", clock=True),
        "receives": Field(number(lambda row: row.facets.receives), "a number, such as >5"),
        "by": Field(part_of(lambda row: row.facets.by), "a part of who did it"),
        "state": Field(part_of(lambda row: row.facets.state), "a part of how it stands"),
    }
    return {name: every[name] for name in names}


def letter_query(text: str, fields: dict[str, Field]) -> Query[Any]:
    """Raises QueryProblem with a sentence for the person who typed it."""
    return parse(text, fields, _words)


def _words(needle: str) -> Test:
    return lambda row: needle in row.facets.folded


def _since(when: float | None, now: Callable[[], float]) -> float | None:
    return None if when is None else now() - when


def _left(facets: Any, now: Callable[[], float]) -> float | None:
    return None if facets.expires_at is None else facets.expires_at - now()
