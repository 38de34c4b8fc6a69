"""Whatever the keyboard gets to has a name for a reader of the screen: the rule that every test of a window keeps."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QCheckBox, QFileDialog, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from shiboken6 import delete

from tests.leaks.names import nameless
from widgets.look import theme
from widgets.parts.choice import Choice
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface


def test_what_has_no_name_is_found(qt_app: QApplication) -> None:
    window = QWidget()
    column = QVBoxLayout(window)
    hidden, dialog, named = QPushButton(""), QFileDialog(window), QLineEdit()
    named.setAccessibleName("Reason")
    parts: list[QWidget] = [QLineEdit(), QPushButton(""), QCheckBox("Trace"), hidden, named, Choice(), QLabel("")]
    for part in parts:
        column.addWidget(part)
    hidden.hide()
    assert nameless(window) == ["Choice in QWidget", "QLineEdit in QWidget", "QPushButton in QWidget"]
    delete(dialog)
    delete(window)


def test_a_sheet_names_all_that_it_asks_for(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    body = Surface("surface.page")
    body.show()
    sheet = ConfirmSheet(body, "Retry 3 in PRODUCTION", "", "Retry 3", reason=True, typed="production", danger=True)
    assert nameless(body) == []
    boxes = [box.accessibleName() for box in sheet.findChildren(QLineEdit) if box.isVisible()]
    assert boxes == ["Reason", "Type production"]
    sheet.cancel()
    body.close()
