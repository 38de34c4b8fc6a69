"""A toast for each export that has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.actions.operations import Operation
from app.actions.registry import EXPORT
from app.desk import Desk
from widgets.parts.toast import Toasts


class ExportToasts:
    """Each end is told once. `words` are on the button that is `pressed` where an export is done."""

    def __init__(
        self,
        toasts: Toasts,
        words: str,
        pressed: Callable[[Desk, str, str], None],
        shape_of: Callable[[Operation], str],
    ) -> None:
        self._toasts = toasts
        self._words = words
        self._pressed = pressed
        self._shape_of = shape_of
        self._told: set[str] = set()

    def begin(self, operations: Sequence[Operation]) -> None:
        """What has ended before now is told no more."""
        self._told = {one.id for one in operations if one.ended}

    def follow(self, desk: Desk, operations: Sequence[Operation]) -> None:
        """Tell of those that have ended since."""
        for operation in operations:
            if operation.act == EXPORT.name and operation.ended and operation.id not in self._told:
                self._told.add(operation.id)
                self._tell(desk, operation)

    def _tell(self, desk: Desk, operation: Operation) -> None:
        done = operation.state == "done"
        self._toasts.say(
            operation.words,
            shape=self._shape_of(operation),
            act=self._words if done else "",
            pressed=lambda: self._pressed(desk, operation.id, self._words),
            seconds=12,
        )
