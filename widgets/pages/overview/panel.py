"""A panel of the overview: a head with "as of", then its content or a face in its place."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.store.store import Store
from widgets.look import metrics
from widgets.parts import spans
from widgets.parts.faces import Faces
from widgets.parts.head import PanelHead
from widgets.parts.label import tip
from widgets.parts.surface import Hairline, Surface


class Panel(Surface):
    """`lines`: the edges that have a hairline; `ruled`: one below the head, for rows."""

    def __init__(
        self, title: str, content: QWidget, *, note: str = "", lines: str = "", ruled: bool = False,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__("surface.page", lines, parent)
        self.head = PanelHead(title, note)
        self.faces = Faces(content)
        self.stale = False
        column = QVBoxLayout(self)
        column.setContentsMargins(1 if "l" in lines else 0, 0, 0, 1 if "b" in lines else 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        if ruled:
            column.addWidget(Hairline())
        column.addWidget(self.faces, 1)
        self.setMinimumHeight(metrics.px(metrics.BAR + metrics.ROW))

    def show_state(self, store: Store, table: str, *, filled: bool, empty: str, sentence: str = "") -> None:
        """Say how old the content is; while there is none (`filled`), say which kind of nothing it is."""
        state = store.state(table)
        self.stale = store.stale(table)
        words = spans.as_of(store.true_at(table), store.now(), stale=self.stale, kept=state.kept)
        self.head.as_of.show_time("not read" if state.kind and not state.loaded else words, stale=self.stale)
        tip(self.head.as_of, f"Read completely at {spans.moment(state.as_of)}" if state.loaded else "")
        if filled:
            self.faces.show_content()
        elif not state.loaded:
            self.faces.show_unread(state.kind, state.problem, state.hint)
        else:
            self.faces.show_face(empty, sentence)
