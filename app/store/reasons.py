"""Why directories of a job failed: the same reason once, with how often it came."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from app.store.lines import DirectoryLine
from services.domain.faults import person_needed, platform_fault

_VARIES: Final = re.compile(r"https?://\S+|\d+")
NOT_SAID: Final = "No reason was given"


class Reason(msgspec.Struct, frozen=True):
    """One reason. `hosts` by name; `whose`: "platform" for our own fault, "person" where one is needed, else ""."""

    words: str
    hosts: tuple[str, ...]
    whose: str = ""


def reasons(lines: Iterable[DirectoryLine]) -> list[Reason]:
    """The reasons of the failed ones, the most frequent first. Texts that differ only in numbers are one reason."""
    found: dict[str, list[DirectoryLine]] = {}
    for line in lines:
        if line.outcome == "failed":
            found.setdefault(_VARIES.sub("#", line.words).lower(), []).append(line)
    made = [
        Reason(same[0].words.rstrip(".") or NOT_SAID, tuple(sorted(line.host for line in same)), _whose(same[0].error))
        for same in found.values()
    ]
    return sorted(made, key=lambda reason: (-len(reason.hosts), reason.words))


def in_words(found: Iterable[Reason]) -> str:
    """All reasons as one line: 12 × The page did not load in time; 1 × The page asks for a captcha."""
    return "; ".join(f"{len(reason.hosts)} × {reason.words}" for reason in found)


def _whose(error: str) -> str:
    if platform_fault(error):
        return "platform"
    return "person" if person_needed(error) else ""
