"""The toasts in which an act on a job can be taken back while its time for that runs."""

from __future__ import annotations

from collections.abc import Sequence

from shiboken6 import isValid

from app.actions.operations import Operation
from app.desk import Desk
from widgets.parts.toast import Toast, Toasts


class UndoToasts:
    """One toast for each act that can be taken back, with `words` on its button."""

    def __init__(self, toasts: Toasts, words: str) -> None:
        self._toasts = toasts
        self._words = words
        self._shown: dict[str, Toast] = {}

    def follow(self, desk: Desk, own: Sequence[Operation]) -> None:
        """Offer what can be taken back, and end the offer when it is over. `own`: this console's acts."""
        for operation in own:
            if desk.jobs.can_undo(operation.id) and operation.id not in self._shown:
                self._shown[operation.id] = self._offer(desk, operation)
            elif operation.ended and operation.id in self._shown:
                toast = self._shown.pop(operation.id)
                if isValid(toast):
                    toast.end()

    def _offer(self, desk: Desk, operation: Operation) -> Toast:
        return self._toasts.say(
            f"{operation.label} in {desk.dead_letters.undo_seconds:g} s",
            shape="send",
            act=self._words,
            pressed=lambda: desk.jobs.undo(operation.id),
            seconds=desk.dead_letters.undo_seconds,
        )
