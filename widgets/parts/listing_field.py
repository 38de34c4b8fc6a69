"""The address at which somebody found a listing, typed into a sheet; it may be left out."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from services.domain.links import read_link
from widgets.look import metrics
from widgets.parts.field import Field


class ListingField(QWidget):
    """`wrong` tells why what is typed is no address, "" where it is one or nothing is."""

    wrong = Signal(str)

    def __init__(self, address: str = "", parent: QWidget | None = None) -> None:
        """`address`: what is known already."""
        super().__init__(parent)
        self.field = Field("Address of the listing", placeholder="https://", help_words="May be left out.")
        self.field.put(address)
        self.field.changed.connect(lambda _: self._look())
        column = QVBoxLayout(self)
        edge = metrics.px(20)
        column.setContentsMargins(edge, metrics.px(12), edge, metrics.px(8))
        column.addWidget(self.field)

    def address(self) -> str:
        """What is typed, without spaces around it; "" for nothing."""
        return self.field.text().strip()

    def _look(self) -> None:
        why = ""
        if self.address():
            try:
                read_link(self.address())
            except ValueError as error:
                why = str(error)
        self.field.say("wrong" if why else "", why)
        self.wrong.emit(why)
