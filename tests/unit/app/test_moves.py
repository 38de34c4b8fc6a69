"""What a move is called on the screen while it is made."""

from __future__ import annotations

import pytest

from app.moves import Become, Elsewhere, Enter, Move, Open, SignOut, TryAgain, doing, meanwhile
from services.domain.environments import Draft


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (TryAgain(), "Starting"), (Open(""), "Starting"), (SignOut(), "Signing out"), (Elsewhere(), "Leaving"),
        (Become("desk-2@directory-bolt.example"), "Signing in as desk-2@directory-bolt.example"),
        (Enter(Draft(name="Main", password="hush")), "Signing in to Main"),
        (Enter(Draft(url="https://a.example ")), "Signing in to https://a.example"),
    ],
)  # fmt: skip
def test_it_is_said_in_words(move: Move, words: str) -> None:
    assert doing(move) == words


def test_who_waits_for_a_sign_out_reads_what_is_done() -> None:
    assert "this computer forgets it" in meanwhile(SignOut())
    assert meanwhile(Elsewhere()) == "You stay signed in there."
    assert meanwhile(TryAgain()) == ""
