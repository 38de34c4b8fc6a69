"""What a dead letter is, in words: any body of any size is read, and nothing is claimed of it that isn't so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.reading import Reading, read
from services.domain.messages import parse_job_message
from services.ports.wishes import DeadLetter
from tests.fakes.odd_letters import GOOD, JOB, TEN, UNUSABLE, USABLE


def reading(body: str, attributes: dict[str, Any] | None = None) -> Reading:
    return read(DeadLetter("m", "r", body, attributes=attributes or {}), now=0.0)


LEAVES = "It leaves the message in the queue, which makes it a dead letter again."


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_called_what_it_is(name: str) -> None:
    body, what = UNUSABLE[name]
    found = reading(body, TEN)
    assert (found.what, found.does, found.message) == (what, (LEAVES,), None)
    assert found.problem.endswith(".")
    assert len(found.problem) < 120
    assert len(found.start) <= 200


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "The message is empty."),
        ("job_id=7", "The message is not JSON."),
        ('{"job_id": "7", "size": }', "The message is not JSON: at character 25 of 25, expecting value."),
        ("[1, 2]", "The message is JSON, but not an object."),
        ("{}", "The message has no job_id."),
        ("[" * 100_000, "The message is nested too deeply to be read."),
        ('{"job_id": ' + "9" * 5_000 + "}", "The message holds a number with too many digits."),
    ],
)
def test_why_it_cannot_be_used(body: str, problem: str) -> None:
    assert reading(body).problem == problem


@pytest.mark.parametrize("name", USABLE)
def test_what_can_be_used(name: str) -> None:
    found = reading(USABLE[name])
    assert (found.what, found.problem) == ("", "")
    assert found.message == parse_job_message(USABLE[name])
    assert found.does[0].startswith("It starts a flow for the job: ")


def test_what_is_read_otherwise_than_it_stands_there() -> None:
    assert reading(GOOD).does == (
        "It starts a flow for the job: 3 directories, priority pro.", "created_at: It is missing.",
    )  # fmt: skip
    assert "priority: 3 is read as “starter”." in reading(json.dumps({**json.loads(GOOD), "priority": 3})).does


def test_what_the_queue_would_not_take_is_a_problem() -> None:
    found = reading(GOOD, {f"n{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)})
    assert (found.what, found.problem) == ("Can't be sent", "It has 11 attributes; a message can have 10.")


def test_names_that_are_in_it_twice_and_an_attribute_that_says_something_else() -> None:
    found = reading(USABLE["twice"], TEN)
    assert found.message is not None
    assert found.message.job_id == JOB
    assert '"job_id" is in it more than once: the last one counts.' in found.does
    assert "attributes: The attribute job_id names another job; the body counts." in found.does
    inner = reading('{"job_id": "' + JOB + '", "metadata": {"a": 1, "a": 2}}')
    assert not any("more than once" in words for words in inner.does), "only names that are read matter"


def test_a_letter_that_the_application_made_says_why() -> None:
    body = json.dumps({**json.loads(GOOD), "_dlq_reason": "max\nretries", "_original_message_id": "m0"})
    assert reading(body).reason == "max retries"
    assert not any("Not read" in words for words in reading(body).does)


@given(st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_body_is_either_used_or_has_a_problem(body: str) -> None:
    found = reading(body)
    assert bool(found.problem) == (found.message is None)
    assert bool(found.what) == bool(found.problem)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text()), max_size=8))
def test_any_object_with_a_job_is_used(value: dict[str, Any]) -> None:
    found = reading(json.dumps({**value, "job_id": JOB}), {name: {"StringValue": "x"} for name in value})
    assert found.message is not None
    assert found.message.job_id == JOB
