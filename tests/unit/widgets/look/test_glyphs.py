"""Every glyph that the code names is there and is drawn."""

from __future__ import annotations

import typing

from PySide6.QtWidgets import QApplication

from resources import look
from services.domain import statuses
from widgets.look import glyphs, icons, theme
from widgets.parts.link_badge import SHAPES


def test_every_status_and_link_state_has_a_shape() -> None:
    assert set(typing.get_args(statuses.Shape)) | set(SHAPES.values()) <= set(glyphs.names())


def test_no_two_shapes_look_alike(qt_app: QApplication) -> None:
    seen: dict[bytes, str] = {}
    for shape in glyphs.names():
        image = glyphs.pixmap(shape, 28, mark="text.primary").toImage()
        drawn = bytes(image.constBits())
        assert any(drawn), f"{shape} draws nothing"
        assert drawn not in seen, f"{shape} looks like {seen.get(drawn)}"
        seen[drawn] = shape


def test_a_shape_is_drawn_once_and_takes_the_colours_of_the_theme(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    light = glyphs.pixmap("ok")
    assert glyphs.pixmap("ok").cacheKey() == light.cacheKey()
    assert light.toImage().pixelColor(2, 7).name() == theme.current().hex("status.ok.mark").lower()
    theme.apply("dark", qt_app)
    assert glyphs.pixmap("ok").toImage().pixelColor(2, 7).name() == theme.current().hex("status.ok.mark").lower()


def test_only_the_running_shape_turns(qt_app: QApplication) -> None:
    assert glyphs.pixmap("running", frame=3).cacheKey() != glyphs.pixmap("running").cacheKey()
    assert glyphs.pixmap("ok", frame=3).cacheKey() == glyphs.pixmap("ok").cacheKey()


def test_every_icon_draws_in_its_colour(qt_app: QApplication) -> None:
    for file in look.ICONS.glob("*.svg"):
        image = icons.pixmap(file.stem, "accent.text", 32).toImage()
        colours = {
            image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
        }
        assert colours <= {theme.current().hex("accent.text").lower()}, file.stem
        assert any(image.pixelColor(x, y).alpha() for x in range(32) for y in range(32)), file.stem


def test_the_mark_is_drawn_at_the_sizes_of_a_window(qt_app: QApplication) -> None:
    for size in (16, 32, 64, 128):
        drawn = icons.mark().pixmap(size, size).toImage()
        assert drawn.width() == size
        assert drawn.pixelColor(size // 2, size // 8).name() == "#4348c2"
