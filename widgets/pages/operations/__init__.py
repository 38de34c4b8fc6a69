"""The Operations page."""

from widgets.pages.operations.page import OperationsPage

__all__ = ["OperationsPage"]
