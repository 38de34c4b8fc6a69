"""The four gaps, and everything that is no gap."""

from __future__ import annotations

import pytest

from services.domain.diagnosis import Clues, diagnose, since

NOW = 100_000.0


def clues(**known: object) -> Clues:
    return Clues(**{"status": "pending", "now": NOW, "created_at": NOW - 3000, **known})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "words", "gap"),
    [
        ({}, "No message, no history: never queued", "never_queued"),
        ({"created_at": NOW - 5}, "Not queued yet", None),
        ({"outbox_waiting": True}, "Waiting to be queued", None),
        ({"message_sent": True}, "In the queue", None),
        ({"message_sent": True, "ahead": 3}, "In the queue, about 3 ahead", None),
        ({"message_sent": True, "in_dead_letters": True}, "In dead letters: it could not be started", None),
        ({"claimed_at": NOW - 10}, "Taken from the queue", None),
        ({"claimed_at": NOW - 360}, "No flow for 6 min: deployment missing?", "claimed_not_triggered"),
        ({"claimed_at": NOW - 900, "triggered_at": NOW - 30}, "Flow triggered, waiting for a worker", None),
        ({"triggered_at": NOW - 840}, "Not started for 14 min: pool down?", "triggered_not_started"),
        ({"triggered_at": NOW - 840, "worker_alive": True}, "Waiting for a worker for 14 min: all are busy", None),
        ({"status": "in_progress", "started_at": NOW - 900, "last_event_at": NOW - 2}, "", None),
        (
            {"status": "in_progress", "started_at": NOW - 3600, "last_event_at": NOW - 1320},
            "Silent for 22 min: worker crashed?",
            "started_not_finalized",
        ),
        (
            {"status": "in_progress", "started_at": NOW - 9, "unknown_outcomes": 2, "last_event_at": NOW},
            "2 outcomes unknown",
            None,
        ),
        (
            {"status": "in_progress", "started_at": NOW - 9, "finalized_at": NOW - 1},
            "Finished, but its status was not updated",
            None,
        ),
        ({"status": "completed", "error_message": "3 of 50 submissions failed"}, "3 of 50 submissions failed", None),
        ({"status": "completed", "unknown_outcomes": 1, "error_message": "x"}, "1 outcome unknown", None),
        ({"status": "completed", "total": 48, "package_size": 50}, "48 listed of 50 paid", None),
        ({"status": "failed", "failed": 50, "total": 50}, "All 50 failed", None),
        (
            {"status": "failed", "error_message": "asyncio.run() cannot be called from a running event loop"},
            "Platform fault: event loop already running",
            None,
        ),
        ({"status": "paused"}, "Paused by staff", None),
        ({"status": "cancelled"}, "Cancelled", None),
        ({"status": "completed"}, "", None),
    ],
)
def test_words_and_gap(known: dict[str, object], words: str, gap: str | None) -> None:
    found = diagnose(clues(**known))
    assert (found.words, found.gap) == (words, gap)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (4920, "1 h 22"), (200_000, "2 d"), (-5, "0 s")]
)
def test_spans(seconds: float, words: str) -> None:
    assert since(seconds) == words


@pytest.mark.parametrize(
    ("known", "shape"),
    [
        ({"status": "failed", "error_message": "no profile"}, "failed"),
        ({"status": "completed", "error_message": "3 of 50 submissions failed"}, None),
        ({"status": "failed", "failed": 50, "total": 50}, "failed"),
        ({"status": "completed", "failed": 50, "total": 50}, None),
        ({"status": "completed", "unknown_outcomes": 1}, "unknown"),
        ({"claimed_at": NOW - 10}, None),
        ({"claimed_at": NOW - 360}, "failed"),
        ({}, "lost"),
    ],
)
def test_what_needs_a_person_has_a_shape(known: dict[str, object], shape: str | None) -> None:
    assert diagnose(clues(**known)).shape == shape
