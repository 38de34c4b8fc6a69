"""A box that offers some choices, with a chevron."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyledItemDelegate, QStyleOptionComboBox, QWidget

from services.domain.text import one_line
from widgets.look import fonts, icons, metrics, theme
from widgets.parts.label import tip


class Choice(QComboBox):
    """`chosen` tells the key when a person chooses; `show_choices` keeps the chosen one if it is still there."""

    chosen = Signal(str)

    def __init__(self, nothing: str = "", parent: QWidget | None = None, *, name: str = "") -> None:
        """`nothing`: the words while there is no choice; `name`: what is chosen, for a reader of the screen."""
        super().__init__(parent)
        self.setAccessibleName(name or nothing)
        self._nothing = nothing
        self.setFont(fonts.font("body"))
        self.setItemDelegate(QStyledItemDelegate(self))  # the style sheet reaches only this one's rows
        self.view().setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(14)
        self.activated.connect(lambda _: self.chosen.emit(self.key()))

    def show_choices(self, choices: Sequence[tuple[str, str]]) -> None:
        """(key, words) in the order to offer them."""
        offered = [(self.itemData(row), self.itemText(row)) for row in range(self.count())]
        fresh = [(key, one_line(words, 120)) for key, words in choices]
        if fresh == offered:
            return
        held = self.key()
        self.blockSignals(True)
        self.clear()
        for key, words in fresh:
            self.addItem(words, key)
        self.setCurrentIndex(max(self.findData(held), 0) if fresh else -1)
        self.blockSignals(False)
        self.update()

    def key(self) -> str:
        """The key that is chosen, "" for none."""
        return str(self.currentData() or "")

    def choose(self, key: str) -> None:
        """Choose without telling anybody; a key that isn't offered changes nothing."""
        row = self.findData(key)
        if row >= 0:
            self.setCurrentIndex(row)

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        painter = QPainter(self)
        self.style().drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option, painter, self)
        metric = fonts.measure("body")
        words = self.currentText() or self._nothing
        tone = "primary" if self.currentText() and self.isEnabled() else "tertiary"
        painter.setFont(self.font())
        painter.setPen(theme.current().tone(tone))
        space = self.width() - metrics.px(8 + 26)
        baseline = (self.height() - metric.height()) / 2 + metric.ascent()
        fitted = metric.elidedText(words, Qt.TextElideMode.ElideRight, space)
        tip(self, "" if fitted == words else words)
        painter.drawText(QPointF(metrics.px(8), baseline), fitted)
        size = metrics.px(14)
        icons.paint(
            painter,
            "chevron-down",
            self.width() - size - metrics.px(8),
            (self.height() - size) / 2,
            "text.tertiary",
            size,
        )
        painter.end()
