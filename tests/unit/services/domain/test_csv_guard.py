"""No text of anybody is a formula in a spreadsheet, and every text can be had back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.csv_guard import guarded, unguarded

FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "  =1", '"=1', "'=1", "' \"=cmd", "“=1”",
    "\u00a0=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\u3000＝1", "＝1", "＋1", "－1", "＠x", "﹢1", "﹣1", "⁼1",
    "−1", "–1", "|calc", "%0A", "\x1f=1", "\u0301=1", "\U000e0041=1",
)  # fmt: skip
PLAIN = ("", "Nordwind Kaffee", "1-2", "a=b", "'tis", '"so"', "(=1)", "0", "*")
text = st.text(st.characters(exclude_categories=["Cs"]))
hostile = st.builds("".join, st.lists(st.one_of(st.sampled_from("=+-@\t\r\n '\"＝－\u200b\ufeffa1"), text), max_size=6))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_text(formula: str) -> None:
    assert guarded(formula) == f"'{formula}"


@pytest.mark.parametrize("plain", PLAIN)
def test_other_text_stays_as_it_is(plain: str) -> None:
    assert guarded(plain) == plain


@given(hostile)
def test_every_text_comes_back(said: str) -> None:
    cell = guarded(said)
    assert unguarded(cell) == said
    assert cell in (said, f"'{said}")
    # What a spreadsheet sees after it took away all that it may take away.
    seen = cell.lstrip("".join(map(chr, range(33))) + '\u00a0\u3000\u200b\ufeff"')
    assert seen[:1] not in tuple("=+-@＝＋－＠")


@given(st.lists(st.lists(hostile, min_size=1, max_size=4), min_size=1, max_size=4))
def test_every_text_comes_back_through_a_file(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerows([[guarded(cell) for cell in row] for row in rows])
    found = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert [[unguarded(cell) for cell in row] for row in found] == rows
