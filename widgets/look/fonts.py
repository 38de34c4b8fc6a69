"""The type scale: five sizes of Inter with figures of equal width, one of JetBrains Mono."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

from PySide6.QtGui import QFont, QFontDatabase, QFontMetrics

from resources import look
from widgets.look import metrics

Role = Literal["micro", "small", "body", "title", "figure", "mono"]

SIZES: Final[dict[Role, int]] = {"micro": 11, "small": 12, "body": 13, "title": 15, "figure": 22, "mono": 12}
_WEIGHTS: Final[dict[Role, int]] = {"title": 600, "figure": 600}
_INTER: Final = ["Inter", "Segoe UI Variable Text", "SF Pro Text", "Noto Sans", "DejaVu Sans"]
_MONO: Final = ["JetBrains Mono", "Cascadia Mono", "SF Mono", "DejaVu Sans Mono"]


@cache
def load() -> tuple[str, ...]:
    """Register the shipped fonts once; gives the families that the system now knows."""
    families: list[str] = []
    for file in look.font_files():
        number = QFontDatabase.addApplicationFont(str(file))
        if number >= 0:
            families += QFontDatabase.applicationFontFamilies(number)
    return tuple(dict.fromkeys(families))


def font(role: Role = "body", weight: int | None = None) -> QFont:
    """The font of a role; `weight` 400, 500 or 600, by default that of the role."""
    return QFont(_made(role, weight or _WEIGHTS.get(role, 400), metrics.px(100)))


@cache
def _made(role: Role, weight: int, zoom: int) -> QFont:
    load()
    made = QFont()
    made.setFamilies(_MONO if role == "mono" else _INTER)
    made.setPixelSize(max(1, round(SIZES[role] * zoom / 100)))
    made.setWeight(QFont.Weight(weight))
    made.setFeature(QFont.Tag("tnum"), 1)
    if role == "mono":
        made.setFeature(QFont.Tag("calt"), 0)
        made.setStyleHint(QFont.StyleHint.Monospace)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return made


def measure(role: Role = "body", weight: int | None = None) -> QFontMetrics:
    """Metrics of a role's font."""
    return _measured(role, weight or _WEIGHTS.get(role, 400), metrics.px(100))


@cache
def _measured(role: Role, weight: int, zoom: int) -> QFontMetrics:
    return QFontMetrics(_made(role, weight, zoom))
