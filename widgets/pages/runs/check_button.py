"""The way to what staff have to check, with how much that is."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.store.lanes import waiting_count
from app.store.store import Changes, Store
from widgets.parts.button import Button


class CheckButton(Button):
    """Counts outcomes that nobody knows, and verdicts in doubt."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__("", "link", small=True, tip="Outcomes that nobody knows, and verdicts in doubt", parent=parent)
        self._store = store
        self._show_count()

    def take(self, changes: Changes) -> None:
        """The store changed."""
        if changes.jobs or changes.states:
            self._show_count()

    def _show_count(self) -> None:
        count = waiting_count(self._store)
        read = self._store.state("job_results").loaded
        self.say(f"{count:,} to check" if count else "Nothing to check" if read else "To check")
