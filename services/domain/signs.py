"""What speaks for and against a submission, piece by piece, as a result's log keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from services.domain.text import one_line

ENOUGH: Final = 4
"""Points from which a submission counts as submitted, where the page's word or a listing is among them."""
SURE: Final = 6
"""Points from which nobody has to look at it again."""
_MOST: Final = 20
_WORDS: Final = 300


class Sign(msgspec.Struct, frozen=True):
    """One piece of evidence. `weight`: points for success, below 0 for what speaks against it."""

    kind: str
    weight: int
    words: str


class Weighed(msgspec.Struct, frozen=True):
    """The evidence of one try. `score`: the weights added up; `doubt`: why a person should look, "" for none."""

    score: int
    signs: tuple[Sign, ...]
    doubt: str = ""


def weighed(log: Mapping[str, Any]) -> Weighed | None:
    """The evidence in a `response_log`; None where it has none, as with logs of other workers. Never raises."""
    rows = log.get("signs")
    signs = tuple(sign for row in (rows if isinstance(rows, list) else [])[:_MOST] if (sign := _sign(row)) is not None)
    if not signs:
        return None
    score = _whole(log.get("score"))
    doubt = one_line(log.get("doubt"), _WORDS)
    return Weighed(sum(sign.weight for sign in signs) if score is None else score, signs, doubt)


def _sign(row: object) -> Sign | None:
    if not isinstance(row, Mapping):
        return None
    weight, words = _whole(row.get("weight")), one_line(row.get("words"), _WORDS)
    return Sign(one_line(row.get("kind"), 40), weight, words) if weight is not None and words else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
