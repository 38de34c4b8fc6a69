"""What a person typed is known again in whatever carries it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest
from playwright.async_api import Error, Page

from services.submission.typed_by_hand import TypedByHand


def typed(*fields: tuple[str, str]) -> TypedByHand:
    made = TypedByHand()
    for name, value in fields:
        made._hear({"name": "tellTyped", "payload": json.dumps([name, value])})
    made._hear({"name": "another", "payload": "?"})
    return made


@pytest.mark.parametrize(
    ("url", "carries"),
    [
        ("https://a.example/send?state=NY", True),
        ("https://a.example/send?city=NY", False),
        ("https://a.example/send?q=Red+Door+Cafe&x=1", True),
        ("https://a.example/send?q=Red%20Door", True),
        ("https://a.example/Red%20Door/send", True),
        ("https://a.example/send?state=", False),
        ("https://a.example/style.css?v=1", False),
    ],
)
def test_an_address_says_a_field_with_its_name_or_a_longer_value_anywhere(url: str, carries: bool) -> None:
    assert typed(("state", "NY"), ("name", " Red Door "), ("q", "  ")).in_address(url) is carries


def test_a_message_says_a_longer_value() -> None:
    by_hand = typed(("state", "NY"), ("name", "Red Door"))
    assert by_hand.in_text('{"name": "Red Door"}')
    assert not by_hand.in_text('{"state": "NY"}')
    assert not TypedByHand().in_text("Red Door")


def test_of_a_page_that_cannot_be_listened_to_everything_counts() -> None:
    class Gone:
        @property
        def context(self) -> Any:
            raise Error("Target closed")

    by_hand = TypedByHand()
    asyncio.run(by_hand.listen(cast(Page, Gone())))
    assert by_hand.in_address("https://a.example/?x=1")
    assert by_hand.in_text("anything")
    assert not by_hand.in_address("https://a.example/logo.png")
