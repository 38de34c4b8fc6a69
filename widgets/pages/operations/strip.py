"""Keeps the Operations drawer, and the toasts of acts, at what is known of them."""

from __future__ import annotations

from typing import Final

from app.actions.colleagues import theirs
from app.desk import Desk
from app.store.store import Changes
from widgets.pages.operations import rows
from widgets.pages.operations.export_toasts import ExportToasts
from widgets.pages.operations.undo_toasts import UndoToasts
from widgets.parts.drawer import Drawer
from widgets.parts.toast import Toasts

IN_DRAWER: Final = 50
"""The others are on the Operations page."""


class OperationsStrip:
    """`follow` with each frame."""

    def __init__(self, drawer: Drawer, toasts: Toasts) -> None:
        self._drawer = drawer
        self._desk: Desk | None = None
        drawer.pressed.connect(self._pressed)
        self._seen: tuple[object, ...] = ()
        self._theirs = 0
        self._undo = UndoToasts(toasts, rows.UNDO)
        self._exports = ExportToasts(toasts, rows.COPY_PATH, rows.pressed, rows.shape_of)

    def begin(self, desk: Desk) -> None:
        """What has ended before now is told no more."""
        self._desk = desk
        self._exports.begin(desk.operations.newest_first())

    def leave(self) -> None:
        """Nobody is there to whom these belong."""
        self._desk = None
        self._drawer.show_operations([], "")
        self._seen = ()

    def take(self, changes: Changes) -> None:
        """Colleagues' operations come from the store."""
        self._theirs += "staff_operations" in changes.tables

    def follow(self, desk: Desk) -> bool:
        """Show what has changed; whether anything had."""
        going_on = (desk.batches.version, desk.many.version, desk.run_batches.version)
        seen = (desk.operations.version, *going_on, self._theirs, desk.runs.state.held)
        if seen == self._seen:
            return False
        self._seen = seen
        own = desk.operations.newest_first()
        operations = sorted([*own, *theirs(desk.store, desk.operations.own_ids)], key=lambda one: -one.started_at)
        self._drawer.show_operations(
            [rows.operation_row(operation, desk) for operation in operations[:IN_DRAWER]],
            rows.summary(operations, desk.operations.back_to),
        )
        self._undo.follow(desk, own)
        self._exports.follow(desk, own)
        return True

    def _pressed(self, key: str, act: str) -> None:
        if self._desk is not None:
            rows.pressed(self._desk, key, act)
