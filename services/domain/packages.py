"""Packages that customers buy, and the priority that each is worth."""

from __future__ import annotations

from typing import Final

SIZES: Final = {"starter": 50, "growth": 100, "professional": 300, "enterprise": 500}
"""Directories per package."""

TIERS: Final = {"starter": 1, "growth": 2, "professional": 3, "enterprise": 4}
"""The highest `directories.tier_required` that a package reaches."""

_PRIORITIES: Final = {"starter": "starter", "growth": "starter", "professional": "pro", "enterprise": "enterprise"}
PRIORITY_WORDS: Final = ("starter", "pro", "enterprise")


def priority_of_package(package: str) -> str:
    """The queue's priority word of a package; unknown packages wait like a starter."""
    return _PRIORITIES.get(package, "starter")


def priority_word(value: object) -> str:
    """The word for a priority given as a word or as an int (1 is highest)."""
    if isinstance(value, str) and value in PRIORITY_WORDS:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return "enterprise" if value <= 1 else "pro" if value == 2 else "starter"
    return "starter"


def pause_seconds(rate_limit_ms: int, priority: str) -> float:
    """Seconds between two directories: the plan's limit times 1.5 starter, 1 pro, 0.5 (at least 500 ms) enterprise."""
    if rate_limit_ms <= 0:
        return 0.0
    if priority == "enterprise":
        return max(500.0, rate_limit_ms * 0.5) / 1000
    return rate_limit_ms * (1.0 if priority == "pro" else 1.5) / 1000
