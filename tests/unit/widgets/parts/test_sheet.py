"""A sheet that asks has room for what comes into it while it is open."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from widgets.parts.listing_field import ListingField
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface


def test_a_sheet_grows_with_what_is_in_it(qt_app: QApplication) -> None:
    room = QWidget()
    room.resize(1000, 700)
    body = Surface("surface.page", parent=room)
    body.resize(room.size())
    room.show()
    found = ListingField()
    sheet = ConfirmSheet(body, "Declare", "It was submitted.", "Declare", inside=found)
    [inside] = sheet.findChildren(QScrollArea)
    QCoreApplication.processEvents()
    before = inside.height()
    found.field.box.setText("no address")
    QCoreApplication.processEvents()
    assert inside.height() > before
    assert inside.verticalScrollBar().maximum() == 0
    room.close()
