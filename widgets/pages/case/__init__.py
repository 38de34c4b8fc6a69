"""Cases: what somebody wrote down of a job, read from a file."""

from widgets.pages.case.door import CaseDoor
from widgets.pages.case.window import CaseWindow

__all__ = ["CaseDoor", "CaseWindow"]
