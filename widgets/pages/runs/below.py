"""What stands below the picture of a run: panels behind tabs, each with its count."""

from __future__ import annotations

from typing import Final, Protocol, cast

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.actions.run_state import RunState
from widgets.look import metrics
from widgets.pages.runs.logs import ConsoleLog, NetworkLog
from widgets.pages.runs.requests import Requests
from widgets.parts.tabs import Tab, TabRow

TABS: Final = (Tab("sent", "Would be sent"), Tab("console", "Console"), Tab("network", "Network"))


class Panel(Protocol):
    """A widget that shows one side of a run."""

    def show_run(self, state: RunState | None) -> None:
        """Show a run; None while there is no run of what is chosen."""
        ...

    def count(self, state: RunState | None) -> int | None:
        """The number beside the tab's words, None for none."""
        ...


class Below(QWidget):
    """Only the panel that is in view is kept up to date; the counts of all of them are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state: RunState | None = None
        self.requests, self.console, self.network = Requests(), ConsoleLog(), NetworkLog()
        self._panels: dict[str, Panel] = {"sent": self.requests, "console": self.console, "network": self.network}
        self.tabs = TabRow(TABS)
        self.tabs.chosen.connect(self.choose)
        self._stack = QStackedWidget()
        for panel in self._panels.values():
            self._stack.addWidget(cast("QWidget", panel))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self._stack, 1)
        self.setMinimumHeight(metrics.px(metrics.BAR + 28 + 2 * 28 + 76))

    def choose(self, key: str) -> None:
        """Bring a panel into view."""
        self.tabs.choose(key)
        panel = self._panels[key]
        panel.show_run(self._state)
        self._stack.setCurrentWidget(cast("QWidget", panel))

    def show_run(self, state: RunState | None) -> None:
        """Show a run; None while there is no run of what is chosen."""
        self._state = state
        self.tabs.set_counts({key: panel.count(state) for key, panel in self._panels.items()})
        self._panels[self.tabs.current()].show_run(state)
