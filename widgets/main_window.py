"""The frame around the pages: environment, rail, drawer, status bar.

window = MainWindow("local", [PageEntry("jobs", "Jobs", "list-checks", jobs_page, key="j"), ...])
window.closing.connect(...)   # the person closed the window: it is hidden, the loop shuts down
window.show_page("jobs"); window.bar.link.show_state("live", "Live"); window.rail.set_badge("dlq", 40)
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from widgets.look import metrics, theme
from widgets.parts.drawer import Drawer
from widgets.parts.rail import Rail, RailEntry
from widgets.parts.search_box import SearchBox
from widgets.parts.status_bar import StatusBar, environment_token
from widgets.parts.surface import Surface
from widgets.parts.toast import Toasts


class PageEntry(msgspec.Struct, frozen=True):
    """One page: its name in code, its words, a Lucide icon, its widget, the letter after `g`.

    `foot`: at the lower end of the rail. `hidden`: reached from other pages, not from the rail.
    """

    name: str
    words: str
    icon: str
    widget: QWidget
    key: str = ""
    foot: bool = False
    hidden: bool = False


class MainWindow(QWidget):
    """One window with a 2 px frame in the environment's colour. `page_shown` tells the name of the page."""

    closing = Signal()
    page_shown = Signal(str)

    def __init__(
        self,
        environment: str,
        pages: Sequence[PageEntry],
        *,
        title: str = "Directory-Bolt",
        read_only: bool = False,
        state_file: Path | None = None,
    ) -> None:
        """`state_file` keeps size, place and rail between starts; None forgets them."""
        super().__init__()
        self._environment = environment_token(environment)
        self._state_file = state_file
        self._title = title
        self._pages: dict[str, PageEntry] = {}
        self._keys: list[QShortcut] = []
        self._closing = False
        self.setWindowTitle(f"{title} — {environment.upper()}")
        self.setMinimumSize(QSize(metrics.px(1024), metrics.px(640)))
        self.resize(metrics.px(1440), metrics.px(900))
        self.rail = Rail([], brand=title)
        self.bar = StatusBar(environment, read_only=read_only)
        self.drawer = Drawer()
        self.body = Surface()
        """Everything above the status bar: sheets and toasts are children of it."""
        self.stack = QStackedWidget()
        self._lay_out()
        self.toasts = Toasts(self.body, self.drawer)
        QShortcut(QKeySequence(Qt.Key.Key_Slash), self).activated.connect(self.focus_search)
        self.set_pages(pages)
        self._restore()

    def set_pages(self, pages: Sequence[PageEntry]) -> None:
        """Show other pages than before, the first of them in front."""
        for entry in self._pages.values():
            self.stack.removeWidget(entry.widget)
            entry.widget.hide()
        self._pages = {entry.name: entry for entry in pages}
        entries = [
            RailEntry(entry.name, entry.words, entry.icon, f"g {entry.key}" if entry.key else "", entry.foot)
            for entry in pages
            if not entry.hidden
        ]
        rail = Rail(entries, brand=self._title)
        rail.set_open(self.rail.is_open)
        rail.chosen.connect(self.show_page)
        self._row.replaceWidget(self.rail, rail)
        self.rail.deleteLater()
        self.rail = rail
        for entry in pages:
            self.stack.addWidget(entry.widget)
        for shortcut in self._keys:
            shortcut.deleteLater()
        self._keys = []
        for entry in pages:
            if entry.key:
                pressed = QShortcut(QKeySequence(f"G, {entry.key.upper()}"), self)
                pressed.activated.connect(lambda name=entry.name: self.show_page(name))
                self._keys.append(pressed)
        if pages:
            self.show_page(pages[0].name)

    def show_page(self, name: str) -> None:
        """Bring a page to the front; KeyError for one that does not exist."""
        entry = self._pages[name]
        self.stack.setCurrentWidget(entry.widget)
        entry.widget.setFocus(Qt.FocusReason.OtherFocusReason)
        if not entry.hidden:
            self.rail.set_current(name)
        self.page_shown.emit(name)

    def current_page(self) -> str:
        """The name of the page in front."""
        shown = self.stack.currentWidget()
        return next((name for name, entry in self._pages.items() if entry.widget is shown), "")

    def focus_search(self) -> None:
        """Put the cursor into the search box of the page in front, if it has one."""
        page = self.stack.currentWidget()
        box = next((box for box in page.findChildren(SearchBox) if box.isVisible()), None) if page else None
        if box is not None:
            box.take_focus()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colour = theme.current().colour(self._environment)
        frame, width, height = metrics.FRAME, self.width(), self.height()
        painter.fillRect(0, 0, width, frame, colour)
        painter.fillRect(0, height - frame, width, frame, colour)
        painter.fillRect(0, 0, frame, height, colour)
        painter.fillRect(width - frame, 0, frame, height, colour)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.update()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing:
            event.accept()
            return
        self._closing = True
        self._remember()
        event.ignore()
        self.hide()
        self.closing.emit()

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.stack, 1)
        column.addWidget(self.drawer)
        row = self._row = QHBoxLayout(self.body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(column, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(metrics.FRAME, metrics.FRAME, metrics.FRAME, metrics.FRAME)
        whole.setSpacing(0)
        whole.addWidget(self.body, 1)
        whole.addWidget(self.bar)

    def _remember(self) -> None:
        if self._state_file is None:
            return
        kept = self.normalGeometry() if self.isMaximized() else self.geometry()
        state = {
            "place": [kept.x(), kept.y(), kept.width(), kept.height()],
            "maximized": self.isMaximized(),
            "rail": self.rail.is_open,
        }
        with contextlib.suppress(OSError):
            self._state_file.parent.mkdir(parents=True, exist_ok=True)
            self._state_file.write_text(json.dumps(state), encoding="utf-8")

    def _restore(self) -> None:
        if self._state_file is None:
            return
        try:
            state = json.loads(self._state_file.read_text(encoding="utf-8"))
            left, top, width, height = (int(number) for number in state["place"])
            rail, maximized = bool(state["rail"]), bool(state["maximized"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        self.resize(max(width, self.minimumWidth()), max(height, self.minimumHeight()))
        if any(screen.availableGeometry().contains(left + 40, top + 20) for screen in QGuiApplication.screens()):
            self.move(left, top)
        self.rail.set_open(rail)
        if maximized:
            self.setWindowState(Qt.WindowState.WindowMaximized)
