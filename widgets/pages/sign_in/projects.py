"""The list of places that one can sign in to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from services.domain.text import one_line
from widgets.look import fonts, metrics, theme
from widgets.parts.button import Button
from widgets.parts.label import label, tip
from widgets.parts.surface import Surface


class Place(NamedTuple):
    """One line: its key, name, kind (local, staging, production) and what stands under the name."""

    key: str
    name: str
    kind: str
    under: str


class Places(Surface):
    """`chosen` tells the key; `wanted` that another project is to be added."""

    chosen = Signal(str)
    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.window", "r", parent)
        self.setFixedWidth(metrics.px(280))
        self._shown: tuple[Place, ...] = ()
        self.buttons: dict[str, PlaceButton] = {}
        self.add_button = Button("Add a project", "quiet")
        self.add_button.clicked.connect(self.wanted)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(metrics.px(8), metrics.px(20), metrics.px(9), metrics.px(16))
        self._column.setSpacing(metrics.px(2))
        head = label("Where to", "small", "secondary", 600)
        head.setContentsMargins(metrics.px(10), 0, 0, metrics.px(6))
        self._column.addWidget(head)
        self._column.addSpacing(0)
        self._column.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addStretch(1)

    def show_places(self, places: Sequence[Place], current: str) -> None:
        """These, with one of them chosen; "" for none."""
        if tuple(places) != self._shown:
            self._shown = tuple(places)
            for gone in self.buttons.values():
                gone.hide()
                gone.deleteLater()
            self.buttons = {place.key: PlaceButton(place) for place in places}
            for number, (key, button) in enumerate(self.buttons.items()):
                self._column.insertWidget(number + 1, button)
                button.clicked.connect(lambda _=False, key=key: self.chosen.emit(key))
        for key, button in self.buttons.items():
            button.setChecked(key == current)


class PlaceButton(QAbstractButton):
    """The environment's colour, its name, and what stands under it."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place
        self.setCheckable(True)
        self.setAccessibleName(f"{place.name}, {place.kind}, {place.under}")
        tip(self, f"{place.name}, {place.under}")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def nextCheckState(self) -> None:
        """The list decides what is chosen."""

    def sizeHint(self) -> QSize:
        return QSize(metrics.px(240), metrics.px(48))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, shown = QPainter(self), theme.current()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = "surface.selected" if self.isChecked() else "surface.hover" if self.underMouse() else ""
        painter.setPen(Qt.PenStyle.NoPen)
        if ground:
            painter.setBrush(shown.colour(ground))
            painter.drawRoundedRect(self.rect(), 4, 4)
        painter.setBrush(shown.colour(theme.environment_token(self._place.kind)))
        painter.drawRoundedRect(metrics.px(10), metrics.px(9), metrics.px(4), self.height() - metrics.px(18), 2, 2)
        left, width = metrics.px(24), self.width() - metrics.px(34)
        for words, role, weight, tone, top in (
            (self._place.name, "body", 600, "primary", 6), (self._place.under, "small", 400, "secondary", 26),
        ):  # fmt: skip
            metric = fonts.measure(role, weight)  # type: ignore[arg-type]
            painter.setFont(fonts.font(role, weight))  # type: ignore[arg-type]
            painter.setPen(shown.tone(tone))
            line = metric.elidedText(one_line(words, 120), Qt.TextElideMode.ElideRight, width)
            painter.drawText(QPointF(left, metrics.px(top) + metric.ascent()), line)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(shown.colour("accent.focus"), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
        painter.end()
