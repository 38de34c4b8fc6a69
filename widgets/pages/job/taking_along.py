"""What of a job staff take along: its link, its case, its directories as a list."""

from __future__ import annotations

from typing import Final

from app.actions.exports import Kind
from app.desk import Desk
from app.models import export_rows
from app.store.lines import JobLine
from services.domain.case_links import case_link
from widgets.parts.clipboard import copy
from widgets.parts.export_button import ENTRIES
from widgets.parts.menu import MenuEntry

LINK: Final = MenuEntry("case link", "Copy case link")
CASE: Final = MenuEntry("case file", "Export the case")
TAKEN: Final = (LINK, CASE, *ENTRIES)
_KINDS: Final[dict[str, Kind]] = {"csv": "csv", "json": "json"}


def take_along(desk: Desk, job: JobLine, name: str) -> bool:
    """Do what an entry of TAKEN says; False for any other name."""
    if name == LINK.key:
        copy(case_link(desk.environment, job.id))
    elif name == CASE.key:
        desk.cases.start(job.id)
    elif (kind := _KINDS.get(name)) is not None:
        lines = desk.store.jobs.directories(job.id)
        desk.exports.start("directories", job.business or job.id, kind, lines, export_rows.of_directory(job))
    else:
        return False
    return True
