"""A section of an inspector: parts below each other, a hairline under them."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from widgets.look import metrics
from widgets.parts.surface import Surface


def section(*parts: QWidget | QLayout, last: bool = False) -> QWidget:
    """`last`: without the hairline."""
    ground = Surface("surface.page", "" if last else "b")
    column = QVBoxLayout(ground)
    column.setContentsMargins(metrics.px(16), metrics.px(12), metrics.px(16), metrics.px(12))
    column.setSpacing(metrics.px(6))
    for part in parts:
        if isinstance(part, QLayout):
            column.addLayout(part)
        else:
            column.addWidget(part)
    return ground
