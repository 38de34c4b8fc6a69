"""What waits for a person."""

from __future__ import annotations

import pytest

from app.store.lines import DirectoryLine, JobLine
from app.store.needs import RANKS, job_need, letter_need
from services.domain.diagnosis import Diagnosis

CRASHED = Diagnosis("Silent for 12 min", "failed", "started_not_finalized")


def directories(_: str) -> list[DirectoryLine]:
    return [DirectoryLine("j1", "mapnook.localhost", outcome="unknown", words="The connection broke", when=70.0)]


@pytest.mark.parametrize(
    ("line", "dead", "kind"),
    [
        (JobLine("j1", status="pending", diagnosis=Diagnosis("never queued", "lost", "never_queued")), True, "lost"),
        (JobLine("j1", status="in_progress", diagnosis=CRASHED), False, "stuck"),
        (JobLine("j1", status="in_progress", diagnosis=Diagnosis("not updated", "failed")), False, "stuck"),
        (JobLine("j1", status="pending", diagnosis=Diagnosis("in dead letters", "failed")), True, "dead_letter"),
        (JobLine("j1", status="completed", unknown=1, diagnosis=Diagnosis("1 unknown", "unknown")), False, "unknown"),
        (JobLine("j1", status="failed", failed=3, diagnosis=Diagnosis("All 3 failed", "failed")), False, "failed"),
        (JobLine("j1", status="completed", failed=3), False, None),
        (JobLine("j1", status="completed"), True, None),
        (JobLine("j1", status="in_progress", diagnosis=Diagnosis("Flow triggered")), False, None),
    ],
)  # fmt: skip
def test_each_kind(line: JobLine, dead: bool, kind: str | None) -> None:
    found = job_need(line, dead, directories)
    assert (found.kind if found else None) == kind


def test_one_unknown_outcome_names_its_directory() -> None:
    line = JobLine("j1", business="Old Mill Pizza", status="completed", unknown=1, last_event_at=90.0)
    found = job_need(line, False, directories)
    assert found is not None
    assert (found.name, found.words, found.since) == (
        "Old Mill Pizza", "mapnook.localhost: The connection broke", 70.0,
    )  # fmt: skip


def test_several_unknown_outcomes_are_counted() -> None:
    line = JobLine("j1", status="completed", unknown=2, last_event_at=90.0)
    found = job_need(line, False, lambda _: [])
    assert found is not None
    assert (found.name, found.words, found.since) == ("j1", "2 outcomes unknown", 90.0)


def test_a_letter_without_a_job_has_a_place_too() -> None:
    found = letter_need("m1", "The message is not JSON.", 5.0)
    assert (found.kind, found.job_id, found.words) == ("dead_letter", "", "The message is not JSON.")
    assert RANKS["lost"] < RANKS[found.kind] < RANKS["failed"]
