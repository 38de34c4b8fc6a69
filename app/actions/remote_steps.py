"""The steps of the run that the project has of a directory: its plan, and how each went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.domain.plans import Step, step_place
from services.domain.text import one_line

_MOST: Final = 500


def steps_of(log: Mapping[str, Any]) -> dict[int, tuple[str, int | None]]:
    """Status and milliseconds of each step by its index; of one that was tried more than once, the last."""
    rows = log.get("steps")
    found: dict[int, tuple[str, int | None]] = {}
    for row in (rows if isinstance(rows, list) else [])[:_MOST]:
        index = row.get("index") if isinstance(row, dict) else None
        if isinstance(index, int) and 0 <= index < _MOST:
            ms = row.get("ms")
            found[index] = (one_line(row.get("status"), 20) or "done", ms if isinstance(ms, int) else None)
    return found


def plan_of(payload: Mapping[str, Any]) -> list[Step]:
    """The plan that was sent; none where it can't be read."""
    try:
        return msgspec.convert(payload.get("plan") or [], list[Step])
    except msgspec.ValidationError:
        return []


def detail_of(step: Step | None) -> str:
    """Where a step acts, on one line; "" for no step."""
    return one_line(step_place(step), 300) if step is not None else ""
