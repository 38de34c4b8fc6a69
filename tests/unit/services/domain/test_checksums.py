"""Digests that the hosted SQS gave for the same messages."""

from __future__ import annotations

from services.domain.checksums import attributes_md5, body_md5


def text(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def test_body() -> None:
    assert body_md5("msg") == "6e2baaf3b97dbeef01c0043275f9a0e7"


def test_one_attribute() -> None:
    assert attributes_md5({"Foo": text("Bar")}) == "ae7155c6026991b6d54b11589678bf9c"


def test_names_are_sorted() -> None:
    attributes = {"Hello": text("There"), "General": text("Kenobi")}
    assert attributes_md5(attributes) == "fca026605781cb4126a1e9044df24232"
    assert attributes_md5({"Help.Me": text("Me"), **attributes}) == "4c360f3fdafd970e05fae2f149d997f5"


def test_text_and_bytes_differ() -> None:
    binary = {"a": {"DataType": "Binary", "BinaryValue": "eA=="}}
    assert attributes_md5(binary) != attributes_md5({"a": {"DataType": "Binary", "StringValue": "x"}})


def test_bytes_and_their_base64_text_are_the_same() -> None:
    text_form = {"a": {"DataType": "Binary.png", "BinaryValue": "AP8="}}
    assert attributes_md5(text_form) == attributes_md5({"a": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"}})


def test_empty_bytes_are_still_bytes() -> None:
    empty = {"a": {"DataType": "Binary", "BinaryValue": b""}}
    assert attributes_md5(empty) == attributes_md5({"a": {"DataType": "Binary", "BinaryValue": ""}})


def test_no_attributes_have_no_digest() -> None:
    assert attributes_md5({}) == ""
