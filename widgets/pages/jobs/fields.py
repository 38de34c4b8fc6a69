"""What the search of the Jobs page understands."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence

from app.models.query import Field, Query, Test, parse
from app.models.query_tests import number, one_of, part_of, span
from app.store.lines import JobLine
from services.domain.packages import SIZES
from services.domain.statuses import JOB_STATUSES

Pick = Callable[[Sequence[JobLine | None]], list[int]]

_STATUSES = {**{status: status for status in JOB_STATUSES}, "running": "in_progress", "canceled": "cancelled"}


def job_fields(
    now: Callable[[], float],
    directories: Callable[[], Iterable[str]] = tuple,
    having: Callable[[str], Callable[[str], bool]] | None = None,
) -> dict[str, Field]:
    """The fields by name; `now` is the server's clock, `directories` gives the hosts that can be offered.

    `having` makes the question whether a job (its id) has such a directory; without it, only the one that is being
    worked on is known.
    """
    one = part_of(operator.attrgetter("current")) if having is None else _of_job(having)
    directory = Field(one, "a directory of the job", directories)
    age = Field(span(lambda line: _since(line.created_at, now)), "a time since it was ordered, such as >2h", clock=True)
    return {
        "status": Field(one_of(operator.attrgetter("status"), _STATUSES), "a status", lambda: JOB_STATUSES),
        "dir": directory,
        "directory": directory,
        "package": Field(
            one_of(operator.attrgetter("package"), {name: name for name in SIZES}), "a package",
            lambda: SIZES,
        ),
        "age": age,
        "created": age,
        "silent": Field(
            span(lambda line: _since(line.last_event_at, now)), "a time without an event, such as >10m", clock=True
        ),
        "ok": Field(number(operator.attrgetter("submitted")), "a number of directories, such as >10"),
        "failed": Field(number(operator.attrgetter("failed")), "a number of directories, such as >0"),
        "unknown": Field(number(operator.attrgetter("unknown")), "a number of directories, such as >0"),
        "done": Field(number(_percent), "a percentage, such as <50"),
        "customer": Field(part_of(operator.attrgetter("folded")), "a part of a name, e-mail or number"),
        "diagnosis": Field(part_of(lambda line: line.diagnosis.words), "a part of the diagnosis"),
    }  # fmt: skip


def job_query(text: str, fields: dict[str, Field]) -> Query[JobLine]:
    """Raises QueryProblem with a sentence for the person who typed it."""
    return parse(text, fields, _words)


def picking(tab: str, query: Query[JobLine]) -> tuple[Callable[[JobLine], bool] | None, Pick | None]:
    """Which jobs a tab (a status, "all" or "unknown") and a query show: line by line, and all at once.

    (None, None) is every one.
    """
    by_tab: Callable[[JobLine], bool] | None = None
    if tab == "unknown":
        by_tab = lambda line: line.unknown > 0  # noqa: E731  (truth itself must be the answer)
    elif tab != "all":
        by_tab = lambda line: line.status == tab  # noqa: E731  (an operator can't compare with a constant)
    wanted = query.accepts
    accepts = by_tab or wanted
    if by_tab is not None and wanted is not None:
        in_tab, found = by_tab, wanted
        accepts = lambda line: in_tab(line) and found(line)  # noqa: E731
    if accepts is None:
        return None, None
    asked, phrase = accepts, query.phrase

    def pick(lines: Sequence[JobLine | None]) -> list[int]:
        # The usual questions are asked in place: a call for each line takes longer than its answer.
        if wanted is None and tab != "unknown":
            return [at for at, line in enumerate(lines) if line is not None and line.status == tab]
        if tab == "all" and phrase:
            return [
                at
                for at, line in enumerate(lines)
                if line is not None and (phrase in line.folded or phrase in line.id or phrase in line.customer_id)
            ]
        return [at for at, line in enumerate(lines) if line is not None and asked(line)]

    return accepts, pick


def _words(needle: str) -> Test:
    return lambda line: needle in line.folded or needle in line.id or needle in line.customer_id


def _of_job(having: Callable[[str], Callable[[str], bool]]) -> Callable[[str], Test]:
    def test(value: str) -> Test:
        has = having(value)
        return lambda line: has(line.id)

    return test


def _since(when: float | None, now: Callable[[], float]) -> float | None:
    return None if when is None else now() - when


def _percent(line: JobLine) -> float:
    return 100 * line.done / line.total if line.total else 0.0
