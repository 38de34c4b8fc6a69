"""Refresh tokens: one for each count of a session; nobody else can make or change one; any text may be asked about."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from services.local.gateway.config import GatewayConfig
from services.local.gateway.tokens import Tokens


def tokens(secret: str = "a secret of the tests with thirty-two bytes") -> Tokens:
    return Tokens(GatewayConfig("", "", secret, "sb_publishable_x", "sb_secret_x"))


@given(st.uuids(), st.integers(0, 2**63 - 1))
def test_a_token_says_what_it_was_made_of_and_only_to_who_has_made_it(session: uuid.UUID, number: int) -> None:
    made = tokens().issue_refresh(str(session), number)
    assert tokens().read_refresh(made) == (str(session), number)
    assert tokens().issue_refresh(str(session), number) == made
    assert tokens("another one of at least thirty-two bytes").read_refresh(made) is None


@given(st.uuids(), st.integers(0, 9), st.integers(0, 52), st.sampled_from("AZaz09-_"))
def test_no_sign_of_a_token_can_be_changed(session: uuid.UUID, number: int, place: int, sign: str) -> None:
    # The last sign is left out: four bits of it say nothing.
    made = tokens().issue_refresh(str(session), number)
    changed = made[:place] + sign + made[place + 1 :]
    assert (tokens().read_refresh(changed) is None) is (changed != made)


@given(st.text(st.characters(exclude_categories=()), max_size=80) | st.binary(max_size=60).map(lambda b: b.hex()))
def test_any_text_may_be_asked_about(text: str) -> None:
    assert tokens().read_refresh(text) is None
