"""The pauses of a flow, with the product's own defaults."""

from __future__ import annotations

import pytest

from services.domain.packages import pause_seconds
from services.pipeline.directory_task import retry_pause
from services.settings import Settings


@pytest.mark.parametrize(
    ("limit", "priority", "seconds"),
    [
        (2000, "starter", 3.0),
        (2000, "pro", 2.0),
        (2000, "enterprise", 1.0),
        (100, "enterprise", 0.5),
        (0, "enterprise", 0.0),
        (-5, "starter", 0.0),
        (2000, "whatever", 3.0),
    ],
)
def test_rate_limit_by_priority(limit: int, priority: str, seconds: float) -> None:
    assert pause_seconds(limit, priority) == seconds


def test_repeats_wait_exponentially_with_jitter() -> None:
    base = Settings().retry_base_seconds
    for attempt, least in ((1, 30.0), (2, 60.0), (3, 120.0)):
        waits = {retry_pause(attempt, base) for _ in range(20)}
        assert len(waits) > 1
        assert least <= min(waits) <= max(waits) <= least * 1.25


def test_defaults_are_those_of_the_contract() -> None:
    defaults = Settings()
    assert (defaults.task_retries, defaults.task_seconds, defaults.heartbeat_seconds) == (3, 480.0, 20.0)
    assert (defaults.sqs_max_messages, defaults.sqs_wait_seconds, defaults.sqs_visibility_seconds) == (5, 20, 600)
    assert (defaults.sqs_max_consecutive_errors, defaults.breaker_probe_seconds) == (10, 60.0)
