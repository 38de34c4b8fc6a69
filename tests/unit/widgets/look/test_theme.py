"""The theme: its colours, its style sheet, its changes."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontInfo, QFontMetrics
from PySide6.QtWidgets import QApplication

from widgets.look import fonts, metrics, style_sheet, theme


@pytest.mark.parametrize(("mode", "ground"), [("light", "#ffffff"), ("dark", "#18191c")])
def test_switching_changes_the_palette_and_tells(qt_app: QApplication, mode: theme.Mode, ground: str) -> None:
    told: list[str] = []

    def listen() -> None:
        told.append(theme.current().name)

    theme.switch.changed.connect(listen)
    theme.apply(mode, qt_app)
    theme.switch.changed.disconnect(listen)
    assert told == [mode]
    assert qt_app.palette().window().color().name() == ground
    assert theme.current().hex("text.primary") in qt_app.styleSheet()


def test_system_follows_the_desktop(qt_app: QApplication) -> None:
    theme.apply("system", qt_app)
    dark = qt_app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    assert (theme.mode(), theme.current().name) == ("system", "dark" if dark else "light")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_style_sheet_knows_every_token_it_names(name: theme.Name) -> None:
    sheet = style_sheet.sheet(theme.theme(name).hex)
    assert "@" not in sheet
    assert not re.search(r"\{\d+\}", sheet)


def test_an_unknown_token_is_an_error() -> None:
    with pytest.raises(KeyError):
        theme.theme("light").colour("surface.nowhere")


def test_the_shipped_fonts_are_used_and_figures_are_equally_wide(qt_app: QApplication) -> None:
    assert {"Inter", "JetBrains Mono"} <= set(fonts.load())
    assert QFontInfo(fonts.font("body")).family() == "Inter"
    assert QFontInfo(fonts.font("mono")).family() == "JetBrains Mono"
    metric = QFontMetrics(fonts.font("body"))
    assert metric.horizontalAdvance("1111") == metric.horizontalAdvance("0000")
    widths = [QFontMetrics(fonts.font("body", weight)).horizontalAdvance("Harbor & Pine") for weight in (400, 500, 600)]
    assert widths[0] <= widths[1] < widths[2]


def test_zoom_grows_sizes_and_type(qt_app: QApplication) -> None:
    metrics.set_zoom(150)
    try:
        assert metrics.px(metrics.ROW) == 42
        assert fonts.font("body").pixelSize() == 20
    finally:
        metrics.set_zoom(100)
    assert fonts.font("body").pixelSize() == 13
