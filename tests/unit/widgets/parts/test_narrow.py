"""Where there is little room: what gives way, and that what is cut is whole in a tool tip."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from tests.unit.widgets.waiting import in_front
from widgets.look import metrics, theme
from widgets.main_window import MainWindow, PageEntry
from widgets.parts import spans
from widgets.parts.button import Button
from widgets.parts.cell import Bar
from widgets.parts.check_box import CheckBox
from widgets.parts.choice import Choice
from widgets.parts.fate_list import FateList, FateRow
from widgets.parts.hops import Hop, HopsView
from widgets.parts.inspector_side import Side
from widgets.parts.label import label, say
from widgets.parts.outcome_bars import OutcomeBar, OutcomeBars
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

WORD = "https://mapnook.example/" + "a-long-way/" * 20


@pytest.fixture(autouse=True)
def _light(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)


@pytest.fixture
def column(qt_app: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    QVBoxLayout(made)
    yield made
    made.close()


def shown(column: QWidget, part: QWidget, wide: int = 240) -> None:
    layout = column.layout()
    assert layout is not None
    layout.addWidget(part)
    column.resize(wide, 400)
    in_front(column)
    QApplication.processEvents()


def test_a_long_word_breaks_and_pushes_nothing_out(column: QWidget) -> None:
    part = label(f"It went to {WORD}", wrap=True)
    shown(column, part)
    assert (part.text(), part.toolTip()) == (f"It went to {WORD}", "")
    assert column.minimumSizeHint().width() < 240
    assert part.heightForWidth(200) > 4 * part.fontMetrics().height(), "all of it is there"


def test_a_long_word_to_be_copied_stays_whole_in_the_tip(column: QWidget) -> None:
    part = label(f"It went to {WORD}", wrap=True, selectable=True)
    shown(column, part)
    assert column.minimumSizeHint().width() < 240
    assert part.toolTip() == f"It went to {WORD}"
    say(part, "It went well.")
    assert part.toolTip() == ""


def test_an_inspector_is_narrower_beside_a_narrow_page(column: QWidget) -> None:
    page = QWidget()
    row = QHBoxLayout(page)
    row.addWidget(QWidget(), 1)
    side = Side()
    row.addWidget(side)
    shown(column, page, 1400)
    assert side.width() == metrics.px(metrics.INSPECTOR)
    column.resize(700, 400)
    QApplication.processEvents()
    assert side.width() < metrics.px(metrics.INSPECTOR)


def test_the_rail_closes_for_want_of_room_and_opens_again(qt_app: QApplication) -> None:
    kept: dict[str, object] = {}
    window = MainWindow("local", [PageEntry("a", "A", "activity", QWidget())], kept=kept)
    for wide, is_open in ((1400, True), (1030, False), (1400, True)):
        window.resize(wide, 700)
        in_front(window)
        assert (window.rail.is_open, kept.get("rail", True)) == (is_open, True)
    window.rail.set_open(False)
    for wide in (1030, 1400):
        window.resize(wide, 700)
        QApplication.processEvents()
        assert not window.rail.is_open, "a person has closed it"
    window.close()


@pytest.mark.parametrize("kind", ["outcomes", "fates", "hops"])
def test_what_is_painted_has_its_whole_words_in_the_tip(kind: str, column: QWidget) -> None:
    bars, fates, hops = OutcomeBars(), FateList([FateRow("ok", "Will submit", WORD, "it is on the list")]), HopsView()
    bars.show_rows([OutcomeBar(WORD, Bar((("ok", 1),), 1), "100.0 %"), OutcomeBar("a", Bar((("ok", 1),), 1), "0.0 %")])
    hops.show_hops([Hop("Paid", "12:00:00", "ok", moment="2026-03-04 12:00:00 UTC"), Hop("Queued", "not yet", "ok")])
    part, pointed, told = {
        "outcomes": (bars, bars, WORD),
        "fates": (fates, fates._list, f"Will submit, {WORD}, it is on the list"),
        "hops": (hops, hops, "Paid: 2026-03-04 12:00:00 UTC"),
    }[kind]
    shown(column, part, 400)
    QTest.mouseMove(pointed, QPoint(40, 10))
    assert pointed.toolTip() == told


def test_a_choice_that_is_cut_is_whole_in_the_tip(column: QWidget) -> None:
    choice = Choice("Choose a directory")
    choice.show_choices([("a", WORD), ("b", "b.example")])
    shown(column, choice, 200)
    choice.grab()
    assert choice.toolTip() == WORD[:119] + "…"
    choice.choose("b")
    choice.grab()
    assert choice.toolTip() == ""


def test_in_a_low_window_a_sheet_scrolls_and_its_buttons_stay(qt_app: QApplication) -> None:
    body = Surface()
    body.resize(900, 420)
    inside = QWidget()
    rows = QVBoxLayout(inside)
    boxes = [CheckBox(f"Box {number}") for number in range(30)]
    for box in boxes:
        rows.addWidget(box)
    in_front(body)
    sheet = ConfirmSheet(body, "Replay 30", "To LOCAL.", "Replay 30", reason=True, inside=inside, stops=boxes)
    QApplication.processEvents()

    def seen(part: QWidget) -> bool:
        place = QRect(part.mapTo(body, QPoint(0, 0)), part.size())
        return part.visibleRegion().boundingRect() == part.rect() and body.rect().contains(place)

    assert all(seen(button) for button in sheet.findChildren(Button) if button.isVisible())
    assert not seen(boxes[-1])
    boxes[-2].setFocus()
    QTest.keyClick(boxes[-2], Qt.Key.Key_Tab)
    assert boxes[-1].hasFocus()
    assert seen(boxes[-1]), "the keyboard brings it into view"
    sheet.cancel()
    # Where there is room, it is as high as what is in it.
    body.resize(900, 1400)
    few = QLabel("One")
    few.setFixedHeight(50)
    sheet = ConfirmSheet(body, "Replay 1", "To LOCAL.", "Replay 1", inside=few)
    QApplication.processEvents()
    assert (few.height(), seen(few)) == (50, True)
    around = few.parentWidget()
    assert around is not None
    assert around.height() == 50
    sheet.cancel()
    body.close()


def test_a_time_of_another_day_says_the_day() -> None:
    now = datetime.now().astimezone().replace(hour=12, minute=30, second=5)
    before = now - timedelta(days=3)
    assert (spans.when(now.timestamp()), spans.hour(now.timestamp())) == ("12:30:05", "12:30")
    assert spans.when(before.timestamp()) == f"{before:%d %b}"
    assert spans.hour(before.timestamp()) == f"{before:%d %b}, 12:30"
    assert spans.day_clock(before.timestamp()) == f"{before:%d %b}, 12:30:05"
    assert (spans.when(None), spans.hour(None), spans.day_clock(None)) == ("—", "—", "—")
