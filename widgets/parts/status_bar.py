"""The bar at the foot of the window: where one is, and how fresh what one sees is."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from widgets.look import fonts, metrics, theme
from widgets.parts.button import Button
from widgets.parts.label import label, say, tip
from widgets.parts.link_badge import LinkBadge
from widgets.parts.person_cell import PersonCell
from widgets.parts.surface import Surface


class EnvironmentCell(QWidget):
    """The filled first cell: the environment's name in capitals, READ ONLY behind it."""

    def __init__(self, environment: str, read_only: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._read_only = read_only
        self._font = fonts.font("micro", 600)
        self._font.setLetterSpacing(self._font.SpacingType.AbsoluteSpacing, 0.3)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.show_environment(environment)

    def show_environment(self, environment: str) -> None:
        """Take the name and the colour of an environment."""
        self._token = theme.environment_token(environment)
        self._words = (environment or "unknown").upper() + ("  READ ONLY" if self._read_only else "")
        self.setAccessibleName(self._words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = fonts.measure("micro", 600).horizontalAdvance(self._words) + round(0.3 * len(self._words))
        return QSize(width + metrics.px(24), metrics.px(metrics.STATUS_BAR))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.current().colour(self._token))
        painter.setFont(self._font)
        painter.setPen(theme.current().colour("env.on_env"))
        metric = fonts.measure("micro", 600)
        baseline = (self.height() - metric.height()) / 2 + metric.ascent()
        painter.drawText(QPointF(metrics.px(12), baseline), self._words)
        painter.end()


class StatusBar(Surface):
    """24 px; never covered by anything."""

    def __init__(self, environment: str, *, read_only: bool = False, parent: QWidget | None = None) -> None:
        super().__init__("surface.window", "t", parent)
        self.setFixedHeight(metrics.px(metrics.STATUS_BAR))
        self.link = LinkBadge("micro", under="surface.window")
        self._event = label("", "micro", "secondary")
        self._zone = label("", "micro", "secondary")
        self.person = PersonCell()
        self.case_button = Button(
            "Open a case…", "link", small=True, tip="Show a case file, without any sign-in (Ctrl+O)"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.environment = EnvironmentCell(environment, read_only)
        row.addWidget(self.environment)
        self._link_cell = _cell(self.link, "r")
        row.addWidget(self._link_cell)
        self._event_cell = _cell(self._event, "r")
        row.addWidget(self._event_cell)
        row.addStretch(1)
        row.addWidget(self.case_button)
        row.addSpacing(metrics.px(8))
        self._zone_cell = _cell(self._zone, "l")
        row.addWidget(self._zone_cell)
        row.addWidget(self.person)
        for part in (self._link_cell, self._event_cell, self._zone_cell):
            part.hide()

    def show_link(self, shown: bool) -> None:
        """Whether there is a link to speak of; its words come through `link`."""
        self._link_cell.setVisible(shown)

    def show_last_event(self, words: str) -> None:
        """Such as "Last event 0.4 s ago"; "" hides the cell."""
        self._show(self._event, self._event_cell, words)

    def show_zone(self, words: str, why: str = "") -> None:
        """In which zone times are shown, such as "Local time, UTC+2"."""
        self._show(self._zone, self._zone_cell, words)
        tip(self._zone, why)

    def _show(self, shown: QLabel, cell: QWidget, words: str) -> None:
        say(shown, words)
        cell.setVisible(bool(words))


def _cell(part: QWidget, line: str) -> QWidget:
    cell = Surface("surface.window", line + "t")
    row = QHBoxLayout(cell)
    row.setContentsMargins(metrics.px(10), 1, metrics.px(10), 0)
    row.addWidget(part)
    return cell
