"""The rows of the Activity page: what each column shows of a line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.models.activity_lines import ActivityLine, place
from app.models.table_model import LinesModel
from services.domain.event_words import worker_words
from widgets.parts import cell, spans
from widgets.parts.columns import Column

COLUMNS = (
    Column("When", 58, sorts=False),
    Column("Who", 96, stretch=0.3, sorts=False),
    Column("What", 176, sorts=False),
    Column("Customer", 130, stretch=0.5, sorts=False),
    Column("Directory", 120, stretch=0.5, sorts=False, drops=2),
    Column("Result", 190, stretch=1.6, sorts=False),
    Column("Why", 110, stretch=0.8, sorts=False, drops=1),
)


def _who(line: ActivityLine) -> cell.Cell:
    return cell.words(_named(line).partition("@")[0], "primary" if line.by_staff else "tertiary", line.who)


def _named(line: ActivityLine) -> str:
    return line.who if line.by_staff else worker_words(line.who)


def activity_model(
    now: Callable[[], float], customer: Callable[[ActivityLine], str], parent: QObject | None = None
) -> LinesModel[ActivityLine]:
    """A model of lines, newest first. `now` is the server's clock, `customer` gives the name of a line's customer."""
    return LinesModel(
        key=lambda line: line.key,
        cells=[
            lambda line: cell.words(spans.ago(line.at, now()), "tertiary", spans.moment(line.at)),
            _who,
            lambda line: cell.status(line.shape, line.what),
            lambda line: cell.name(found) if (found := customer(line)) else cell.NONE,
            lambda line: cell.words(line.directory),
            lambda line: cell.words(line.result, cell.word_tone(line.shape) if line.wrong else "secondary"),
            lambda line: cell.words(line.why, "primary"),
        ],
        sort_keys=[place],
        words=lambda line: ", ".join(
            part for part in (_named(line), line.what, customer(line), line.directory, line.result, line.why) if part
        ),
        parent=parent,
    )
