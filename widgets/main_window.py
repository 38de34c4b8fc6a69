"""What the window holds around the pages: rail, drawer, status bar.

window = MainWindow("local", [PageEntry("jobs", "Jobs", "list-checks", jobs_page, key="j"), ...])
window.show_page("jobs"); window.bar.link.show_state("live", "Live"); window.rail.set_badge("dlq", 40)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from widgets.look import metrics
from widgets.pages.case import CaseDoor
from widgets.parts.drawer import Drawer
from widgets.parts.fault_band import FaultBand
from widgets.parts.first_focus import first_of
from widgets.parts.rail import Rail, RailEntry
from widgets.parts.search_box import SearchBox
from widgets.parts.status_bar import StatusBar
from widgets.parts.surface import Surface
from widgets.parts.toast import Toasts

_ROOMY: Final = 1200
"""From this width of the window on, the rail has its words."""


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
    """Fills a `widgets.frame.Frame`. `page_shown` tells the name of the page."""

    page_shown = Signal(str)

    def __init__(
        self,
        environment: str,
        pages: Sequence[PageEntry],
        *,
        title: str = "Directory-Bolt",
        read_only: bool = False,
        kept: dict[str, Any] | None = None,
    ) -> None:
        """`kept` is read now and written when the person changes something that the next start should find."""
        super().__init__()
        self._kept = kept if kept is not None else {}
        self._title = title
        self._pages: dict[str, PageEntry] = {}
        self._keys: list[QShortcut] = []
        self.rail = Rail([], brand=title)
        self.rail.set_open(bool(self._kept.get("rail", True)))
        self.bar = StatusBar(environment, read_only=read_only)
        self.faults = FaultBand()
        self.drawer = Drawer()
        self.body = Surface()
        """Everything above the status bar: sheets and toasts are children of it."""
        self.stack = QStackedWidget()
        self._lay_out()
        self.toasts = Toasts(self.body, self.drawer)
        self.cases = CaseDoor(self.body, self.toasts)
        self.bar.case_button.clicked.connect(self.cases.ask)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Open), self).activated.connect(self.cases.ask)
        QShortcut(QKeySequence(Qt.Key.Key_Slash), self).activated.connect(self.focus_search)
        self.set_pages(pages)

    def set_pages(self, pages: Sequence[PageEntry], in_front: str = "") -> None:
        """Show other pages than before, the one named `in_front` or the first of them in front."""
        stay = {id(entry.widget) for entry in pages}
        gone = [entry.widget for entry in self._pages.values() if id(entry.widget) not in stay]
        self._pages = {entry.name: entry for entry in pages}
        entries = [
            RailEntry(entry.name, entry.words, entry.icon, f"g {entry.key}" if entry.key else "", entry.foot)
            for entry in pages
            if not entry.hidden
        ]
        rail = Rail(entries, brand=self._title)
        rail.set_open(self.rail.is_open)
        rail.chosen.connect(self.show_page)
        rail.opened.connect(lambda is_open: self._kept.update({self._rail_key(): is_open}))
        self._row.replaceWidget(self.rail, rail)
        self.rail.deleteLater()
        self.rail = rail
        for entry in pages:
            self.add_widget(entry.widget)
        for shortcut in self._keys:
            shortcut.deleteLater()
        self._keys = []
        for entry in pages:
            if entry.key:
                pressed = QShortcut(QKeySequence(f"G, {entry.key.upper()}"), self)
                pressed.activated.connect(lambda name=entry.name: self.show_page(name))
                self._keys.append(pressed)
        if pages:
            self.show_page(in_front or pages[0].name)
        # Last, for to take the page in front away would show the next of the old ones.
        for page in gone:
            self.stack.removeWidget(page)
            page.hide()

    def add_widget(self, page: QWidget) -> None:
        """Take a page in ahead of `set_pages`, so that a window with many pages can do it one by one."""
        if self.stack.indexOf(page) < 0:
            self.stack.addWidget(page)

    def show_page(self, name: str) -> None:
        """Bring a page to the front; KeyError for one that does not exist."""
        entry = self._pages[name]
        self.stack.setCurrentWidget(entry.widget)
        self.focus_page(entry.widget)
        if not entry.hidden:
            self.rail.set_current(name)
        self.page_shown.emit(name)

    def focus_page(self, page: QWidget) -> None:
        """Give the keyboard to the page. One whose list isn't there yet waits for it: the stack holds it meanwhile, and
        not the search box, where the next key would be taken for text."""
        wanted = first_of(page)
        (wanted if wanted.isVisibleTo(page) else self.stack).setFocus(Qt.FocusReason.OtherFocusReason)

    def current_page(self) -> str:
        """The name of the page in front."""
        shown = self.stack.currentWidget()
        return next((name for name, entry in self._pages.items() if entry.widget is shown), "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        was, narrow = event.oldSize().width() < metrics.px(_ROOMY), event.size().width() < metrics.px(_ROOMY)
        if was != narrow or event.oldSize().width() < 0:
            self.rail.show_open(bool(self._kept.get(self._rail_key(), not narrow)))

    def _rail_key(self) -> str:
        """Under which it is kept whether the rail is wanted open: in a narrow window there is less room for it."""
        return "rail" if self.width() >= metrics.px(_ROOMY) else "rail_narrow"

    def set_keys_on(self, on: bool) -> None:
        """Whether the window's own shortcuts are heard."""
        for shortcut in self.findChildren(QShortcut, options=Qt.FindChildOption.FindDirectChildrenOnly):
            shortcut.setEnabled(on)

    def focus_search(self) -> None:
        """Put the cursor into the search box of the page in front, if it has one."""
        page = self.stack.currentWidget()
        box = next((box for box in page.findChildren(SearchBox) if box.isVisible()), None) if page else None
        if box is not None:
            box.take_focus()

    def _lay_out(self) -> None:
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.faults)
        column.addWidget(self.stack, 1)
        column.addWidget(self.drawer)
        row = self._row = QHBoxLayout(self.body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(column, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.body, 1)
        whole.addWidget(self.bar)
