"""A case in a window of its own: it needs no project and no sign-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.models.table_model import LinesModel
from services.domain.case_file import Case
from widgets.look import metrics
from widgets.pages.case import rows
from widgets.parts import spans
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.head import PageHead
from widgets.parts.json_tree import JsonTree
from widgets.parts.label import label, name_window
from widgets.parts.picture import Picture
from widgets.parts.scrolled import scrolled
from widgets.parts.section import section
from widgets.parts.surface import Surface
from widgets.parts.table import Table
from widgets.parts.tabs import Tab, TabRow

TABS: Final = (
    Tab("directories", "Directories"), Tab("timeline", "Timeline"), Tab("runs", "Runs"),
    Tab("decisions", "Decisions"), Tab("left_out", "Not in it"),
)  # fmt: skip
_NOTHING: Final = {
    "directories": "No directories are in this case.",
    "timeline": "No events are in this case.",
    "runs": "No runs are in this case.",
    "decisions": "Nobody decided anything.",
    "left_out": "All that was known is in this case.",
}
_WIDTH: Final = 1180
_HEIGHT: Final = 760


class CaseWindow(Surface):
    """Shows a case that was read; nothing in it can be pressed but what looks at another part of it."""

    def __init__(self, case: Case, pictures: Mapping[str, bytes], parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self.setWindowFlag(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name_window(self, f"Case: {case.business}")
        self.resize(metrics.px(_WIDTH), metrics.px(_HEIGHT))
        self._pictures = pictures
        made = {
            "directories": (rows.DIRECTORIES, rows.directories(case)),
            "timeline": (rows.MOMENTS, rows.moments(case.timeline)),
            "runs": (rows.RUNS, rows.runs(case)),
            "decisions": (rows.MOMENTS, rows.moments(case.decisions)),
            "left_out": (rows.LEFT_OUT, rows.left_out(case)),
        }
        self.lists = {tab.key: _List(tab.words, *made[tab.key], _NOTHING[tab.key]) for tab in TABS}
        self.tabs = TabRow(TABS)
        self.tabs.set_counts({key: len(lines) for key, (_, lines) in made.items()} | {"runs": len(case.runs)})
        self.tabs.chosen.connect(self.choose)
        self._stack = QStackedWidget()
        for part in self.lists.values():
            self._stack.addWidget(part)
            part.table.current_moved.connect(lambda _: self._show_beside())
        self.picture = Picture("No picture")
        self.tree = JsonTree()
        self.tree.setMinimumHeight(metrics.px(320))
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        self._lay_out(case)
        self.choose("directories")

    def choose(self, key: str) -> None:
        """Bring one side of the case into view."""
        self.tabs.choose(key)
        self._stack.setCurrentWidget(self.lists[key])
        self.lists[key].table.setFocus(Qt.FocusReason.OtherFocusReason)
        self._show_beside()

    def _show_beside(self) -> None:
        row = self.lists[self.tabs.current()].current()
        data = self._pictures.get(row.picture, b"") if row is not None else b""
        if not data:
            self.picture.clear("No picture of this")
        elif not self.picture.show_bytes(data):
            self.picture.clear("The picture can't be read")
        self.tree.show_value(row.value if row is not None else {})

    def _lay_out(self, case: Case) -> None:
        head = PageHead(case.business)
        status = f"{case.status}, {case.environment.upper()}" if case.environment else case.status
        head.add(label(status, "body", "secondary"))
        head.add_stretch()
        by = f"Written {spans.moment(case.made_at)} by {case.made_by or 'nobody named'}"
        head.add(label(by, "small", "tertiary"))
        facts = Surface("surface.page", "b")
        line = QHBoxLayout(facts)
        line.setContentsMargins(metrics.px(16), metrics.px(6), metrics.px(16), metrics.px(6))
        line.setSpacing(metrics.px(16))
        for name, value in case.facts.items():
            line.addWidget(label(name, "small", "tertiary"))
            line.addWidget(label(value, "small", "primary"))
        line.addStretch(1)
        inner = Surface("surface.page")
        side = QVBoxLayout(inner)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        side.addWidget(section(label("Picture", "small", "tertiary"), self.picture))
        side.addWidget(section(label("All that is known of it", "small", "tertiary"), self.tree, last=True), 1)
        scroll = scrolled(inner, "What is known of it")
        beside = Surface("surface.page", "l")
        beside.setFixedWidth(metrics.px(metrics.INSPECTOR))
        around = QVBoxLayout(beside)
        around.setContentsMargins(1, 0, 0, 0)
        around.addWidget(scroll)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.tabs)
        left.addWidget(self._stack, 1)
        lower = QHBoxLayout()
        lower.setSpacing(0)
        lower.addLayout(left, 1)
        lower.addWidget(beside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(head)
        whole.addWidget(facts)
        whole.addLayout(lower, 1)


class _List(QWidget):
    """One tab's table."""

    def __init__(self, name: str, columns: Sequence[Column], lines: Sequence[rows.Row], nothing: str) -> None:
        super().__init__()
        self.table = Table(columns, many=False, name=name)
        self._model: LinesModel[rows.Row] = LinesModel(
            key=lambda row: f"{row.number:06}",
            cells=[lambda row, at=at: row.cells[at] for at in range(len(columns))],  # type: ignore[misc]
            sort_keys=[None] * len(columns),
            words=lambda row: ", ".join(one.text for one in row.cells if one.text),
            parent=self,
        )
        self.table.setModel(self._model)
        self._model.reset(list(lines))
        faces = Faces(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(faces)
        if lines:
            faces.show_content()
            self.table.go_to(0)
        else:
            faces.show_face(nothing)

    def current(self) -> rows.Row | None:
        """The row that is chosen."""
        row = self.table.current_row()
        return self._model.line(row) if 0 <= row < self._model.rowCount() else None
