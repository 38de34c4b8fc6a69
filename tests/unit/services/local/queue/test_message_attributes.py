"""Which attributes a receiver gets, what counts against the size, which characters pass."""

from __future__ import annotations

import pytest

from services.local.queue.errors import QueueError
from services.local.queue.message_attributes import Attributes, check_characters, chosen, size_of

GIVEN: Attributes = {
    name: {"DataType": "String", "StringValue": "x"} for name in ("General", "Hello", "Help.Me", "own.text")
}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["All"], list(GIVEN)),
        ([".*"], list(GIVEN)),
        (["Hel.*"], ["Hello", "Help.Me"]),
        (["own.*", "Hello"], ["Hello", "own.text"]),
        (["hello"], []),
        ([], []),
    ],
)
def test_chosen(names: list[str], expected: list[str]) -> None:
    assert list(chosen(GIVEN, names)) == expected


def test_size_is_in_bytes() -> None:
    binary = {"name": {"DataType": "Binary", "BinaryValue": "AAAA"}}
    assert size_of("é", binary) == 2 + len("name") + len("Binary") + 3


@pytest.mark.parametrize("good", ["\t\n\r ", "\ud7ff\ue000", "\ufffd", "\U00010000\U0010ffff"])
def test_characters_at_the_edges_pass(good: str) -> None:
    check_characters(good)


@pytest.mark.parametrize("bad", ["\x00", "\x08", "\x0b", "\x0c", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_characters_beyond_the_edges_do_not(bad: str) -> None:
    with pytest.raises(QueueError) as caught:
        check_characters(f"a{bad}b")
    assert caught.value.code == "InvalidMessageContents"
