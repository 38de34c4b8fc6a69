"""The queue message of a job: what we send, and what the subscriber makes of what it gets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.messages import JobMessage, job_message_body, message_attributes, parse_job_message
from services.domain.packages import PRIORITY_WORDS

BODY = job_message_body(
    job_id="j1", customer_id="c1", package_type="professional", package_size=300,
    created_at="2026-11-23T10:00:00+00:00", source="intake", metadata={"request_id": "r1"},
)  # fmt: skip


def test_what_we_send_is_what_the_subscriber_reads() -> None:
    assert parse_job_message(json.dumps(BODY)) == JobMessage("j1", "c1", 300, "pro", "intake", {"request_id": "r1"})


def test_metadata_is_left_out_when_there_is_none() -> None:
    body = job_message_body(
        job_id="j1", customer_id="c1", package_type="starter", package_size=50, created_at="", source="intake"
    )
    assert "metadata" not in body


def test_attributes_name_the_job_without_its_body() -> None:
    assert message_attributes(BODY) == {
        "job_id": {"DataType": "String", "StringValue": "j1"},
        "customer_id": {"DataType": "String", "StringValue": "c1"},
        "priority": {"DataType": "String", "StringValue": "pro"},
    }
    # SQS refuses an empty value.
    assert set(message_attributes({**BODY, "customer_id": ""})) == {"job_id", "priority"}


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ({"job_id": 17}, JobMessage("17")),
        ({"job_id": " j1 ", "priority": 1}, JobMessage("j1", priority="enterprise")),
        ({"job_id": "j1", "package_size": "300"}, JobMessage("j1", package_size=50)),
        ({"job_id": "j1", "package_size": True}, JobMessage("j1", package_size=50)),
        ({"job_id": "j1", "package_size": -1}, JobMessage("j1", package_size=50)),
        ({"job_id": "j1", "customer_id": None, "metadata": []}, JobMessage("j1")),
    ],
)
def test_what_was_seen_in_reality_is_read(raw: dict[str, Any], read: JobMessage) -> None:
    assert parse_job_message(json.dumps(raw)) == read


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "The message is not JSON."),
        ("job_id=1", "The message is not JSON."),
        ("[" * 100_000, "The message is nested too deeply to be read."),
        ('{"job_id": ' + "9" * 5000 + "}", "The message holds a number with too many digits."),
        ('["j1"]', "The message is JSON, but not an object."),
        ("null", "The message is JSON, but not an object."),
        ("{}", "The message has no job_id."),
        ('{"job_id": "  "}', "The message has no job_id."),
        ('{"job_id": true}', "The message has no job_id."),
        ('{"job_id": ["j1"]}', "The message has no job_id."),
    ],
)
def test_what_no_subscriber_can_read_is_told_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_job_message(text)
    assert str(refused.value) == why


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = ("job_id", "customer_id", "package_size", "priority", "source", "metadata")


@settings(max_examples=200, derandomize=True)
@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_any_object_is_read_or_refused(raw: dict[str, Any]) -> None:
    try:
        message = parse_job_message(json.dumps(raw))
    except ValueError as refused:
        assert str(refused) == "The message has no job_id."  # noqa: PT017
        return
    assert message.job_id
    assert message.package_size > 0
    assert message.priority in PRIORITY_WORDS
