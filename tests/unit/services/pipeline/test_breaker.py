"""The breaker opens at its limit, probes ever more rarely, and closes at the first success."""

from __future__ import annotations

from services.pipeline.breaker import Breaker


def test_opens_at_the_limit_and_doubles_its_probes() -> None:
    breaker = Breaker(3, 60.0)
    assert [breaker.failed() for _ in range(3)] == [False, False, True]
    pauses = [breaker.pause]
    for _ in range(5):
        breaker.failed()
        pauses.append(breaker.pause)
    assert pauses == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]


def test_a_success_closes_it_and_says_so_once() -> None:
    breaker = Breaker(1, 60.0)
    assert breaker.failed()
    assert [breaker.succeeded(), breaker.is_open, breaker.succeeded()] == [True, False, False]


def test_errors_below_the_limit_only_slow_it_down() -> None:
    breaker = Breaker(1000, 60.0)
    assert breaker.pause <= 0.5
    for _ in range(900):
        breaker.failed()
    assert not breaker.is_open
    assert breaker.pause == 15.0
