"""Objects kept as JSON text are read again, whatever the text is."""

from __future__ import annotations

import pytest

from services.domain.columns import decoded, encoded


def test_what_was_encoded_is_read_again() -> None:
    assert decoded(encoded({"a": [1, {"b": None}]})) == {"a": [1, {"b": None}]}


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_object_reads_as_an_empty_one(body: bytes) -> None:
    assert decoded(body) == {}
