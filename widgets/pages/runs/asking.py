"""What staff are asked before a real run."""

from __future__ import annotations

from app.actions.confirming import typed
from app.actions.run_state import RunTarget
from app.store.lines import DirectoryLine
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface


def real_run_sheet(body: Surface, target: RunTarget, line: DirectoryLine | None, environment: str) -> ConfirmSheet:
    """The sheet, shown over `body`; `line` is what is known of the directory."""
    return ConfirmSheet(
        body,
        f"Submit 1 directory, {target.directory}, in {environment.upper()}",
        f"For {target.customer.business_name}. The form is filled and sent once, by a browser on this computer.",
        "Submit 1",
        facts=[
            ("send", "1 will be submitted"),
            ("failed", "its last try failed") if line and line.outcome == "failed" else ("ok", "nothing sent yet"),
        ],
        typed=typed(1, environment),
        foot="Claimed in the database before it is sent",
    )
