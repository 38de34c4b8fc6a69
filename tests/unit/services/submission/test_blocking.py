"""What is shown of a request that was held back."""

from __future__ import annotations

from services.submission.blocking import BODY_KEPT, is_secret, shown_body


def test_values_of_secret_fields_are_masked() -> None:
    shown = shown_body(b"name=Blue+Door&password=hunter2&api_key=abc&csrf_token=x1")
    assert shown == "name=Blue+Door&password=•••&api_key=•••&csrf_token=•••"


def test_ordinary_fields_are_no_secrets() -> None:
    assert not any(is_secret(name) for name in ("#phone", "[name=shipping]", "#passenger", "input[name=company]"))


def test_a_long_or_binary_body_is_cut_and_shown_as_text() -> None:
    assert len(shown_body(b"x" * 100_000)) == BODY_KEPT
    assert shown_body(b"\xff\x00a") == "\ufffd\x00a"
