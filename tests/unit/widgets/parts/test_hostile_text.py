"""Whatever somebody outside has written: the parts show it as plain text, and open only what they name."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from services.domain.links import read_link
from widgets.look import theme
from widgets.parts.button import Button
from widgets.parts.clipboard import copy
from widgets.parts.glyph_label import GlyphLabel
from widgets.parts.label import ElidedLabel, label, raw_words, say, tip
from widgets.parts.link import LinkRow
from widgets.parts.menu import MenuButton, MenuEntry
from widgets.parts.surface import Surface
from widgets.parts.toast import Toasts

TURNS = "\u061c\u200b\u200e\u200f\u202a\u202d\u202e\u2066\u2069\ufeff\U000e0041"
hostile = st.text(st.one_of(st.characters(), st.sampled_from(f"<>&'\"/=\0\x1b\x9b\n\t{TURNS}")), max_size=40)


@pytest.fixture(autouse=True)
def _light(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)


def is_plain(text: str) -> bool:
    return not any(unicodedata.category(one) == "Cc" or one in TURNS for one in text)


class Shown:
    """One of each part that shows words of others."""

    def __init__(self) -> None:
        self.body = Surface()
        self.body.resize(800, 400)
        self.toasts = Toasts(self.body, QWidget(self.body))
        self.label, self.elided = label(), ElidedLabel()
        self.button, self.glyph = Button(), GlyphLabel("ok")
        self.menu = MenuButton([MenuEntry("a", "A")])


@pytest.fixture
def shown() -> Iterator[Shown]:
    made = Shown()
    yield made
    made.body.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile)
def test_every_part_shows_plain_text(shown: Shown, text: str) -> None:
    say(shown.label, text)
    assert shown.label.textFormat() == Qt.TextFormat.PlainText
    shown.elided.say(text)
    shown.button.say(text)
    shown.glyph.say(text)
    tip(shown.label, text)
    shown.menu.set_entry_off("a", text)
    toast = shown.toasts.say(text, act=text)
    said = [words.text() for words in toast.findChildren(ElidedLabel)]
    toast.end()
    tips = [shown.label.toolTip(), shown.menu._actions["a"].toolTip()]
    for words in (shown.label.text(), shown.elided.text(), shown.button.words(), shown.glyph.words(), *said, *tips):
        assert is_plain(words)
    for words in tips:
        # Qt takes a tool tip for markup only where there is a "<".
        assert "<" not in words
        assert "<" not in text or html.unescape(words).count("<") == text.count("<")


@settings(max_examples=60, deadline=None)
@given(hostile)
def test_what_is_copied_reads_as_it_is(text: str) -> None:
    copy(text)
    copied = QGuiApplication.clipboard().text()
    assert is_plain(copied.replace("\n", "").replace("\t", ""))
    assert is_plain(raw_words(text).replace("\n", "").replace("\t", ""))


def test_raw_text_has_its_lines_but_no_secret() -> None:
    assert raw_words("401\r\n\tapikey=sb_secret_planted1 \u202eend\x00" + "x" * 30_000).startswith(
        "401\n\tapikey=[redacted] endxxx"
    )
    assert len(raw_words("x" * 30_000)) == 20_000


class Browser(QObject):
    """Takes the addresses that would be opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        for scheme in ("http", "https", "file"):
            QDesktopServices.setUrlHandler(scheme, self, "take")  # type: ignore[arg-type]  # bytes are refused

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.opened.append(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    def close(self) -> None:
        for scheme in ("http", "https", "file"):
            QDesktopServices.unsetUrlHandler(scheme)


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    yield made
    made.close()


def test_an_address_is_opened_by_the_host_that_is_named(browser: Browser) -> None:
    row = LinkRow()
    row.show_address("https://bäcker.example:81/groß?a=b c".replace(" ", "%20"))
    assert row.button.toolTip() == "Open xn--bcker-gra.example:81 in the browser"
    assert row.words.text() == "https://xn--bcker-gra.example:81/gro%C3%9F?a=b%20c"
    row.button.click()
    assert browser.opened == ["https://xn--bcker-gra.example:81/gro%C3%9F?a=b%20c"]
    row.show_address("")
    assert (row.words.text(), row.button.isHidden()) == ("—", True)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "https://a@b.example", "javascript:x", "http://0x7f.1/"])
def test_another_can_not_be_pressed_and_says_why(browser: Browser, address: str) -> None:
    row = LinkRow()
    row.show_address(address)
    assert row.words.text() == address
    assert not row.button.isEnabled()
    assert row.button.toolTip()
    row.button.click()
    assert browser.opened == []


pieces = st.sampled_from(
    ["http://", "https://", "/", "@", "?", "#", "[", "]", ".", "%41", "evil.example", "bäcker.example", "。", "a_b",
     ":80", "0x7f.1", "1.1", "[::1]", "xn--a", "A"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds("".join, st.lists(pieces, max_size=6)))
def test_qt_opens_no_other_host_than_the_one_that_is_named(browser: Browser, text: str) -> None:
    browser.opened.clear()
    row = LinkRow()
    row.show_address(f"https://{text}")
    row.button.click()
    for url in browser.opened:
        assert read_link(url).host == read_link(f"https://{text}").host
