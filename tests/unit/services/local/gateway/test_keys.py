"""Passwords, tokens and the door."""

from __future__ import annotations

import jwt
import pytest

from services.domain.passwords import hash_password, verify_password
from services.local.gateway.config import GatewayConfig
from services.local.gateway.guards import is_local
from services.local.gateway.tokens import TokenError, Tokens

SECRET = "a secret of the tests with thirty-two bytes"
JWT_KEY = jwt.encode({"role": "anon", "iss": "supabase"}, SECRET, algorithm="HS256")


def tokens(publishable: str = "sb_publishable_x") -> Tokens:
    return Tokens(GatewayConfig("", "", SECRET, publishable, "sb_secret_x"))


def test_a_password_fits_its_own_hash_only() -> None:
    first, second = hash_password("pässword"), hash_password("pässword")
    assert first != second
    assert verify_password("pässword", first)
    assert not verify_password("password", first)


@pytest.mark.parametrize("stored", ["", "plain", "scrypt$1$2", "md5$16384$8$1$AAAA$AAAA", "scrypt$x$8$1$AAAA$AAAA",
                                    "scrypt$16384$8$1$!$!", "scrypt$3$8$1$AAAA$AAAA"])  # fmt: skip
def test_what_is_not_a_hash_fits_nothing(stored: str) -> None:
    assert not verify_password("", stored)


@pytest.mark.parametrize("key", ["sb_publishable_x", JWT_KEY])
def test_keys_may_be_opaque_or_tokens(key: str) -> None:
    held = tokens(key)
    assert held.caller(key).role == "anon"
    assert held.caller("sb_secret_x").role == "service_role"
    assert held.caller(key).expires_at is None
    assert held.key("sb_secret_") is None
    assert held.key("é") is None


def test_tokens_that_are_refused() -> None:
    expired = jwt.encode({"role": "authenticated", "exp": 1}, SECRET, algorithm="HS256")
    with pytest.raises(TokenError) as refused:
        tokens().caller(expired)
    assert refused.value.expired
    for bad in ("", "x", jwt.encode({"role": "postgres"}, SECRET), jwt.encode({"role": "anon"}, "y" * 40),
                jwt.encode({"role": ["anon"]}, SECRET)):  # fmt: skip
        with pytest.raises(TokenError) as refused:
            tokens().caller(bad)
        assert not refused.value.expired


@pytest.mark.parametrize(
    ("authority", "local"),
    [
        ("127.0.0.1", True), ("127.0.0.1:8000", True), ("localhost:1", True), ("LOCALHOST", True),
        ("", False), ("evil.example", False), ("127.0.0.1.evil.example", False), ("localhost.evil.example:1", False),
        ("localhost@evil.example", False), ("x@localhost", False), ("localhost:x", False), ("[::1", False),
        ("null", False), ("0.0.0.0", False),
    ],
)  # fmt: skip
def test_only_loopback_names_are_local(authority: str, local: bool) -> None:
    assert is_local(authority) is local
