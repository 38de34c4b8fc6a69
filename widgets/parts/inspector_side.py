"""The inspector at the right of a page, narrower beside a page that has little room."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from widgets.look import metrics
from widgets.parts.surface import Surface

_NARROW: Final = 320
_ROOMY: Final = 1000
"""From this width of the page on, it takes its full width."""


class Side(Surface):
    """Follows the width of its parent, the page."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", "l", parent)
        self.setFixedWidth(metrics.px(metrics.INSPECTOR))
        self._page: QObject | None = None

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ParentChange:
            if self._page is not None:
                self._page.removeEventFilter(self)
            self._page = self.parentWidget()
            if self._page is not None:
                self._page.installEventFilter(self)
        return super().event(event)

    def eventFilter(self, page: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(page, QWidget):
            self.setFixedWidth(metrics.px(metrics.INSPECTOR if page.width() >= metrics.px(_ROOMY) else _NARROW))
        return False
