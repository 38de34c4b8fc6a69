"""When a silent connection is asked, and when it is given up."""

from __future__ import annotations

from services.clients.feed_pulse import Pulse


def test_silence_is_asked_about_and_then_given_up() -> None:
    pulse = Pulse(ask_after=2, dead_after=6)
    assert [pulse.beat(7) for _ in range(7)] == ["lives", "lives", "ask", "lives", "ask", "lives", "dead"]


def test_anything_that_comes_in_starts_the_count_anew() -> None:
    pulse = Pulse(ask_after=2, dead_after=3)
    assert [pulse.beat(count) for count in (0, 0, 0, 1, 1, 1, 1)] == [
        "lives", "lives", "ask", "lives", "lives", "ask", "dead",
    ]  # fmt: skip
