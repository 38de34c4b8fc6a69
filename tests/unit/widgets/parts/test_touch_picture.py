"""A picture that a person can use tells where in it the mouse is and how far the wheel went."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from widgets.parts.touch_picture import TouchPicture


def wheel(picture: TouchPicture, at: QPoint, turned: int) -> None:
    QApplication.sendEvent(
        picture,
        QWheelEvent(
            QPointF(at), QPointF(picture.mapToGlobal(at)), QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        ),
    )  # fmt: skip


def test_what_the_mouse_does_is_told_while_it_may_be_used_and_only_within_the_picture(qt_app: QApplication) -> None:
    picture = TouchPicture()
    picture.resize(400, 300)
    picture.show()
    buffer = QBuffer()
    page = QImage(40, 30, QImage.Format.Format_RGB32)
    page.fill(Qt.GlobalColor.white)
    assert page.save(buffer, "PNG")  # type: ignore[call-overload]
    assert picture.show_bytes(bytes(buffer.data().data()))
    told: list[tuple[str, float]] = []
    picture.moused.connect(lambda what, _x, _y, scroll: told.append((what, scroll)))
    middle = picture.place().center()
    QTest.mouseMove(picture, middle)
    wheel(picture, middle, 120)
    assert told == []
    picture.touch("hands")
    QTest.mouseMove(picture, middle + QPoint(1, 1))
    wheel(picture, middle, -120)
    wheel(picture, QPoint(-5, -5), -120)
    assert told == [("move", 0.0), ("wheel", 120.0)]
    picture.close()
