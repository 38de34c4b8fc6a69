"""What staff are asked before they acknowledge something that needs somebody."""

from __future__ import annotations

from app.actions.confirming import is_asked, typed
from app.actions.jobs import start
from app.actions.registry import ACKNOWLEDGE
from app.desk import Desk
from app.store.needs import Need
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface


def ask_acknowledge(body: Surface, desk: Desk, need: Need | None) -> None:
    """Acknowledge unless it is undone, in production after a sheet; nothing where the act is off."""
    if need is None or desk.needs.why_not(need):
        return
    if not is_asked(ACKNOWLEDGE, 1, desk.environment):
        start(ACKNOWLEDGE, desk.needs.acknowledge(need, undo_seconds=desk.dead_letters.undo_seconds))
        return
    sheet = ConfirmSheet(
        body,
        f"Acknowledge 1 line in {desk.environment.upper()}",
        f"{need.name}: {need.words}",
        ACKNOWLEDGE.label,
        facts=[("ok", "It needs nobody until something new happens")],
        reason=True,
        typed=typed(1, desk.environment),
        foot="Written to the audit first",
    )
    sheet.confirmed.connect(lambda reason: start(ACKNOWLEDGE, desk.needs.acknowledge(need, reason=reason)))
