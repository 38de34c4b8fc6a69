"""Jobs: every job as a row, with why it isn't moving."""

from widgets.pages.jobs.page import JobsPage

__all__ = ["JobsPage"]
