"""Runs: one directory of one job in a browser on this machine."""

from widgets.pages.runs.page import RunsPage

__all__ = ["RunsPage"]
