"""The one way out of the window: an address from outside, opened in the browser when it may be.

row = LinkRow(); row.show_address("https://example.com/listing/1")   # the address as text, and the button
button = OpenButton(); button.show_address("...")                   # the button alone, for where the text is
"""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QWidget

from services.domain.links import Link, read_link
from widgets.look import metrics
from widgets.parts.button import Button
from widgets.parts.label import ElidedLabel, tip


class OpenButton(Button):
    """Names the host that it leads to; off with the reason where an address must not be opened."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(icon="external-link", look="quiet", small=True, tip="Open in the browser", parent=parent)
        self._url = QUrl()
        self.address = ""
        """As it would be opened, all ASCII, so that a look-alike of a known name shows; as it came where it isn't."""
        self.clicked.connect(lambda: QDesktopServices.openUrl(self._url))
        self.show_address("")

    def show_address(self, text: str) -> None:
        """Lead to an address of anybody's; "" for none."""
        self.setVisible(bool(text))
        self.address = text
        try:
            link = read_link(text)
            self._url = _as_qt_reads_it(link)
        except ValueError as why:
            self.set_off(str(why))
        else:
            self.address = link.url
            self.set_off("")
            tip(self, f"Open {link.host} in the browser")


def open_page(address: str) -> None:
    """Show a page that this program serves itself."""
    QDesktopServices.openUrl(QUrl(address, QUrl.ParsingMode.StrictMode))


class LinkRow(QWidget):
    """The address as text, and the button that opens it."""

    def __init__(self, nothing: str = "—", parent: QWidget | None = None) -> None:
        """`nothing`: what stands there without an address."""
        super().__init__(parent)
        self._nothing = nothing
        self.words = ElidedLabel(nothing, "mono", "secondary")
        self.button = OpenButton()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(metrics.px(4))
        row.addWidget(self.words, 1)
        row.addWidget(self.button)

    def show_address(self, text: str) -> None:
        """Show an address of anybody's; "" for none."""
        self.button.show_address(text)
        self.words.say(self.button.address or self._nothing)


def _as_qt_reads_it(link: Link) -> QUrl:
    """Raises ValueError where Qt would ask for another host than the one that is shown."""
    url = QUrl(link.url, QUrl.ParsingMode.StrictMode)
    host = url.host(QUrl.ComponentFormattingOption.FullyEncoded)
    host = f"[{host}]" if ":" in host else host
    if not url.isValid() or link.host != (host if url.port() == -1 else f"{host}:{url.port()}"):
        raise ValueError("This is no web address.")
    return url
