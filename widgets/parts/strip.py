"""A line of parts side by side."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from widgets.look import metrics


def strip(ground: QWidget, *parts: QWidget, margin: int = 0) -> QWidget:
    """`ground` with these parts on it, 28 px high; the last is as wide as there is room."""
    ground.setFixedHeight(metrics.px(28))
    row = QHBoxLayout(ground)
    row.setContentsMargins(metrics.px(margin), 0, metrics.px(margin), 0)
    row.setSpacing(metrics.px(8))
    for part in parts:
        row.addWidget(part)
    row.setStretch(len(parts) - 1, 1)
    return ground
