"""Queue attributes in the form that is kept."""

from __future__ import annotations

import pytest

from services.local.queue.errors import QueueError
from services.local.queue.queue_attributes import Redrive, arn_of, checked_attributes, difference, readable, redrive_of


def test_a_policy_is_kept_in_its_usual_spelling() -> None:
    policy = f'{{"maxReceiveCount":"3","deadLetterTargetArn":"{arn_of("dead")}"}}'
    kept = checked_attributes({"RedrivePolicy": policy})
    assert kept["RedrivePolicy"] == f'{{"deadLetterTargetArn": "{arn_of("dead")}", "maxReceiveCount": 3}}'
    assert redrive_of(kept) == Redrive("dead", 3)


def test_an_empty_policy_is_no_policy() -> None:
    assert checked_attributes({"RedrivePolicy": ""}) == {"RedrivePolicy": ""}
    assert difference({}, {"RedrivePolicy": ""}) is None


def test_a_default_counts_as_set() -> None:
    assert difference({}, {"VisibilityTimeout": "30"}) is None
    assert difference({}, {"VisibilityTimeout": "31"}) == "VisibilityTimeout"
    assert readable({}, ["DelaySeconds", "Policy"], {}) == {"DelaySeconds": "0"}


@pytest.mark.parametrize("value", ["0", "43200", "007"])
def test_numbers_within_the_limits(value: str) -> None:
    assert checked_attributes({"VisibilityTimeout": value}) == {"VisibilityTimeout": str(int(value))}


@pytest.mark.parametrize("value", ["-1", "43201", "", "+5", " 5", "5_0", "9" * 5000])
def test_numbers_beyond_the_limits(value: str) -> None:
    with pytest.raises(QueueError, match="Invalid value for the parameter VisibilityTimeout"):
        checked_attributes({"VisibilityTimeout": value})
