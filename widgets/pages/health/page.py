"""Health: is each hop there, what does the project lack, how is the local stack, what is set."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from app.actions.health import start_check
from app.actions.health_report import as_json, as_markdown
from app.actions.registry import CHECK
from app.desk import Desk
from app.models.table_model import LinesModel
from app.store.parts import PartLine
from services.domain.setting_lines import SettingLine
from widgets.pages.health.rows import Lines, of_hop, of_lack
from widgets.parts import cell, spans, stack_words
from widgets.parts.button import Button
from widgets.parts.clipboard import copy
from widgets.parts.columns import Column
from widgets.parts.faces import Faces
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.head import AsOf, PageHead
from widgets.parts.label import label, say
from widgets.parts.surface import Surface
from widgets.parts.table import Table
from widgets.parts.tabs import Tab, TabRow

_TABS: Final = (
    Tab("hops", "Hops"),
    Tab("lacks", "Self-check"),
    Tab("parts", "Local stack"),
    Tab("settings", "Settings"),
)
_PARTS: Final = (
    Column("Part", 200, stretch=1), Column("State", 110), Column("Since", 90, right=True),
    Column("Restarts", 80, right=True), Column("Why", 200, stretch=2, drops=1),
)  # fmt: skip
_SETTINGS: Final = (
    Column("Setting", 230, stretch=1), Column("Set", 90), Column("From", 110), Column("Value", 160, stretch=1, drops=2),
    Column("What for", 200, stretch=2, drops=1),
)  # fmt: skip


class HealthPage(Surface):
    """Everything that it shows comes from the desk's `health`."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__("surface.page", parent=parent)
        self._acts = desk.health
        self._seen: object = None
        self.check_button = Button(CHECK.label, "primary", icon=CHECK.icon, tip=CHECK.words)
        self.check_button.clicked.connect(lambda: start_check(self._acts))
        self.markdown_button = Button("Copy as Markdown", "quiet", icon="copy")
        self.markdown_button.clicked.connect(lambda: copy(as_markdown(self._acts)))
        self.json_button = Button("Copy as JSON", "quiet", icon="copy")
        self.json_button.clicked.connect(lambda: copy(as_json(self._acts)))
        self.as_of = AsOf()
        self.unsure = label("", "small", "secondary", wrap=True)
        self.unsure.setContentsMargins(16, 8, 16, 8)
        self.unsure.hide()
        self.tabs = TabRow(_TABS)
        self.bad = GlyphLabel("stale", "", "small", "stale")
        self.bad.hide()
        self.tabs.add_right(self.bad)
        self.hops, self.lacks = Lines("Hops"), Lines("Self-check")
        self.parts = self._parts_table()
        self.settings = self._settings_table()
        self.faces = {
            key: Faces(part)
            for key, part in (
                ("hops", self.hops), ("lacks", self.lacks), ("parts", self.parts), ("settings", self.settings)
            )
        }  # fmt: skip
        self._stack = QStackedWidget()
        for face in self.faces.values():
            face.pressed.connect(lambda: start_check(self._acts))
            self._stack.addWidget(face)
        self.tabs.chosen.connect(self._choose)
        self._lay_out()
        self.first = self.check_button

    def frame(self) -> None:
        """Show what the check has found since the last frame; while nobody sees the page, wait."""
        if not self.isVisible():
            return
        seen = self._acts.version, self._acts.parts.version, self._acts.link
        if seen != self._seen:
            self._seen = seen
            self._show()
        self._show_age()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.settings_model.apply({line.name: line for line in self._acts.settings})
        if self._acts.found.as_of is None:
            start_check(self._acts)
        self._seen = None
        self.frame()

    def _show(self) -> None:
        found = self._acts.found
        self.check_button.set_off("It is being checked." if found.checking else "")
        self.hops.show_lines([of_hop(hop) for hop in self._acts.hops])
        self.lacks.show_lines([of_lack(lack) for lack in found.lacks])
        parts = self._acts.parts.lines
        self.parts_model.apply(dict(parts))
        read = found.as_of is not None
        bad = sum(1 for hop in self._acts.hops if hop.shape not in ("ok", "skipped", "running"))
        self.bad.say("1 hop needs a look" if bad == 1 else f"{bad} hops need a look")
        self.bad.setVisible(read and bad > 0)
        self.tabs.set_counts(
            {
                "hops": len(self._acts.hops) if read else None,
                "lacks": len(found.lacks) if read and not found.problem else None,
                "parts": len(parts),
                "settings": len(self._acts.settings),
            }
        )
        self._show_faces(read=read)
        self.faces["settings"].show_content()
        if parts:
            self.faces["parts"].show_content()
        else:
            self.faces["parts"].show_face(
                "No part of the pipeline runs on this computer.",
                "This console works with a project elsewhere; its hops are on the first tab.",
            )
        self._show_note()

    def _show_faces(self, *, read: bool) -> None:
        found = self._acts.found
        if not read:
            self.faces["hops"].show_loading()
            self.faces["lacks"].show_loading()
            return
        self.faces["hops"].show_content()
        if found.problem:
            shape = "blocked" if found.kind == "blocked" else "failed"
            self.faces["lacks"].show_face(found.problem, found.hint, shape=shape, act=CHECK.label, raw=found.raw)
        elif found.lacks:
            self.faces["lacks"].show_content()
        else:
            known = "What could be asked is there." if found.unsure else "Tables, functions, policies, live changes."
            self.faces["lacks"].show_face("Nothing was found missing.", known, shape="" if found.unsure else "ok")

    def _show_note(self) -> None:
        note = self._acts.found.unsure if self.tabs.current() == "lacks" else ""
        say(self.unsure, note)
        self.unsure.setVisible(bool(note))

    def _show_age(self) -> None:
        as_of, stale = self._acts.found.as_of, self._acts.stale
        words = "checking" if self._acts.found.checking else spans.as_of(as_of, self._acts.now(), stale=stale)
        self.as_of.show_time(words if as_of is not None or self._acts.found.checking else "not checked", stale=stale)

    def _choose(self, key: str) -> None:
        self._stack.setCurrentWidget(self.faces[key])
        self._show_note()

    def _parts_table(self) -> Table:
        table = Table(_PARTS, many=False, name="Parts of the local stack")
        self.parts_model: LinesModel[PartLine] = LinesModel(
            key=lambda line: line.name,
            cells=[
                lambda line: cell.name(stack_words.part_name(line.name)),
                lambda line: cell.status(stack_words.SHAPES.get(line.state, "unknown"), line.state),
                lambda line: cell.words(spans.when(line.since), tip=spans.moment(line.since)),
                lambda line: cell.number(line.restarts),
                lambda line: cell.words(line.why),
            ],
            sort_keys=[lambda line: stack_words.part_name(line.name), lambda line: line.state, lambda line: line.since,
                       lambda line: line.restarts, lambda line: line.why],
            words=lambda line: f"{line.name}, {line.state}",
            parent=self,
        )  # fmt: skip
        table.setModel(self.parts_model)
        table.sort_by(0)
        return table

    def _settings_table(self) -> Table:
        table = Table(_SETTINGS, many=False, name="Settings")
        self.settings_model: LinesModel[SettingLine] = LinesModel(
            key=lambda line: line.name,
            cells=[
                lambda line: cell.mono(line.name, "primary"),
                lambda line: cell.status("ok" if line.is_set else "skipped", "set" if line.is_set else "not set"),
                lambda line: cell.words(line.source),
                lambda line: cell.mono(line.value, tip=line.value) if line.value else cell.NONE,
                lambda line: cell.words(line.why, tip=line.why),
            ],
            sort_keys=[lambda line: line.name, lambda line: line.is_set, lambda line: line.source,
                       lambda line: line.value, lambda line: line.why],
            words=lambda line: f"{line.name}, {'set' if line.is_set else 'not set'}, from {line.source}",
            parent=self,
        )  # fmt: skip
        table.setModel(self.settings_model)
        table.sort_by(0)
        return table

    def _lay_out(self) -> None:
        head = PageHead("Health")
        head.add_stretch()
        for part in (self.as_of, self.markdown_button, self.json_button, self.check_button):
            head.add(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.tabs)
        column.addWidget(self.unsure)
        column.addWidget(self._stack, 1)
