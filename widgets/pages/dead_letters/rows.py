"""What stands in the rows of the dead letters: the letter, its job as far as it is known, and what is asked of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import msgspec
from PySide6.QtCore import QObject

from app.actions.letter_line import LetterLine
from app.models.table_model import LinesModel
from app.store.link import TableState
from app.store.store import Store
from services.domain.statuses import Shape
from services.domain.text import one_line
from widgets.pages.dead_letters.words import CLOSE, expires, letter_reason, state_of, summary
from widgets.parts import cell, spans
from widgets.parts.columns import Column

COLUMNS: Final = (
    Column("Reason", 170, stretch=0.6),
    Column("Customer", 120, stretch=1),
    Column("Job id", 84, drops=3, middle=True),
    Column("Sent", 52, right=True),
    Column("Receives", 54, right=True, drops=2),
    Column("Expires in", 82, right=True),
    Column("X-ray", 100, stretch=0.5, drops=4, sorts=False),
    Column("Body", 120, stretch=1.2, drops=1, sorts=False),
    Column("", 50, right=True, sorts=False),
)
ACT: Final = len(COLUMNS) - 1
EXPIRY: Final = 5
GROUPED: Final = (
    Column("Group", 200, stretch=1),
    Column("Letters", 60, right=True),
    Column("Jobs", 50, right=True),
    Column("Oldest", 60, right=True),
    Column("Expires in", 82, right=True),
    Column("", 50, right=True, sorts=False),
)
_VARIES: Final = re.compile(r"https?://\S+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+", re.IGNORECASE)


class Facets(msgspec.Struct, frozen=True):
    """What can be asked of a letter, wherever it is. Times are unix seconds, None when not known.

    `reason`: why it is there. `error`: what went wrong, "" for nothing that is known. `at`: when it came there.
    `by`: whose act it was, "" for nobody's. `folded`: in lower case, all that a search looks at.
    """

    id: str
    job_id: str = ""
    business: str = ""
    package: str = ""
    reason: str = ""
    error: str = ""
    at: float | None = None
    expires_at: float | None = None
    receives: int = 0
    by: str = ""
    state: str = ""
    folded: str = ""


class Row(msgspec.Struct, frozen=True):
    """A dead letter of the queue. All that a row is sorted by is in it."""

    line: LetterLine
    facets: Facets

    @property
    def business(self) -> str:
        """The job's customer, "" while the job isn't known."""
        return self.facets.business


class Group(msgspec.Struct, frozen=True):
    """Letters that have something in common. `soonest`: when the first of them expires."""

    key: str
    words: str
    ids: tuple[str, ...]
    jobs: int
    oldest: float | None
    soonest: float | None


class Letter(Protocol):
    """Something that has facets."""

    @property
    def facets(self) -> Facets: ...


def job_facts(store: Store, job_id: str) -> tuple[str, str, str, str]:
    """A job's customer, package, newest event and error message; "" for what isn't known."""
    job = store.jobs.get(job_id) if job_id else None
    if job is None:
        return "", "", "", ""
    return job.business or job.customer or job.id, job.package, job.last_event, job.error


def row_of(store: Store, line: LetterLine) -> Row:
    """A letter with what is known of its job."""
    business, package, event, job_error = job_facts(store, line.job_id)
    reason = letter_reason(line.reading, event)
    error = line.problem or line.reading.reason or job_error
    return Row(
        line,
        Facets(
            line.id, line.job_id, business, package, reason, error, line.letter.sent_at, line.expires_at,
            line.letter.receive_count, "", "", folded(line.id, line.job_id, business, reason, error, summary(line)),
        ),
    )  # fmt: skip


def folded(*words: str) -> str:
    """What a search looks at."""
    return "\n".join(words).lower()


def grouped(rows: Iterable[Letter], by: str) -> list[Group]:
    """The groups of these letters by `job`, `reason` or `error`, the largest first."""
    members: dict[str, list[Facets]] = {}
    words: dict[str, str] = {}
    for row in rows:
        facets = row.facets
        key, shown = _group_of(facets, by)
        members.setdefault(key, []).append(facets)
        words.setdefault(key, shown)
    made = []
    for key, letters in members.items():
        sent = [one.at for one in letters if one.at is not None]
        ends = [one.expires_at for one in letters if one.expires_at is not None]
        jobs = len(Counter(one.job_id for one in letters if one.job_id))
        ids = tuple(one.id for one in letters)
        made.append(Group(key, words[key], ids, jobs, min(sent, default=None), min(ends, default=None)))
    return sorted(made, key=lambda group: (-len(group.ids), group.words))


def _group_of(facets: Facets, by: str) -> tuple[str, str]:
    """A group's key and its words. Errors that differ only in numbers, ids and addresses are one."""
    if by == "job":
        return facets.job_id, facets.business or facets.job_id or "No job can be read"
    text = one_line(facets.reason if by == "reason" else facets.error or "No error is known", 200)
    return _VARIES.sub("#", text).lower(), text


def letters_model(
    store: Store,
    seen: Callable[[str], str],
    act: Callable[[LetterLine], cell.Cell],
    out: Callable[[str], tuple[Shape, str] | None],
    parent: QObject,
) -> LinesModel[Row]:
    """A model of the letters by id. `seen`: a job's X-ray in a few words; `act`: what the row's link says; `out`: what
    is said of a letter that left the queue and whose row stays a while longer, None for one that is there."""
    now = store.now
    return LinesModel(
        key=lambda row: row.line.id,
        cells=[
            lambda row: (
                cell.status(*left, tip="It left the queue. How, is in the journal.")
                if (left := out(row.line.id)) is not None
                else cell.status(*state_of(row.line, now(), row.facets.reason), tip=row.line.problem)
            ),
            lambda row: _customer(row, store.state("jobs")),
            lambda row: cell.mono(row.line.job_id) if row.line.job_id else cell.NONE,
            lambda row: cell.words(
                spans.ago(row.line.letter.sent_at, now()), tip=spans.moment(row.line.letter.sent_at)
            ),
            lambda row: cell.number(row.line.letter.receive_count, "secondary"),
            lambda row: _clock(row.line.expires_at, now()),
            lambda row: cell.words(seen(row.line.job_id), "secondary", tip=seen(row.line.job_id)),
            lambda row: cell.words(summary(row.line), "tertiary" if row.line.problem else "secondary"),
            lambda row: act(row.line),
        ],
        sort_keys=[
            lambda row: (bool(row.line.problem), row.facets.reason),
            lambda row: row.business.lower(),
            lambda row: row.line.job_id,
            lambda row: -(row.line.letter.sent_at or 0.0),
            lambda row: row.line.letter.receive_count,
            lambda row: row.line.expires_at or 0.0,
            None,
            None,
            None,
        ],
        words=lambda row: f"{state_of(row.line, now(), row.facets.reason)[1]}, {row.business}, {summary(row.line)}",
        parent=parent,
    )


def groups_model(now: Callable[[], float], parent: QObject) -> LinesModel[Group]:
    """A model of groups by key."""
    return LinesModel(
        key=lambda group: group.key,
        cells=[
            lambda group: cell.name(group.words),
            lambda group: cell.number(len(group.ids)),
            lambda group: cell.number(group.jobs, "secondary"),
            lambda group: cell.words(spans.ago(group.oldest, now()), tip=spans.moment(group.oldest)),
            lambda group: _clock(group.soonest, now()),
            lambda _: cell.link("Show"),
        ],
        sort_keys=[
            lambda group: group.words.lower(),
            lambda group: -len(group.ids),
            lambda group: -group.jobs,
            lambda group: -(group.oldest or 0.0),
            lambda group: group.soonest or 0.0,
            None,
        ],
        words=lambda group: f"{group.words}, {len(group.ids)} letters",
        parent=parent,
    )


def _customer(row: Row, jobs: TableState) -> cell.Cell:
    """`jobs`: how far the jobs are read; before that nobody knows which ones there are."""
    if row.business:
        return cell.name(row.business)
    if not row.line.job_id:
        return cell.NONE
    if not jobs.loaded:
        return cell.words("not read", "tertiary", jobs.problem or "The jobs are being read.")
    return cell.words("no such job", "tertiary", "No job with this id is known.")


def _clock(expires_at: float | None, now: float) -> cell.Cell:
    """How long the queue still keeps it; loud once it is close."""
    if expires_at is None:
        return cell.words("—", tip="The queue doesn't say how long it keeps its messages, or when this one was sent.")
    words, when = expires(expires_at, now), spans.moment(expires_at)
    if expires_at - now < CLOSE:
        return cell.status("stale", words, tip=f"The queue drops it for good at {when}: replay or archive it before.")
    return cell.words(words, tip=when)
