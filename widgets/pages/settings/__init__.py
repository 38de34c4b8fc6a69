"""Settings: where one is, as whom, and how careful the console is about it."""

from widgets.pages.settings.page import SettingsPage

__all__ = ["SettingsPage"]
