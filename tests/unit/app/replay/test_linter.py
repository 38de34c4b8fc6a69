"""The linter says what the subscriber would do, and a replay sends what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.linter import LARGEST, Finding, lint, outgoing
from services.domain.messages import message_size, parse_job_message
from services.ports.wishes import DeadLetter

NOW = 1_800_000_000.0
JOB = "11111111-1111-4111-8111-111111111111"
GOOD: dict[str, Any] = {
    "job_id": JOB, "customer_id": "c1", "package_size": 50, "priority": "starter",
    "created_at": "2026-11-26T12:00:00Z", "source": "intake",
}  # fmt: skip


def letter(body: Any, attributes: dict[str, Any] | None = None, *, sent_at: float | None = NOW - 60) -> DeadLetter:
    text = body if isinstance(body, str) else json.dumps(body)
    return DeadLetter("m1", "r1", text, attributes=attributes or {}, sent_at=sent_at)


def found(body: Any, attributes: dict[str, Any] | None = None, **more: Any) -> list[tuple[str, str]]:
    return [(one.level, one.field) for one in lint(letter(body, attributes), now=NOW, **more)]


def words(body: Any) -> str:
    return " ".join(one.words for one in lint(letter(body), now=NOW))


def test_a_healthy_message_has_nothing_to_say() -> None:
    assert found(GOOD) == []
    assert found({**GOOD, "metadata": {"x": 1}}) == []


@pytest.mark.parametrize(
    ("change", "level", "field", "said"),
    [
        ({"priority": 3}, "changed", "priority", "3 is read as “starter”."),
        ({"priority": 1}, "changed", "priority", "1 is read as “enterprise”."),
        ({"priority": "high"}, "changed", "priority", '"high" is read as “starter”.'),
        ({"priority": None}, "changed", "priority", "Nothing is read as “starter”."),
        ({"package_size": "starter"}, "changed", "package_size", '"starter" is read as 50.'),
        ({"package_size": None}, "changed", "package_size", "Nothing is read as 50."),
        ({"package_size": -1}, "changed", "package_size", "-1 is read as 50."),
        ({"package_size": True}, "changed", "package_size", "true is read as 50."),
        ({"customer_id": ""}, "note", "customer_id", "missing"),
        ({"created_at": None}, "note", "created_at", "missing"),
        ({"job_id": "7"}, "note", "job_id", "no id of ours"),
        ({"colour": "red"}, "note", "colour", "Not read: colour."),
        ({"_dlq_reason": "no pool"}, "note", "_dlq_reason", "Left out of the replay"),
    ],
)
def test_what_the_subscriber_makes_of_it(change: dict[str, Any], level: str, field: str, said: str) -> None:
    body = {**GOOD, **change}
    assert found(body) == [(level, field)]
    assert said in words(body)


@pytest.mark.parametrize("body", ["", "job_id=7", "[1]", "7", '{"customer_id": "c1"}', '{"job_id": " "}', "[" * 5000])
def test_what_the_subscriber_can_not_read(body: str) -> None:
    assert found(body) == [("refused", "body")]


def test_what_the_queue_does_not_take() -> None:
    assert found({**GOOD, "source": "x"}, largest=20) == [("refused", "body")]
    many = {f"a{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)}
    assert found(GOOD, many) == [("refused", "attributes")]
    # JSON may hold it escaped, where it is harmless; the bare character is refused.
    assert found({**GOOD, "source": "bell \x07"}) == []
    assert ("refused", "body") in found('{"job_id": "bell \x07"}')


def test_the_worst_comes_first() -> None:
    levels = [level for level, _ in found({"job_id": JOB, "priority": 3, "x": 1}, largest=10)]
    assert levels == ["refused", "changed", "changed", "note", "note", "note"]


def test_attributes_that_tell_of_another_job() -> None:
    other = {"job_id": {"DataType": "String", "StringValue": "another"}}
    same = {"job_id": {"DataType": "String", "StringValue": JOB}}
    assert found(GOOD, other) == [("note", "attributes")]
    assert found(GOOD, same) == []


def test_an_old_message() -> None:
    old = lint(letter(GOOD, sent_at=NOW - 2 * 365 * 86400), now=NOW)
    assert old == [Finding("note", "body", "It was sent 730 days ago.")]
    assert lint(letter(GOOD, sent_at=None), now=NOW) == []


def test_the_size_counts_names_types_and_values() -> None:
    attributes = {
        "ab": {"DataType": "Binary", "BinaryValue": b"12345"},
        "c": {"DataType": "String", "StringValue": "é"},
    }
    assert message_size("xyz", attributes) == 3 + (2 + 6 + 5) + (1 + 6 + 2)
    assert LARGEST == 262_144


def test_a_replay_keeps_everything_byte_for_byte() -> None:
    body = '{ "job_id" : "7",  "n": 1.50, "s": "\\u00e9" }'
    attributes = {"x": {"DataType": "Binary.gz", "BinaryValue": b"\0\1"}}
    assert outgoing(letter(body, attributes)) == (body, attributes)
    assert outgoing(letter("not json")) == ("not json", {})
    assert outgoing(letter("[1]")) == ("[1]", {})


def test_what_an_application_added_leaves_and_what_it_lost_is_made_again() -> None:
    body = {**GOOD, "_dlq_reason": "no pool", "_original_message_id": "m0"}
    text, attributes = outgoing(letter(body))
    assert json.loads(text) == GOOD
    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "job_id": JOB, "customer_id": "c1", "priority": "starter",
    }  # fmt: skip
    kept = {"mine": {"DataType": "String", "StringValue": "x"}}
    assert outgoing(letter(body, kept))[1] == kept


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
odd_bodies = st.dictionaries(st.sampled_from([*GOOD, "metadata", "_dlq_reason", "extra"]), json_values, max_size=8).map(
    json.dumps
) | st.text(max_size=60)


@given(odd_bodies)
def test_any_body_is_read_as_the_linter_says(body: str) -> None:
    findings = lint(letter(body), now=NOW)
    try:
        message = parse_job_message(body)
    except ValueError:
        assert findings[0].level == "refused"
        return
    sent, _ = outgoing(letter(body))
    again = parse_job_message(sent)
    assert again == message
    raw = json.loads(body)
    changed = {one.field for one in findings if one.level == "changed"}
    assert ("priority" in changed) == (raw.get("priority") != message.priority)
