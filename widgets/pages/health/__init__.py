"""Health: the hops, the self-check of the project, the local stack, the settings."""

from widgets.pages.health.page import HealthPage

__all__ = ["HealthPage"]
