"""Instants as the database writes them, as unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_instant(value: object) -> float | None:
    """Unix seconds of an ISO 8601 text, a datetime or None.

    Text without a zone is UTC (production writes some like that). Text that
    isn't an instant gives None: a time that can't be read is not known.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, str) and value:
        try:
            moment = datetime.fromisoformat(value.strip().replace(" ", "T", 1))
        except ValueError:
            return None
    else:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def to_iso(seconds: float) -> str:
    """ISO 8601 text in UTC of unix seconds, with microseconds and a zone."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
