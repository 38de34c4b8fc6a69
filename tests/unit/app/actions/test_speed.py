"""How fast an act goes is said once it can be known."""

from __future__ import annotations

import time

import pytest

from app.actions.speed import FIRST_SECONDS, Speed


def test_nothing_is_said_of_the_first_seconds_and_of_what_was_done_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    one = Speed(40)
    now += FIRST_SECONDS / 2
    assert one.rate(46) == 0
    now += FIRST_SECONDS / 2 + 3
    assert one.rate(46) == 1
    assert one.rate(40) == 0
