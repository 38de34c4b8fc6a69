"""No secret stays in a text, however it is spelled, and no text takes for ever to look through."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.domain import redaction
from services.domain.redaction import OUT, keep_out, keep_token_out, redact


def clear() -> None:
    redaction._known.clear()
    redaction._tokens.clear()
    redaction._learn()


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    clear()
    yield
    clear()


# Put together here, so that no file of this project looks as if it held one.
LOOKS = {
    "a Stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "a webhook secret": "whsec_" + "abcdef0123456789",
    "a Slack token": "xoxb-" + "1234567890-abcdefgh",
    "a Slack hook": "https://hooks.slack." + "com/services/T000/B000/abcdefgh",
    "an AI key": "sk-ant-" + "api03-abcdefgh",
    "another AI key": "AIza" + "SyA0123456789abcdefghijklmnopqrstuv",
    "a key pair": "-----BEGIN RSA PRIVATE " + "KEY-----\nabcdefgh\n-----END RSA PRIVATE KEY-----",
    "a token in an address": "Bearer%20eyJhbGciOiJI.eyJzdWIiOiIx.abcdefgh",
    "several words in quotes": '{"password": "correct abcdefgh \\" more abcdefgh"}',
    "several words in single quotes": "{'passwd': 'correct abcdefgh'}",
    "JSON in JSON": json.dumps(json.dumps({"secret": "correct abcdefgh"})),
    "an encoded query": "client_secret%3Dabcdefgh",
}


@pytest.mark.parametrize("name", LOOKS)
def test_what_looks_like_a_secret_goes(name: str) -> None:
    shown = redact(f"failed: {LOOKS[name]} (twice: {LOOKS[name]})")
    assert OUT in shown
    assert not [bit for bit in ("4eC39", "abcdef", "0123456789", "eyJ") if bit in shown]


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=30), st.binary(max_size=4))
def test_what_is_known_goes_in_every_spelling(secret: str, beside: bytes) -> None:
    assume(secret not in OUT)
    clear()
    keep_out(secret)
    inside = base64.b64encode(beside + secret.encode() + beside).decode()
    raw = secret.encode()
    core = base64.b64encode(raw)[: len(raw) * 8 // 6].decode()
    said = [secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret), repr(secret), core, inside]
    for text in said:
        assert OUT in redact(f"<{text}>"), text
    assert secret not in redact(" ".join(said))


def test_a_password_that_is_a_name_of_secrets_shields_no_other() -> None:
    keep_out("password", "another one")
    shown = redact('password=hunter2 "secret": "hunter3" for the password another one')
    assert not [bit for bit in ("password", "hunter", "another") if bit in shown], shown


def test_redacted_text_stays_as_it_is() -> None:
    for secret in LOOKS.values():
        once = redact(f"failed: {secret}")
        assert redact(once) == once


def test_ordinary_text_stays() -> None:
    for text in (
        "Inserted new result for mapnook.localhost", "token", "the password was wrong", "v1.2.3-eyJ", "eyJ.a.b.c",
        "sk_test", "https://hooks.example/services/x", "a secretary's desk", "1.2.3.eyJhbGciOi.x",
    ):  # fmt: skip
        assert redact(text) == text


@pytest.mark.parametrize(
    "piece",
    ["x", "eyJ", "eyJ.", "secret", "password\\", 'token"', "secret ", "://", "://a:", "\\", "'", "AKIA", "="],
)
def test_no_text_takes_for_ever(piece: str) -> None:
    # A pattern that looks at each sign again for each sign before it would need many minutes for these.
    text = piece * (60_000 // len(piece))
    redact(text)
    redact(f"eyJaaaaaaaa.b.{text}")
    redact(f'password": "{text}')


def test_only_the_newest_of_many_tokens_are_kept_out() -> None:
    keep_out("a-fixed-secret", "short1")
    keep_out("a-fixed-secret", "short")
    for number in range(9):
        keep_token_out(f"refresh-token-{number}")
        keep_token_out(f"refresh-token-{number}")
    assert redact("a-fixed-secret short1 refresh-token-8 refresh-token-1") == " ".join([OUT] * 4)
    assert redact("short refresh-token-0") == "short refresh-token-0"
