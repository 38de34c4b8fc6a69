"""Text from outside: nothing in it can turn a line around, break it, or leave a folder."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.text import clause, one_line, seen, slug, storable

TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def test_lines_are_joined_and_directions_taken_out() -> None:
    assert one_line(f"Old {TURNS}Mill\r\n\tPizza\u2028Bar\x00") == "Old Mill Pizza Bar"
    assert one_line(None) == ""
    assert one_line(12) == "12"


def test_names_of_all_scripts_stay() -> None:
    for name in ("Bäckerei Groß", "مخبز", "寿司屋", "👩‍🍳 Kitchen", "<b>Bold</b> & Sons"):
        assert one_line(name) == name


def test_a_sentence_becomes_a_part_of_another() -> None:
    assert [clause(one) for one in ("It was skipped.", "", "A captcha", "URL wrong.")] == [
        "it was skipped", "", "a captcha", "URL wrong",
    ]  # fmt: skip


def test_a_name_that_nobody_sees_is_none() -> None:
    assert [seen(name) for name in ("", "  ", "\u200b\u202e", "\t\n", "\x00")] == [""] * 5
    assert [seen(name) for name in (" Old Mill", "مخبز", "<b>", "\u202eMill")] == [
        " Old Mill",
        "مخبز",
        "<b>",
        "\u202eMill",
    ]


def test_long_text_is_cut_visibly() -> None:
    assert one_line("x" * 10_000, 50) == "x" * 49 + "…"
    assert one_line("x" * 50, 50) == "x" * 50


@settings(max_examples=200, derandomize=True)
@given(st.text(alphabet=st.characters()), st.integers(2, 40))
def test_any_text_becomes_one_line(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(one) == "Cc" or one in TURNS for one in line)


@settings(max_examples=200, derandomize=True)
@given(st.text(alphabet=st.characters()))
def test_any_text_becomes_a_file_name(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]{1,80}", slug(text))
    assert slug(text) == slug(text)


def test_file_names_stay_apart_and_in_their_folder() -> None:
    assert slug("a.b") != slug("a-b")
    assert slug("../../etc/passwd").startswith("etc-passwd-")
    assert slug("") != slug(" ")
    assert slug("\ud800").startswith("x-")


def test_what_no_database_keeps_is_replaced_wherever_it_is() -> None:
    odd = {"a\0": ["x\ud800y", ("\0", 1, None, True)], "good": "Groß 👩‍🍳"}
    assert storable(odd) == {"a\ufffd": ["x?y", ["\ufffd", 1, None, True]], "good": "Groß 👩‍🍳"}
