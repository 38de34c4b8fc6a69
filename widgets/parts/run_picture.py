"""The picture that a run left: on this disk, in the project's storage, on the web, or out of reach.

part = RunPicture(data_dir, desk.pictures)
part.show_where(line.screenshot_url)     # "" for none
part.refresh()                           # once a frame: what was being read may have come
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from services.domain.paths import inside
from widgets.look import metrics
from widgets.parts.label import label, say
from widgets.parts.link import LinkRow
from widgets.parts.picture import Picture


class Remote(Protocol):
    """Pictures of the project's storage."""

    version: int

    def owns(self, address: str) -> bool:
        """Whether this address is one of them."""
        ...

    def of(self, address: str) -> bytes | str | None:
        """The picture, why it can't be seen, or None while it is being read."""
        ...

    def forget(self, address: str) -> None:
        """Ask anew where it could not be seen."""
        ...


class RunPicture(QWidget):
    """The picture, and words or a link where it isn't shown."""

    def __init__(self, data_dir: Path, remote: Remote, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data_dir = data_dir
        self._remote = remote
        self._where = ""
        self._seen = -1
        self.picture = Picture("No picture")
        self.words = label("", "small", "tertiary", wrap=True)
        self.link = LinkRow()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(metrics.px(6))
        column.addWidget(self.picture)
        column.addWidget(self.words)
        column.addWidget(self.link)
        self._say("")

    def show_where(self, where: str, none: str = "No picture was taken") -> None:
        """Show the picture that lies there, "" for none: a path of this disk or an address.

        `none`: what is said where there is none.
        """
        if where == self._where and self.picture.has_picture():
            return
        self._where = where
        self._seen = self._remote.version
        words = web = ""
        if not where:
            self.picture.clear(none)
        elif self._remote.owns(where):
            self._remote.forget(where)
            self._show_remote()
            return
        elif where.lower().startswith(("http:", "https:")):
            self.picture.clear("The picture is on the web")
            web = where
        elif (file := inside(self._data_dir, where)) is None:
            self.picture.clear("On the worker's own disk")
            words = f"{where} can't be reached from here."
        elif not self.picture.show_file(file):
            self.picture.clear("The picture is gone")
            words = where
        self._say(words, web)

    def refresh(self) -> None:
        """Show what has come meanwhile."""
        if self._remote.version != self._seen and self._where and self._remote.owns(self._where):
            self._seen = self._remote.version
            self._show_remote()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _show_remote(self) -> None:
        found = self._remote.of(self._where)
        if found is None:
            self.picture.clear("Reading the picture")
        elif isinstance(found, str):
            self.picture.clear("The picture can't be seen")
        elif not self.picture.show_bytes(found):
            self.picture.clear("The picture can't be read")
        self._say(found if isinstance(found, str) else "")

    def _say(self, words: str, web: str = "") -> None:
        self.link.show_address(web)
        self.link.setVisible(bool(web))
        say(self.words, words)
        self.words.setVisible(bool(words))
