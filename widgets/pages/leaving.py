"""The question before one leaves an environment in which something runs."""

from __future__ import annotations

from collections.abc import Callable

from app.desk import Desk
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface


def ask_to_leave(body: Surface, desk: Desk, leave: Callable[[], None]) -> None:
    """Call `leave`; after a question while an act runs that would be cut off."""
    running = sum(1 for operation in desk.operations.newest_first() if not operation.ended)
    if not running:
        leave()
        return
    sheet = ConfirmSheet(
        body,
        f"Leave {desk.environment.upper()} while {running} {'act is' if running == 1 else 'acts are'} running",
        "What runs is cut off where it is, as when the window is closed, and stays in the Operations list. "
        "A browser run that is cut off after its submit step is of unknown outcome.",
        "Leave",
        danger=True,
    )
    sheet.confirmed.connect(lambda _: leave())
