"""The heads of a table: small grey words over one hairline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QHeaderView

from widgets.look import fonts, icons, metrics, theme
from widgets.parts import check_box

if TYPE_CHECKING:
    from widgets.parts.table import Table


class TableHeader(QHeaderView):
    """Paints titles from the table's columns; the sorted one is darker and has a chevron."""

    def __init__(self, table: Table) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self._table = table
        self._looks: tuple[object, ...] = ()
        """What the picture depends on."""
        self._picture = QPixmap()
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(8)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(0, metrics.px(metrics.HEAD))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._table.checks and event.position().x() < self._table.check_edge():
            self._table.toggle_all()
            return
        super().mousePressEvent(event)

    def paintEvent(self, event: object) -> None:
        """Qt asks for it whenever rows take other places: drawn anew only when it is another picture."""
        sections = [
            (index, self.sectionViewportPosition(index), self.sectionSize(index))
            for index in range(self.count())
            if not self.isSectionHidden(index)
        ]
        table, ratio = self._table, self.devicePixelRatioF()
        share = table.checked_share() if table.checks else 0.0
        looks = (sections, table.sorted_by, table.descending, share, self.size(), ratio, theme.current())
        if looks != self._looks:
            self._looks, self._picture = looks, QPixmap(self.viewport().size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            with QPainter(self._picture) as painter:
                self._draw(painter, sections, share)
        with QPainter(self.viewport()) as painter:
            painter.drawPixmap(0, 0, self._picture)

    def _draw(self, painter: QPainter, sections: list[tuple[int, int, int]], share: float) -> None:
        shown = theme.current()
        painter.fillRect(self.viewport().rect(), shown.colour("surface.page"))
        for index, left, width in sections:
            self._paint_title(painter, index, QRect(left, 0, width, self.height()))
        if self._table.checks:
            check_box.paint(painter, metrics.px(16), self.height() // 2, share)
        painter.setPen(QPen(shown.colour("line.normal"), 0))
        bottom = self.height() - 1
        painter.drawLine(0, bottom, self.width(), bottom)

    def _paint_title(self, painter: QPainter, index: int, section: QRect) -> None:
        column = self._table.columns[index]
        rect = self._table.content(index, section)
        sorted_here = self._table.sorted_by == index
        chevron = metrics.px(13) if sorted_here else 0
        metric = fonts.measure("micro", 500)
        text = metric.elidedText(column.title, Qt.TextElideMode.ElideRight, rect.width() - chevron)
        width = metric.horizontalAdvance(text)
        left = rect.right() + 1 - width - chevron if column.right else rect.left()
        painter.setFont(fonts.font("micro", 500))
        painter.setPen(theme.current().colour("text.primary" if sorted_here else "text.tertiary"))
        baseline = (self.height() - metric.height()) / 2 + metric.ascent()
        painter.drawText(QPointF(left, baseline), text)
        if sorted_here:
            name = "chevron-down" if self._table.descending else "chevron-up"
            size = metrics.px(12)
            icons.paint(painter, name, left + width + 1, (self.height() - size) / 2, "text.primary", size, "2")
