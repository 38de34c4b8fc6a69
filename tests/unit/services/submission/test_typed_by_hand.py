"""What a person typed is known again in whatever carries it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest
from playwright.async_api import Error, Page

from services.submission import typed_by_hand
from services.submission.typed_by_hand import TypedByHand


def typed(*fields: tuple[str, str]) -> TypedByHand:
    made = TypedByHand()
    for at, (name, value) in enumerate(fields):
        hear(made, str(at), name, value)
    made._hear({"name": "another", "payload": "?"})
    return made


def hear(by_hand: TypedByHand, key: str, name: str, value: str | None, *, done: bool = False) -> None:
    by_hand._hear({"name": "tellTyped", "payload": json.dumps([key, name, value, done])})


@pytest.mark.parametrize(
    ("url", "carries"),
    [
        ("https://a.example/send?state=NY", True),
        ("https://a.example/send?city=NY", False),
        ("https://a.example/send?name=Red", True),
        ("https://a.example/suggest?text=Red+D", True),
        ("https://a.example/suggest?text=Red", False),
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


def test_of_a_field_what_stands_in_it_counts_and_what_it_was_left_with() -> None:
    by_hand = TypedByHand()
    for typed_so_far in ("https", "https://red", "https://red.example"):
        hear(by_hand, "1", "web", typed_so_far)
    assert not by_hand.in_address("https://a.example/pixel?page=https%3A%2F%2Fa.example%2F")
    assert by_hand.in_address("https://a.example/pixel?page=https%3A%2F%2Fred.example%2F")
    hear(by_hand, "1", "web", "https://red.example", done=True)
    hear(by_hand, "1", "web", "")
    hear(by_hand, "2", "name", "Red Door")
    hear(by_hand, "2", "name", "Red")
    assert by_hand.in_text("https://red.example")
    assert not by_hand.in_text("Red Door")


def test_so_many_keys_as_are_pressed_the_last_field_is_heard() -> None:
    by_hand = TypedByHand()
    for length in range(1, 500):
        hear(by_hand, "1", "description", "x" * length)
    hear(by_hand, "2", "email", "hello@red.example")
    assert by_hand.in_address("https://a.example/?e=hello%40red.example")
    assert not by_hand.in_text("anything")


@pytest.mark.parametrize("done", [False, True])
def test_of_more_fields_than_are_kept_everything_counts(done: bool) -> None:
    by_hand = TypedByHand()
    for at in range(300):
        hear(by_hand, "1" if done else str(at), "name", f"Red Door {at}", done=done)
    assert by_hand.in_text("anything")


def test_of_a_field_that_cannot_be_read_everything_counts() -> None:
    by_hand = TypedByHand()
    hear(by_hand, "1", "", None)
    hear(by_hand, "2", "name", "Red Door")
    assert by_hand.in_text("anything")


def test_of_a_page_that_cannot_be_listened_to_everything_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        frames = (None,)

        @property
        def context(self) -> Any:
            return self

        def on(self, *_: object) -> None:
            pass

        def is_closed(self) -> bool:
            return False

        async def new_cdp_session(self, _: object) -> None:
            raise Error("Target closed")

    monkeypatch.setattr(typed_by_hand, "_GOING_SECONDS", 0.0)
    by_hand = TypedByHand()
    asyncio.run(by_hand.listen(cast(Page, Gone())))
    assert by_hand.in_address("https://a.example/?x=1")
    assert by_hand.in_text("anything")
    assert not by_hand.in_address("https://a.example/logo.png")
