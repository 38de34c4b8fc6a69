"""Asks for a case file, opens it in a window of its own, or says why not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from app.actions.case_files import open_case
from services.domain.case_file import SUFFIX, Case
from widgets.pages.case.window import CaseWindow
from widgets.parts.surface import Surface
from widgets.parts.toast import Toasts


class CaseDoor(QObject):
    """Needs nothing but the window that its own belong to."""

    def __init__(self, body: Surface, toasts: Toasts) -> None:
        super().__init__(body)
        self._body = body
        self._toasts = toasts
        self.dialog: QFileDialog | None = None
        self.windows: list[CaseWindow] = []
        self._covered = False

    def ask(self) -> None:
        """Let a person choose a file."""
        if self.dialog is not None:
            return
        # The system's own dialog runs a loop of its own on some systems, in which tasks lose their wake-ups.
        dialog = self.dialog = QFileDialog(self._body, "Open a case file")
        dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([f"Case files (*.{SUFFIX})", "All files (*)"])
        dialog.fileSelected.connect(lambda name: self.open(Path(name)))
        dialog.finished.connect(self._asked)
        dialog.open()

    def open(self, file: Path) -> None:
        """Read a file and show it."""
        open_case(file, self._show, lambda why: self._refuse(file, why))

    def cover(self, covered: bool) -> None:
        """Hide the windows while the one that they belong to is covered: they show customers just as well."""
        self._covered = covered
        if covered and self.dialog is not None:
            self.dialog.reject()
        for window in self.windows:
            window.setVisible(not covered)

    def leave(self) -> None:
        """Nobody has lifted the cover: whoever comes next may not be who has opened these."""
        for window in [*self.windows] if self._covered else []:
            window.deleteLater()
        self._covered = False

    def _asked(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _show(self, case: Case, pictures: Mapping[str, bytes]) -> None:
        window = CaseWindow(case, pictures, self._body)
        self.windows.append(window)
        window.destroyed.connect(lambda: self.windows.remove(window))
        if not self._covered:  # a slow disk may have had the file ready too late
            window.show()
            window.raise_()

    def _refuse(self, file: Path, why: str) -> None:
        self._toasts.say(f"{file.name}: {why}", shape="failed", seconds=12)
