"""What the page of a job tells in words: its events, and why there is no picture."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from PySide6.QtWidgets import QApplication

from app.actions.pictures import Pictures
from app.store.lines import DirectoryLine
from services.domain.records import HistoryEvent
from tests.fakes.pictures import FakePictures
from widgets.pages.job.activity import ActivityList
from widgets.pages.job.inspector import Inspector
from widgets.parts.cell import Cell

HOST = "mapnook.localhost"


def event(number: int, kind: str, **details: object) -> HistoryEvent:
    return HistoryEvent.from_row(
        {"id": number, "job_id": "j1", "event": kind, "details": details, "created_at": "2026-01-01T10:00:00Z"}
    )


def test_events_are_told_in_words_with_all_that_was_written_behind_them(qt_app: QApplication) -> None:
    made = ActivityList()
    made.show_job([event(1, "submitting"), event(2, "job_finalized", submitted=2), event(3, "odd_one", x=1)])
    rows = [[cast("Cell", made.model.cell(row, column)) for column in (1, 3)] for row in range(3)]
    assert [(what.text, what.shape, told.text) for what, told in rows] == [
        ("Odd one", "waiting", '{"x": 1}'), ("Job ended", "ok", "2 submitted"), ("Submitting", "waiting", ""),
    ]  # fmt: skip
    assert rows[1][1].tip == '{"submitted": 2}'
    made.close()


def test_a_directory_that_is_being_tried_has_no_picture_yet(qt_app: QApplication, tmp_path: Path) -> None:
    inspector = Inspector(tmp_path, Pictures(FakePictures()))
    for outcome, words in (("running", "No picture yet"), ("failed", "No picture was taken")):
        inspector.show_line(DirectoryLine("j1", HOST, outcome=outcome))
        assert inspector.picture.picture._words == words
    inspector.close()
