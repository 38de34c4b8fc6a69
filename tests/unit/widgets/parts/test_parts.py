"""The parts that pages are made of, one by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from tests.unit.widgets.waiting import focused, in_front, under, wait_for
from widgets.look import theme
from widgets.parts.button import Button
from widgets.parts.chart import ThroughputChart, nice_step
from widgets.parts.faces import Faces
from widgets.parts.focus_ring import FocusRing
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.hops import Hop, HopsView
from widgets.parts.json_tree import JsonTree
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.link_badge import LinkBadge
from widgets.parts.picture import Picture
from widgets.parts.search_box import SearchBox
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.stat import Stat, StatRow
from widgets.parts.surface import Surface
from widgets.parts.tabs import Tab, TabRow
from widgets.parts.toast import Toasts

HOSTILE = "<img src='/etc/x'>\u202egnp.\n\x00 & <b>"


@pytest.fixture(autouse=True)
def _light(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)


def focused_line(box: SearchBox) -> QWidget:
    box.take_focus()
    return focused()


def shown(part: QWidget, width: int = 400, height: int = 120) -> QWidget:
    part.resize(width, height)
    return in_front(part)


def test_text_from_outside_stays_plain_and_on_one_line() -> None:
    made = label(HOSTILE)
    assert made.textFormat() == Qt.TextFormat.PlainText
    assert made.text() == "<img src='/etc/x'> gnp. & <b>"
    elided = ElidedLabel(HOSTILE * 5)
    shown(elided, 60, 20).grab()
    assert "<" not in elided.toolTip()
    assert "&lt;img" in elided.toolTip()


def test_a_short_name_tells_its_whole_one() -> None:
    elided = ElidedLabel()
    elided.resize(400, 20)
    for whole in ("staff:68c2c7a8-1111", ""):
        elided.say("staff 68c2c7a8", whole=whole)
        elided.grab()
        assert elided.toolTip() == whole


def test_a_label_changes_its_tone() -> None:
    made = label("3 failed")
    shown(made).grab()
    say(made, "3 failed", "failed")
    assert made.palette().windowText().color().name() == theme.current().hex("status.failed.text").lower()


def test_a_button_that_is_off_says_why() -> None:
    button = Button("Retry failed", icon="rotate-ccw", key="⇧R", small=True)
    button.set_off("needs role <admin>")
    assert not button.isEnabled()
    assert button.toolTip() == "needs role &lt;admin&gt;"
    button.set_off("Joe's Bar & Grill is paused")
    assert button.toolTip() == "Joe's Bar & Grill is paused"
    button.set_off("")
    assert button.isEnabled()
    assert button.sizeHint().height() == 24


def test_tabs_tell_what_a_person_chose_and_keep_quiet_otherwise() -> None:
    tabs = TabRow([Tab("all", "All"), Tab("failed", "Failed", "failed")])
    tabs.set_counts({"all": 1284, "failed": 29})
    shown(tabs, 600, 36)
    told: list[str] = []
    tabs.chosen.connect(told.append)
    tabs.choose("failed")
    assert (tabs.current(), told) == ("failed", [])
    QTest.mouseClick(under(tabs, 20, 18), Qt.MouseButton.LeftButton, pos=QPoint(20, 18))
    assert (tabs.current(), told) == ("all", ["all"])


def test_the_search_box_waits_for_a_pause_and_esc_clears() -> None:
    box = SearchBox("Search")
    shown(box, 300, 28)
    told: list[str] = []
    box.changed.connect(told.append)
    line = focused_line(box)
    QTest.keyClicks(line, "dent")
    assert told == []
    assert wait_for(lambda: told == ["dent"])
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert (box.text(), told) == ("", ["dent", ""])


def test_the_link_badge_calls_only_live_live() -> None:
    badge = LinkBadge()
    badge.show_state("reconnecting", "Reconnecting since 14:02:11", "attempt 4")
    assert (badge.words(), badge.toolTip()) == ("Reconnecting since 14:02:11", "attempt 4")
    offline = shown(badge, 200, 20).grab().toImage()
    badge.show_state("live", "Live")
    assert badge.grab().toImage() != offline


def test_faces_say_which_kind_of_nothing() -> None:
    content = label("rows")
    faces = Faces(content)
    shown(faces, 500, 300)
    pressed: list[bool] = []
    faces.pressed.connect(lambda: pressed.append(True))
    faces.show_loading()
    assert faces.currentWidget() is content
    faces.show_face("The database did not answer.", "Lists are old.", shape="failed", act="Try again", raw="boom")
    assert faces.face_words() == "The database did not answer."
    next(button for button in faces.findChildren(Button) if button.words() == "Try again").click()
    assert pressed == [True]
    faces.show_content()
    assert (faces.currentWidget(), faces.face_words()) == (content, "")


def test_loading_bars_come_only_after_a_while() -> None:
    faces = Faces(label("rows"))
    shown(faces, 500, 300)
    before = faces.grab().toImage()
    faces.show_loading()
    assert faces.grab().toImage() == before
    assert wait_for(lambda: faces.grab().toImage() != before)


def confirm(body: Surface, **more: object) -> tuple[ConfirmSheet, list[str], Callable[[str], Button]]:
    sheet = ConfirmSheet(body, "Retry 3 in STAGING", "Of one job.", "Retry 3", **more)  # type: ignore[arg-type]
    told: list[str] = []
    sheet.confirmed.connect(told.append)
    sheet.cancelled.connect(lambda: told.append("cancelled"))
    return sheet, told, lambda words: next(b for b in sheet.findChildren(Button) if b.words() == words)


def test_a_sheet_gives_the_focus_back_when_it_ends(qt_app: QApplication) -> None:
    body = Surface()
    line, other = QLineEdit(body), QLineEdit(body)
    other.move(0, 40)
    shown(body, 900, 600)
    for held in (line, other):
        held.setFocus()
        sheet, told, _ = confirm(body)
        QTest.keyClick(sheet, Qt.Key.Key_Escape)
        assert (held.hasFocus(), told) == (True, ["cancelled"])


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Escape])
def test_a_search_box_tells_when_the_keys_belong_to_the_list_again(qt_app: QApplication, key: Qt.Key) -> None:
    box = SearchBox("Search")
    shown(box, 300, 28)
    told: list[str] = []
    box.left.connect(lambda: told.append(box.text()))
    box.take_focus()
    QTest.keyClicks(focused(), "oak")
    if key == Qt.Key.Key_Escape:
        QTest.keyClick(focused(), key)
        assert told == []
    QTest.keyClick(focused(), key)
    assert told == ["" if key == Qt.Key.Key_Escape else "oak"]


def test_a_toast_stays_above_what_its_foot_becomes(qt_app: QApplication) -> None:
    body = Surface()
    foot = QWidget(body)
    foot.setGeometry(0, 568, 900, 32)
    shown(body, 900, 600)
    toast = Toasts(body, foot).say("Done")
    foot.setGeometry(0, 460, 900, 140)
    assert wait_for(lambda: toast.geometry().bottom() < 460)


def test_a_button_takes_the_focus_from_tab_and_not_from_a_click(qt_app: QApplication) -> None:
    policy = Button("Run").focusPolicy()
    assert policy & Qt.FocusPolicy.TabFocus
    assert not policy & Qt.FocusPolicy.ClickFocus & ~Qt.FocusPolicy.TabFocus


def test_a_sheet_asks_for_reason_and_name_before_it_confirms(qt_app: QApplication) -> None:
    body = Surface()
    shown(body, 900, 600)
    sheet, told, button = confirm(body, reason=True, typed="STAGING", facts=[("send", "3 will submit")])
    reason, name = sheet.findChildren(QLineEdit)
    assert button("Cancel").hasFocus()
    assert not button("Retry 3").isEnabled()
    reason.setText("phone corrected")
    name.setText("staging")
    assert not button("Retry 3").isEnabled()
    name.setText("STAGING")
    button("Retry 3").click()
    assert told == ["phone corrected"]


def test_esc_cancels_a_sheet_and_tab_stays_inside(qt_app: QApplication) -> None:
    body = Surface()
    shown(body, 900, 600)
    sheet, told, _ = confirm(body)
    for _ in range(3):
        QTest.keyClick(focused(), Qt.Key.Key_Tab)
        assert sheet.isAncestorOf(focused())
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert told == ["cancelled"]
    assert not sheet.isVisible()


def test_a_toast_goes_by_itself_or_when_its_act_is_pressed() -> None:
    body = Surface()
    shown(body, 900, 600)
    foot = QWidget(body)
    foot.setGeometry(0, 568, 900, 32)
    toasts = Toasts(body, foot)
    undone: list[bool] = []
    short = toasts.say("18 replayed, 2 skipped", seconds=0.2)
    long = toasts.say("Replaying 1", act="Undo", pressed=lambda: undone.append(True), seconds=60)
    assert long.geometry().bottom() < 568
    assert short.geometry().bottom() < long.geometry().top()
    gone: list[bool] = []
    short.destroyed.connect(lambda: gone.append(True))
    assert wait_for(lambda: bool(gone))
    long.button.click()
    assert undone == [True]
    assert not long.isVisible()


def test_stats_are_pressed_by_key() -> None:
    row = StatRow()
    row.show_stats([Stat("pending", "Pending", "38"), Stat("failed", "Failed", "29", "3 today", "failed")])
    shown(row, 400, 87)
    told: list[str] = []
    row.pressed.connect(told.append)
    QTest.mouseClick(under(row, 300, 40), Qt.MouseButton.LeftButton)
    assert told == ["failed"]


def test_a_silent_gap_is_named_for_eye_and_ear() -> None:
    hops = HopsView()
    hops.show_hops(
        [Hop("Flow triggered", "13:44", "ok", "5 min 12", "silent"), Hop("Flow started", "13:49", "ok", way="none")]
    )
    assert "silent for 5 min 12" in hops.accessibleName()
    image = shown(hops, 500, 54).grab().toImage()
    red = theme.current().hex("status.failed.mark").lower()
    assert sum(image.pixelColor(x, y).name() == red for x in range(500) for y in range(16)) > 20


def test_a_long_name_in_a_head_ends_in_an_ellipsis_and_is_whole_in_its_tip() -> None:
    name = GlyphLabel("failed", "<b>hofladen</b>-verzeichnis-niederoesterreich-und-burgenland.example", elides=True)
    shown(name, 120, 20)
    name.grab()
    assert name.toolTip() == name.words().replace("<", "&lt;").replace(">", "&gt;")
    name.say("a.example")
    name.grab()
    assert name.toolTip() == ""
    name.close()


def test_the_chart_draws_up_and_down() -> None:
    chart = ThroughputChart(lambda moment: "13:03")
    shown(chart, 500, 200)
    chart.show_minutes([60.0 * n for n in range(10)], [5] * 10, [2] * 10)
    red = QColor(theme.current().hex("status.failed.mark"))

    def counted(fits: Callable[[QColor], bool]) -> int:
        image = chart.grab().toImage()
        return sum(fits(image.pixelColor(x, y)) for x in range(60, 460) for y in range(200))

    assert wait_for(lambda: counted(lambda colour: colour == red) > 500)
    assert counted(lambda colour: colour.green() > colour.red() + 60) > 2000
    assert chart.accessibleName() == "Submissions per minute: 50 submitted, 20 failed"


@pytest.mark.parametrize(("highest", "lowest"), [(3, 1), (28, 8), (100, 0), (7, 900), (12345, 678)])
def test_a_chart_never_has_more_than_four_lines(highest: int, lowest: int) -> None:
    step = nice_step(highest, lowest)
    assert 1 <= highest // step + lowest // step <= 4
    assert int(str(step).rstrip("0")) in (1, 2, 5)


def test_a_picture_keeps_its_proportions_and_refuses_rubbish() -> None:
    picture = Picture()
    assert not picture.show_bytes(b"no picture")
    image = QImage(400, 200, QImage.Format.Format_RGB32)
    image.fill(QColor("#123456"))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    assert picture.show_bytes(bytes(data.data()))
    drawn = shown(picture, 300, 300).grab().toImage()
    assert drawn.pixelColor(150, 75).name() == "#123456"
    assert drawn.pixelColor(150, 200).name() != "#123456"


def test_json_is_shown_as_plain_rows_and_stays_bounded() -> None:
    tree = JsonTree()
    tree.show_value({"name": HOSTILE, "many": list(range(20000)), "nothing": None})
    model = tree.model()
    assert model.index(0, 1).data() == "\"<img src='/etc/x'> gnp.\\n\\u0000 & <b>\""
    assert model.index(1, 1).data() == "[20000]"
    assert model.rowCount(model.index(1, 0)) <= 501
    assert model.index(2, 1).data() == "null"


@pytest.mark.parametrize(
    ("reason", "ring"),
    [
        (Qt.FocusReason.TabFocusReason, True),
        (Qt.FocusReason.PopupFocusReason, True),
        (Qt.FocusReason.MouseFocusReason, False),
        (Qt.FocusReason.OtherFocusReason, False),  # a page that comes to the front starts somewhere
    ],
)
def test_a_button_wears_a_ring_when_the_keyboard_gets_to_it(reason: Qt.FocusReason, ring: bool) -> None:
    ground = QWidget()
    first, button = QLineEdit(ground), Button("Check again", parent=ground)
    shown(ground)
    first.setFocus()
    button.setFocus(reason)
    assert focused() is button
    assert bool(ground.findChildren(FocusRing)) is ring
    ground.close()


def test_what_a_sheet_counts_none_of_is_grey(qt_app: QApplication) -> None:
    over = Surface()
    shown(over, 700, 400)
    sheet = ConfirmSheet(over, "Retry", "", "Retry", facts=[("unknown", "2 unknown"), ("blocked", "0 blocked")])
    tones = {part.words(): part._tone for part in sheet.findChildren(GlyphLabel)}
    assert tones == {"2 unknown": "unknown", "0 blocked": "tertiary"}
    sheet.cancel()
    over.close()


def test_a_sheet_shows_all_of_its_words(qt_app: QApplication) -> None:
    over = Surface()
    shown(over, 900, 600)
    long = "Rate 1/s, first 1, 2, 5, 20 jobs; stops above 20% failures. Written to the audit first"
    sheet = ConfirmSheet(over, f"Retry {long}", long, "Retry 40 (12 s)", foot=long, beside=Button("Export plan"))
    for part in sheet.findChildren(QLabel):
        words = part.fontMetrics().boundingRect(part.contentsRect(), int(Qt.TextFlag.TextWordWrap), part.text())
        assert part.contentsRect().contains(words), part.text()
    sheet.cancel()
    over.close()
