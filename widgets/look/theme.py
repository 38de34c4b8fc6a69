"""The colours of the window, light or dark, and the switch between them.

Painted parts ask `current()` each time they paint; parts made of stock widgets are coloured by one
style sheet. `switch.changed` tells those that keep something coloured.
"""

from __future__ import annotations

import atexit
import json
from functools import cache
from typing import Any, Final, Literal, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QPalette, QPixmapCache
from PySide6.QtWidgets import QApplication, QStyleFactory

from resources import look

Mode = Literal["light", "dark", "system"]
Name = Literal["light", "dark"]


class StatusColours(NamedTuple):
    """Hexes of one status: words, drawn mark, what lies behind a pill, words on that."""

    text: str
    mark: str
    tint: str
    on_tint: str


class Theme:
    """All colours of one theme, by their token, such as `surface.page` or `status.ok.mark`."""

    def __init__(self, name: Name, tokens: dict[str, Any]) -> None:
        self.name = name
        self._hexes: dict[str, str] = dict(_flat("", tokens))
        self._colours: dict[str, QColor] = {}
        self.series: tuple[str, ...] = tuple(tokens["series"])
        """Hexes of the chart series, in order."""
        self.statuses: dict[str, StatusColours] = {
            status: StatusColours(hexes["text"], hexes["mark"], hexes["tint"], hexes.get("on_tint", hexes["text"]))
            for status, hexes in tokens["status"].items()
        }

    def hex(self, token: str) -> str:
        """The colour as `#RRGGBB`; KeyError for a token that does not exist."""
        return self._hexes[token]

    def colour(self, token: str) -> QColor:
        """The colour for a painter, alpha included. Do not change it: it is shared."""
        held = self._colours.get(token)
        if held is None:
            held = self._colours[token] = _parsed(self._hexes[token])
        return held

    def tone(self, tone: str) -> QColor:
        """The colour of words: primary, secondary, tertiary, disabled, accent, or a status' name."""
        return self.colour(TONES.get(tone) or f"status.{tone}.text")


TONES: Final = {
    "primary": "text.primary",
    "secondary": "text.secondary",
    "tertiary": "text.tertiary",
    "disabled": "text.disabled",
    "accent": "accent.text",
    "on_fill": "accent.on_fill",
    "blocked": "status.paused.text",
    "doubled": "status.lost.text",
    "send": "accent.text",
}


class Switch(QObject):
    """Says when the theme changed."""

    changed = Signal()


switch: Final = Switch()
_state: dict[str, str] = {"mode": "system", "name": "light"}


def current() -> Theme:
    """The theme that is shown now."""
    return theme("dark" if _state["name"] == "dark" else "light")


@cache
def theme(name: Name) -> Theme:
    """One of the two themes."""
    return Theme(name, json.loads(look.TOKENS.read_text(encoding="utf-8"))[name])


ENVIRONMENTS: Final = ("local", "staging", "production")


def environment_token(environment: str) -> str:
    """The colour of an environment; one that nobody knows counts as production."""
    known = environment.lower()
    return f"env.{known if known in ENVIRONMENTS else 'production'}"


def mode() -> str:
    """What was asked for: light, dark or system."""
    return _state["mode"]


def choose(wanted: Mode, app: QApplication) -> None:
    """Take the colours of a theme for what is painted; fonts and stock widgets wait for `apply`.

    This much is needed for the first picture, so it is kept from what takes long: Qt's namespace of enums and the
    fonts cost 25 ms, a fifth of the time to a bare window.
    """
    _state["mode"] = wanted
    _state["name"] = "dark" if (wanted == "dark" or (wanted == "system" and _system_is_dark(app))) else "light"


def apply(wanted: Mode, app: QApplication) -> None:
    """Show the window in a theme; `system` follows the desktop, also when it changes later."""
    if not _state.get("base"):
        _state["base"] = "Fusion"
        app.setStyle(QStyleFactory.create("Fusion"))
        app.styleHints().colorSchemeChanged.connect(lambda: _follow(app))
    choose(wanted, app)
    _show(app)


def _follow(app: QApplication) -> None:
    if _state["mode"] == "system":
        choose("system", app)
        _show(app)


def _system_is_dark(app: QApplication) -> bool:
    if not _state.get("base"):
        return app.palette().window().color().lightness() < 128
    from PySide6.QtCore import Qt

    return app.styleHints().colorScheme() == Qt.ColorScheme.Dark


def _show(app: QApplication) -> None:
    from widgets.look import fonts, style_sheet

    shown = current()
    app.setFont(fonts.font("body"))
    app.setPalette(_palette(shown))
    app.setStyleSheet(style_sheet.sheet(shown.hex))
    QPixmapCache.clear()
    # Every widget repaints on the change of palette. Walking `allWidgets()` here crashed when Python's
    # garbage collector took a widget away while the list was made.
    switch.changed.emit()


def _palette(shown: Theme) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for which, token in (
        (role.Window, "surface.page"),
        (role.Base, "surface.page"),
        (role.AlternateBase, "surface.sunken"),
        (role.Button, "surface.page"),
        (role.ToolTipBase, "surface.raised"),
        (role.WindowText, "text.primary"),
        (role.Text, "text.primary"),
        (role.ButtonText, "text.primary"),
        (role.ToolTipText, "text.primary"),
        (role.BrightText, "text.primary"),
        (role.PlaceholderText, "text.tertiary"),
        (role.Highlight, "accent.fill"),
        (role.HighlightedText, "accent.on_fill"),
        (role.Link, "accent.text"),
        (role.Light, "line.faint"),
        (role.Midlight, "line.normal"),
        (role.Mid, "line.strong"),
        (role.Dark, "line.control"),
        (role.Shadow, "line.control"),
    ):
        palette.setColor(which, shown.colour(token))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, shown.colour("text.disabled"))
    return palette


def _flat(prefix: str, tokens: dict[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in tokens.items():
        if isinstance(value, dict):
            found += _flat(f"{prefix}{key}.", value)
        elif isinstance(value, str):
            found.append((f"{prefix}{key}", value))
    return found


def _parsed(text: str) -> QColor:
    if not text.startswith("rgba("):
        return QColor(text)
    red, green, blue, alpha = (part.strip() for part in text[5:-1].split(","))
    return QColor(int(red), int(green), int(blue), round(float(alpha) * 255))


def _hide_windows() -> None:
    """A window that is still visible when Python ends calls back into code that is already gone."""
    for window in QApplication.topLevelWidgets():
        window.hide()


atexit.register(_hide_windows)
