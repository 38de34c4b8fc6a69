"""The page that a run is on: its address, and the newest picture of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from services.domain.paths import inside
from widgets.look import metrics, theme
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel, label, say
from widgets.parts.link import OpenButton
from widgets.parts.segments import Segments
from widgets.parts.surface import Surface
from widgets.parts.touch_picture import TouchPicture

_SHAPE: Final = 800 / 1280
_SIDES: Final = 2 * 16
_ABOVE: Final = 12 + 28 + 10 + 12


class Stage(QWidget):
    """Pictures are read once for each new path, and only from below `data_dir`."""

    def __init__(self, data_dir: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data_dir = data_dir
        self._path = ""
        self._rate = ""
        self._step = ("", "")
        self._when = Segments([("after", "After"), ("before", "Before")])
        self._when.chosen.connect(lambda _: self.show_step(*self._step))
        self._when.hide()
        self._lock = GlyphLabel("", "", icon="lock", under="surface.sunken")
        self.address = ElidedLabel("", "mono")
        self.open_button = OpenButton()
        self._scale = label("", "small", "tertiary")
        self.picture = TouchPicture("No picture yet")
        bar = _Bar("surface.sunken")
        bar.setFixedHeight(metrics.px(metrics.CONTROL))
        inner = QHBoxLayout(bar)
        inner.setContentsMargins(metrics.px(8), 0, metrics.px(8), 0)
        inner.setSpacing(metrics.px(8))
        inner.addWidget(self._lock)
        inner.addWidget(self.address, 1)
        inner.addWidget(self.open_button)
        row = QHBoxLayout()
        row.setSpacing(metrics.px(8))
        row.addWidget(bar, 1)
        row.addWidget(self._scale)
        row.addWidget(self._when)
        column = QVBoxLayout(self)
        column.setContentsMargins(metrics.px(16), metrics.px(12), metrics.px(16), metrics.px(12))
        column.setSpacing(metrics.px(10))
        column.addLayout(row)
        column.addWidget(self.picture, 1)
        self.show_address("")

    def show_address(self, url: str) -> None:
        """Show where the form is."""
        self.address.say(url or "No address", "primary" if url else "tertiary")
        self._lock.setVisible(url.startswith("https://"))
        self.open_button.show_address(url)

    def show_picture(self, path: str, nothing: str = "No picture yet") -> None:
        """Show a picture of the disk; `nothing` are the words where `path` is ""."""
        self._when.hide()
        if path and path == self._path:
            return
        self._path = path
        self._rate = ""
        if not path:
            self.picture.clear(nothing)
        elif (place := inside(self._data_dir, path)) is None:
            self.picture.clear("This picture is elsewhere")
        else:
            self.picture.show_file(place)
        self._say_scale()

    def show_frame(self, data: bytes, rate: int) -> None:
        """Show the page as it is now; `rate`: frames that came within the last second."""
        self._path = ""
        self._rate = f"{rate} frame{'s' if rate != 1 else ''}/s, "
        self._when.hide()
        self.picture.show_frame(data)
        self._say_scale()

    def show_step(self, before: str, after: str) -> None:
        """Show a step's picture: the page after it, or before it where a person wants that."""
        self._step = (before, after)
        self.show_picture(before if self._when.current() == "before" else after, "No picture of this step")
        self._when.show()

    def has_picture(self) -> bool:
        """True while a picture is shown."""
        return self.picture.has_picture()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # No taller than a picture of this width is: what is below takes the rest.
        self.setMaximumHeight(round((self.width() - metrics.px(_SIDES)) * _SHAPE) + metrics.px(_ABOVE))
        self._say_scale()

    def _say_scale(self) -> None:
        size = self.picture.picture_size()
        if size.isEmpty():
            self._scale.hide()
            return
        room = (self.width() - metrics.px(_SIDES), self.height() - metrics.px(_ABOVE))
        share = min(room[0] / size.width(), room[1] / size.height())
        self._scale.show()
        say(self._scale, f"{self._rate}{size.width()} × {size.height()} at {round(share * 100)} %")


class _Bar(Surface):
    """The ground of the address, framed as an input is."""

    def __init__(self, surface: str) -> None:
        super().__init__(surface, "tblr", line="line.normal")
        theme.switch.changed.connect(self.update)
