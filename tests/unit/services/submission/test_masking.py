"""What is shown of a request: readable, without secrets, without files."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

from hypothesis import given
from hypothesis import strategies as st

from services.submission.masking import TEXT_KEPT, URL_KEPT, Masking


def test_values_of_secret_fields_are_masked() -> None:
    shown = Masking().body(b"name=Blue+Door&password=hunter2&api_key=abc&csrf_token=x1&password_again=hunter2")
    assert shown == "name=Blue+Door&password=•••&api_key=•••&csrf_token=•••&password_again=•••"


def test_secrets_in_json_are_masked_however_deep_and_where_it_is_cut() -> None:
    body = b'{"name": "Blue \\"Door\\"", "login": {"Password" : "a\\"b", "pin": 1234, "n": [1]}, "secret": "cut of'
    assert Masking().body(body) == (
        '{"name": "Blue \\"Door\\"", "login": {"Password" : "•••", "pin": "•••", "n": [1]}, "secret": "•••"'
    )


def test_parts_of_a_form_with_files_are_masked_and_files_only_named() -> None:
    part = '--edge\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    body = part.format("shop", "", "Blue Door") + part.format("pwd", "", "hunter2")
    body += part.format("logo", '; filename="a.png"', "\xff\r\nx") + part.format("none", '; filename=""', "")
    shown = Masking().body((body + "--edge--\r\n").encode("latin-1"))
    expected = part.format("shop", "", "Blue Door") + part.format("pwd", "", "•••")
    expected += part.format("logo", '; filename="a.png"', "[4 bytes, sha256 0a52730597fb4ffa]")
    assert shown.split("sha256")[0] == (expected + part.format("none", '; filename=""', "")).split("sha256")[0]
    assert shown.endswith(part.format("none", '; filename=""', "") + "--edge--\r\n")


def test_an_address_is_masked_and_cut() -> None:
    assert Masking().url("https://a.example/x?name=b&token=abc#here") == "https://a.example/x?name=b&token=•••#here"
    assert len(Masking().url("https://a.example/?" + "x" * 9000)) == URL_KEPT


def test_a_long_or_binary_body_is_cut_and_shown_as_text() -> None:
    assert len(Masking().body(b"x" * 100_000)) == TEXT_KEPT
    assert Masking().body(b"\xff\x00a") == "\ufffd\x00a"


@given(st.text(st.characters(codec="utf-8"), min_size=6, max_size=30), st.sampled_from(["form", "json", "text"]))
def test_what_was_typed_into_a_secret_field_is_shown_nowhere(secret: str, way: str) -> None:
    written = {"form": quote_plus(secret), "json": json.dumps(secret, ensure_ascii=False), "text": secret}[way]
    around = {"form": "a={}&b=1", "json": '{{"a": {}}}', "text": "say {} on"}[way]
    assert Masking([secret]).body(around.format(written).encode()) in (
        around.format('"•••"' if way == "json" else "•••"),
        around.format("•••"),
    )
    late = Masking()
    late.mask([secret])
    assert late.text(f"It says {secret}") == "It says •••"
    assert Masking([secret]).url(f"https://a.example/?a={quote_plus(secret)}#b") == "https://a.example/?a=•••#b"
