"""Every part gets a port of its own, the one that it had if it can."""

from __future__ import annotations

import random
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.local.ports import PortTaken, choose_ports, hold, is_taken

NAMES = ("postgres", "gateway", "queue", "practice", "brain")


def listening() -> socket.socket:
    other = socket.socket()
    other.bind(("127.0.0.1", 0))
    other.listen()
    return other


def test_what_somebody_listens_on_is_taken_until_it_stops() -> None:
    with listening() as other:
        port = other.getsockname()[1]
        assert is_taken(port)
        assert hold(port) is None
    assert not is_taken(port)


@given(kept=st.lists(st.sampled_from([0, 20001, 20002, 20003]), min_size=5, max_size=5), lucky=st.integers(0, 4))
def test_no_two_parts_get_one_port(kept: list[int], lucky: int) -> None:
    # Every draw begins with a port that another part may have kept.
    draws = iter([20001, 20002, 20003][lucky % 3 :])
    patch = pytest.MonkeyPatch()
    choice = random.choice
    patch.setattr(random, "choice", lambda among: next(draws, None) or choice(among))
    try:
        chosen = choose_ports(dict(zip(NAMES, kept, strict=True)), {})
    finally:
        patch.undo()
    assert len(set(chosen.values())) == len(NAMES)
    for port in set(kept) - {0}:
        assert port in chosen.values(), "a kept port was given away"


def test_kept_ports_stay_and_a_taken_one_moves() -> None:
    first = choose_ports(dict.fromkeys(NAMES, 0), {})
    with listening() as other:
        kept = {**first, "queue": other.getsockname()[1]}
        second = choose_ports(kept, {})
    assert second["queue"] != kept["queue"]
    assert {**second, "queue": 0} == {**first, "queue": 0}


def test_a_given_port_comes_first_or_is_refused() -> None:
    first = choose_ports(dict.fromkeys(NAMES, 0), {})
    second = choose_ports(first, {"brain": first["queue"]})
    assert second["brain"] == first["queue"] != second["queue"]
    with listening() as other, pytest.raises(PortTaken, match="taken by another program") as caught:
        choose_ports(first, {"gateway": other.getsockname()[1]})
    assert caught.value.part == "gateway"
