"""What is higher than its place, with a bar to scroll it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from widgets.parts.focus_ring import InnerRing


def scrolled(inner: QWidget, name: str, *, sideways: bool = True, by_tab: bool = True) -> QScrollArea:
    """`inner` in an area as wide as there is room; `name`: what that is, for a reader of the screen.

    Not `sideways`: what is too wide is cut off. Not `by_tab`: the keyboard passes over the area, to what is in it.
    """
    area = QScrollArea()
    area.setAccessibleName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    if not sideways:
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    if by_tab:
        InnerRing(area)
    else:
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(inner)
    return area
