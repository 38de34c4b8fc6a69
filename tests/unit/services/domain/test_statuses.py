"""Statuses: known spellings are one, unknown ones stay visible as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain import statuses
from services.domain.statuses import (
    GOOD_RESULTS,
    JOB_STATUSES,
    Shape,
    job_status,
    job_status_shape,
    job_status_word,
    result_status,
    result_status_shape,
    result_status_word,
)

GLYPHS = Path(statuses.__file__).parents[2] / "resources" / "look" / "glyphs.json"


@pytest.mark.parametrize(
    ("raw", "ours"),
    [("complete", "completed"), (" Done ", "completed"), ("in-progress", "in_progress"), ("PROCESSING", "in_progress"),
     ("canceled", "cancelled"), ("queued", "pending"), ("Paused", "paused"), (None, ""), ("", "")],
)  # fmt: skip
def test_spellings_of_a_job_are_one(raw: str | None, ours: str) -> None:
    assert job_status(raw) == ours


@pytest.mark.parametrize(
    ("raw", "ours"),
    [("approved", "submitted"), ("SUCCESS", "submitted"), ("captcha_failed", "failed"), ("2fa_required", "failed"),
     ("processing", "submitting"), ("retry", "pending"), ("skipped", "skipped"), (None, "")],
)  # fmt: skip
def test_spellings_of_a_result_are_one(raw: str | None, ours: str) -> None:
    assert result_status(raw) == ours


def test_a_status_that_nobody_knows_is_shown_raw_with_the_question_mark() -> None:
    assert job_status(" Waiting For Godot ") == "Waiting For Godot"
    assert (job_status_word("Waiting For Godot"), job_status_shape("Waiting For Godot")) == (
        "Waiting For Godot", "unknown",
    )  # fmt: skip
    assert (result_status_word("odd"), result_status_shape("odd")) == ("odd", "unknown")
    assert (job_status_word(""), result_status_word("")) == ("—", "—")


def test_every_status_of_ours_has_its_word_and_shape() -> None:
    assert all(job_status_word(name) != name for name in JOB_STATUSES)
    assert len({job_status_shape(name) for name in JOB_STATUSES}) == len(JOB_STATUSES)
    assert {result_status(raw) for raw in GOOD_RESULTS} == {"submitted"}


def test_every_shape_is_drawn() -> None:
    drawn = json.loads(GLYPHS.read_text())
    assert set(get_args(Shape)) <= set(drawn.get("glyphs", drawn))


@settings(max_examples=100, derandomize=True)
@given(st.text())
def test_reading_twice_changes_nothing(raw: str) -> None:
    assert job_status(job_status(raw)) == job_status(raw)
    assert result_status(result_status(raw)) == result_status(raw)
