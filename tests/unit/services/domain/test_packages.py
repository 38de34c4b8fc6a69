"""Packages and priorities, as the database and the queue know them."""

from __future__ import annotations

import pytest

from services.domain.packages import PRIORITY_WORDS, SIZES, TIERS, priority_of_package, priority_word


def test_each_package_has_a_size_a_tier_and_a_priority() -> None:
    assert set(SIZES) == set(TIERS)
    assert [priority_of_package(name) for name in SIZES] == ["starter", "starter", "pro", "enterprise"]
    assert priority_of_package("gold") == "starter"


@pytest.mark.parametrize(
    ("value", "word"),
    [("pro", "pro"), ("enterprise", "enterprise"), ("PRO", "starter"), (1, "enterprise"), (0, "enterprise"),
     (2, "pro"), (3, "starter"), (4, "starter"), (True, "starter"), (None, "starter"),
     ([], "starter"), (1.0, "starter")],
)  # fmt: skip
def test_a_priority_as_word_or_number(value: object, word: str) -> None:
    assert priority_word(value) == word
    assert word in PRIORITY_WORDS
