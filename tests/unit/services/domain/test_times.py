"""Instants as the database writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.times import parse_instant, to_iso


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T10:00:00+00:00", "2026-11-23 10:00:00+00", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00",
     " 2026-11-23 11:00:00+01:00 ", "2026-11-23T05:00:00.000000-05:00"],
)  # fmt: skip
def test_all_spellings_of_one_instant(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp()


def test_a_datetime_is_read_too() -> None:
    assert parse_instant(datetime(2026, 11, 23, 10)) == parse_instant("2026-11-23T10:00:00Z")  # noqa: DTZ001
    assert parse_instant(datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=2)))) == parse_instant(
        "2026-11-23T10:00:00Z"
    )


@pytest.mark.parametrize(
    "value",
    [None, "", "infinity", "yesterday", "2026-13-01", 5, True, {}, "0001-01-01T00:00:00", "9999-12-31T23:59:59"],
)
def test_what_is_no_usable_instant_is_not_known(value: object) -> None:
    assert parse_instant(value) is None


@settings(max_examples=200, derandomize=True)
@given(st.text())
def test_no_text_raises(text: str) -> None:
    parse_instant(text)


@settings(max_examples=200, derandomize=True)
@given(st.integers(0, 4_000_000_000_000_000))
def test_microseconds_come_back(microseconds: int) -> None:
    seconds = microseconds / 1_000_000
    assert parse_instant(to_iso(seconds)) == pytest.approx(seconds, abs=1e-6)
