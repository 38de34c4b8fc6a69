"""What one cell of a table shows, ready to draw."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

PartName = Literal["ok", "failed", "unknown", "skipped", "running", "ended", "send", "paused"]

_COLOURED: Final = frozenset({"failed", "unknown", "paused", "blocked", "stale", "send"})
_LOUD: Final = frozenset({"lost", "doubled"})


class Bar(msgspec.Struct, frozen=True):
    """A progress bar: parts of `total` in the order to draw; a part above 0 is at least 2 px wide."""

    parts: tuple[tuple[PartName, int], ...] = ()
    total: int = 0


class Cell(msgspec.Struct, frozen=True):
    """One cell. Plain text only; nothing in it is looked up or formatted while painting.

    `tone`: primary, secondary, tertiary, disabled, accent, or the name of a status.
    `weight`: 400, 500 or 600. `shape`: a status shape before the text. `icon`: a Lucide icon before the text.
    `bar`: a progress bar before the text. `mono`: for ids and addresses. `tip`: the whole text when it is longer.
    """

    text: str = ""
    tone: str = "secondary"
    weight: int = 400
    shape: str = ""
    icon: str = ""
    bar: Bar | None = None
    mono: bool = False
    tip: str = ""


EMPTY: Final = Cell()
NONE: Final = Cell("—", "tertiary")
"""Does not apply."""


def word_tone(shape: str) -> str:
    """The tone of the word beside a shape: colour only where something is wrong or yours to press."""
    if shape in _COLOURED:
        return shape
    return "primary" if shape == "running" or shape in _LOUD else "secondary"


def status(shape: str, word: str, tip: str = "") -> Cell:
    """A status shape with its word."""
    return Cell(word, word_tone(shape), 600 if shape in _LOUD else 400, shape=shape, tip=tip)


def name(text: str, tip: str = "") -> Cell:
    """The name of a thing: the words of a row that are read first."""
    return Cell(text, "primary", 500, tip=tip)


def words(text: str, tone: str = "secondary", tip: str = "") -> Cell:
    """Plain words; "" gives an empty cell."""
    return Cell(text, tone, tip=tip) if text else EMPTY


def number(value: int | None, tone: str = "primary") -> Cell:
    """A count with thousands separated; 0 is quiet, a number in a status' tone is 500, None does not apply."""
    if value is None:
        return NONE
    if value == 0:
        return Cell("0", "tertiary")
    return Cell(f"{value:,}", tone, 400 if tone in ("primary", "secondary", "tertiary") else 500)


def progress(
    done: int,
    total: int,
    *,
    face: Literal["running", "ok", "ended"],
    submitted: int,
    failed: int = 0,
    unknown: int = 0,
    skipped: int = 0,
) -> Cell:
    """A bar with `done/total` behind it.

    `face` colours the submitted part: running while the job works, ended (grey) once it is complete, else ok.
    """
    parts: tuple[tuple[PartName, int], ...] = (
        (face, submitted),
        ("failed", failed),
        ("unknown", unknown),
        ("ended" if face == "ended" else "skipped", skipped),
    )
    return Cell(f"{done}/{total}", bar=Bar(tuple(part for part in parts if part[1] > 0), total))


def icon(name: str, tone: str = "tertiary", tip: str = "") -> Cell:
    """A Lucide icon alone, such as `image` where a picture exists."""
    return Cell(tone=tone, icon=name, tip=tip)


def link(text: str) -> Cell:
    """Words to press."""
    return Cell(text, "accent", 500)


def mono(text: str, tone: str = "secondary", tip: str = "") -> Cell:
    """An id, a key, an address."""
    return Cell(text, tone, mono=True, tip=tip)
