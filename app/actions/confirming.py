"""How much is asked before an act: in proportion to how many things it touches, and where."""

from __future__ import annotations

from typing import Final

from app.actions.registry import Act

TYPED_FROM: Final = 51
"""From so many things on, the environment's name has to be typed."""
TO_THINK: Final = 10.0
"""Seconds before what may be done twice by it, such as "not submitted", can be confirmed."""


def is_asked(act: Act, count: int, environment: str) -> bool:
    """Whether a sheet comes first; "undo" goes without for a single thing outside production."""
    return act.confirm == "sheet" or (act.confirm != "none" and (count > 1 or environment == "production"))


def typed(count: int, environment: str) -> str:
    """The name that has to be typed in the sheet; "" for none."""
    return environment.upper() if environment == "production" or count >= TYPED_FROM else ""
