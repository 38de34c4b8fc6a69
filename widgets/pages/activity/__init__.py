"""Activity: who did what, when and why, as it happens."""

from widgets.pages.activity.page import ActivityPage

__all__ = ["ActivityPage"]
