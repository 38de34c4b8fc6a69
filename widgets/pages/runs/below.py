"""What stands below the picture of a run: panels behind tabs, each with its count."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, Protocol, Self, cast

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.actions.forms import Drift
from app.actions.run_state import RunState
from app.desk import Desk
from app.store.lines import DirectoryLine
from widgets.look import metrics
from widgets.pages.runs.comparing import Comparing
from widgets.pages.runs.form_panel import FormPanel
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

    def __init__(
        self,
        *more: tuple[Tab, Panel],
        first: tuple[Requests, ConsoleLog, NetworkLog] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """`first`: the three that every run has, made anew by default; `more`: panels behind them."""
        super().__init__(parent)
        self._state: RunState | None = None
        self._form: FormPanel | None = None
        self.requests, self.console, self.network = first or (Requests(), ConsoleLog(), NetworkLog())
        self._panels: dict[str, Panel] = {"sent": self.requests, "console": self.console, "network": self.network}
        self._panels |= {tab.key: panel for tab, panel in more}
        self.tabs = TabRow([*TABS, *(tab for tab, _ in more)])
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

    @classmethod
    def in_turns(cls, desk: Desk) -> Generator[None, None, Self]:
        """Build it in turns of the loop, with the panels that also look at what the project knows of the directory."""
        requests, console = Requests(), ConsoleLog()
        yield
        network, comparing = NetworkLog(), Comparing()
        yield
        form = FormPanel(desk)
        yield
        made = cls(
            (Tab("compare", "Compare"), comparing),
            (Tab("form", "Form"), form),
            first=(requests, console, network),
        )
        made._form = form
        return made

    def drift(self, state: RunState | None) -> Drift | None:
        """How the form of the chosen directory differs, as a run saw it or as it is kept; None where neither is."""
        return self._form.drift(state) if self._form is not None else None

    def panel(self, key: str) -> Panel:
        """The panel behind a tab."""
        return self._panels[key]

    def show_line(self, line: DirectoryLine | None) -> None:
        """Say which directory is chosen."""
        for panel in self._panels.values():
            if isinstance(panel, Comparing | FormPanel):
                panel.show_line(line)

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
