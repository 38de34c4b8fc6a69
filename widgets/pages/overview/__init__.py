"""Overview: how it goes, and what waits for a person."""

from widgets.pages.overview.page import OverviewPage

__all__ = ["OverviewPage"]
