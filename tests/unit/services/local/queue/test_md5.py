"""Digests that the hosted SQS gave for the same messages."""

from __future__ import annotations

from services.local.queue.md5 import md5_of_attributes, md5_of_body


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def test_body() -> None:
    assert md5_of_body("msg") == "6e2baaf3b97dbeef01c0043275f9a0e7"


def test_one_attribute() -> None:
    assert md5_of_attributes({"Foo": text("Bar")}) == "ae7155c6026991b6d54b11589678bf9c"


def test_names_are_sorted() -> None:
    attributes = {"Hello": text("There"), "General": text("Kenobi")}
    assert md5_of_attributes(attributes) == "fca026605781cb4126a1e9044df24232"
    assert md5_of_attributes({"Help.Me": text("Me"), **attributes}) == "4c360f3fdafd970e05fae2f149d997f5"


def test_text_and_bytes_differ() -> None:
    binary = {"a": {"DataType": "Binary", "BinaryValue": "eA=="}}
    assert md5_of_attributes(binary) != md5_of_attributes({"a": {"DataType": "Binary", "StringValue": "x"}})
