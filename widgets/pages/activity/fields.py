"""What the search of the Activity page understands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Final

from app.models.activity_lines import ActivityLine
from app.models.query import Field, Query, Test, parse
from app.models.query_tests import part_of, span

TABS: Final[dict[str, Callable[[ActivityLine], bool] | None]] = {
    "all": None,
    "staff": attrgetter("by_staff"),
    "pipeline": lambda line: not line.by_staff,
    "wrong": attrgetter("wrong"),
}
"""Which lines each tab shows; None is every one."""


def activity_fields(
    now: Callable[[], float],
    customer: Callable[[ActivityLine], str],
    people: Callable[[], Iterable[str]],
    happenings: Callable[[], Iterable[str]],
) -> dict[str, Field]:
    """The fields by name. `customer` gives the name of a line's customer, the others what can be offered."""
    return {
        "who": Field(part_of(attrgetter("who")), "a person or a worker", people),
        "what": Field(part_of(attrgetter("what")), "what happened, such as retry", happenings),
        "customer": Field(part_of(customer), "a part of a customer's name"),
        "dir": Field(part_of(attrgetter("directory")), "a directory"),
        "why": Field(part_of(attrgetter("why")), "a part of a reason that was given"),
        "result": Field(part_of(attrgetter("result")), "a part of what came of it"),
        "job": Field(part_of(attrgetter("job_id")), "a part of a job's id"),
        "age": Field(span(lambda line: now() - line.at), "how long ago, such as <2h", clock=True),
    }


def activity_query(text: str, fields: dict[str, Field], customer: Callable[[ActivityLine], str]) -> Query[ActivityLine]:
    """Raises QueryProblem with a sentence for the person who typed it."""

    def words(needle: str) -> Test:
        def found(line: ActivityLine) -> bool:
            said = (line.who, line.what, line.directory, line.why, line.result, line.job_id, customer(line))
            return any(needle in part.lower() for part in said)

        return found

    return parse(text, fields, words)


def accepting(tab: str, query: Query[ActivityLine]) -> Callable[[ActivityLine], bool] | None:
    """Which lines a tab and a query show together; None is every one."""
    by_tab, wanted = TABS[tab], query.accepts
    if by_tab is None or wanted is None:
        return by_tab or wanted
    in_tab, found = by_tab, wanted
    return lambda line: in_tab(line) and found(line)
