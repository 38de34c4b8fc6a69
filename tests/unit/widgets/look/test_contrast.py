"""Every colour can be read on what it lies on, by WCAG 2.2, and chart series differ for every eye."""

from __future__ import annotations

import itertools

import pytest

from widgets.look import theme

SURFACES = ("page", "window", "sunken", "raised", "hover", "selected", "selected_idle", "flash")
STATUSES = ("ok", "running", "waiting", "failed", "unknown", "lost", "skipped", "paused", "stale")
# Machado, Oliveira, Fernandes 2009, severity 1.0, applied in linear RGB.
EYES = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> tuple[float, ...]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def ratio(one: str, two: str) -> float:
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(one), linear(two))]
    return (max(light) + 0.05) / (min(light) + 0.05)


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    r, g, b = (min(1.0, max(0.0, c)) for c in rgb)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def seen(colour: str, eye: str) -> tuple[float, float, float]:
    rgb = linear(colour)
    return lab(tuple(sum(m * c for m, c in zip(row, rgb, strict=True)) for row in EYES[eye]))


@pytest.fixture(params=["light", "dark"])
def shown(request: pytest.FixtureRequest) -> theme.Theme:
    return theme.theme(request.param)


def test_the_ratio_is_that_of_wcag() -> None:
    assert ratio("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("surface", SURFACES)
def test_words_can_be_read(shown: theme.Theme, surface: str) -> None:
    tokens = ["text.primary", "text.secondary", "text.tertiary", "accent.text"]
    tokens += [f"status.{status}.text" for status in STATUSES]
    under = shown.hex(f"surface.{surface}")
    low = {token: ratio(shown.hex(token), under) for token in tokens if ratio(shown.hex(token), under) < 4.5}
    assert not low


@pytest.mark.parametrize("surface", SURFACES[:6])
def test_marks_lines_and_series_can_be_seen(shown: theme.Theme, surface: str) -> None:
    hexes = [shown.hex(f"status.{status}.mark") for status in STATUSES]
    hexes += [shown.hex("line.control"), shown.hex("accent.focus"), *shown.series]
    under = shown.hex(f"surface.{surface}")
    assert min(ratio(colour, under) for colour in hexes) >= 3.0


def test_words_on_tints_and_fills_can_be_read(shown: theme.Theme) -> None:
    for status in shown.statuses.values():
        assert ratio(status.on_tint, status.tint) >= 4.5
    assert ratio(shown.hex("accent.on_fill"), shown.hex("accent.fill")) >= 4.5
    assert ratio(shown.hex("accent.on_fill"), shown.hex("accent.fill_hover")) >= 4.5
    assert ratio(shown.hex("danger.on_fill"), shown.hex("danger.fill")) >= 4.5


@pytest.mark.parametrize("environment", ["local", "staging", "production"])
def test_the_environment_can_be_read_and_its_frame_seen(shown: theme.Theme, environment: str) -> None:
    frame = shown.hex(f"env.{environment}")
    assert ratio(shown.hex("env.on_env"), frame) >= 4.5
    assert ratio(frame, shown.hex("surface.window")) >= 3.0


@pytest.mark.parametrize("eye", sorted(EYES))
def test_chart_series_differ(shown: theme.Theme, eye: str) -> None:
    pairs = itertools.combinations([seen(colour, eye) for colour in shown.series], 2)
    assert min(sum((p - q) ** 2 for p, q in zip(x, y, strict=True)) ** 0.5 for x, y in pairs) >= 10
