"""Attributes of a queue: their limits, their defaults, the redrive policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.local.queue.errors import QueueError, invalid_value, malformed, unknown_attribute

ACCOUNT: Final = "000000000000"
_ARN: Final = f"arn:aws:sqs:us-east-2:{ACCOUNT}:"
LONGEST_VISIBILITY: Final = 43_200
LARGEST_REQUEST: Final = 1_048_576


@dataclass(frozen=True)
class _Limits:
    default: int
    low: int
    high: int


_NUMBERS: Final = {
    "VisibilityTimeout": _Limits(30, 0, LONGEST_VISIBILITY),
    "MaximumMessageSize": _Limits(262_144, 1_024, LARGEST_REQUEST),
    "MessageRetentionPeriod": _Limits(345_600, 60, 1_209_600),
    "DelaySeconds": _Limits(0, 0, 900),
    "ReceiveMessageWaitTimeSeconds": _Limits(0, 0, 20),
}
_COUNTED: Final = frozenset(
    ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
)
_SETTLED: Final = frozenset(
    ["All", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "RedrivePolicy", "SqsManagedSseEnabled"]
)
# Asking for these is no mistake, but they have no value here.
_ABSENT: Final = frozenset(
    [
        "Policy",
        "RedriveAllowPolicy",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "FifoQueue",
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "FifoThroughputLimit",
    ]
)
_READABLE: Final = _SETTLED | _ABSENT | _COUNTED | frozenset(_NUMBERS)


@dataclass(frozen=True)
class Redrive:
    """A message that was received `most` times goes to the queue `target` instead of to a receiver."""

    target: str
    most: int


def arn_of(queue: str) -> str:
    """The ARN of the queue with this name."""
    return _ARN + queue


def whole_attribute(attributes: Mapping[str, str], name: str) -> int:
    """The value of a numeric attribute, or its default."""
    return int(attributes[name]) if name in attributes else _NUMBERS[name].default


def redrive_of(attributes: Mapping[str, str]) -> Redrive | None:
    """The redrive policy in attributes that `checked_attributes` has seen."""
    if "RedrivePolicy" not in attributes:
        return None
    policy = json.loads(attributes["RedrivePolicy"])
    return Redrive(policy["deadLetterTargetArn"].removeprefix(_ARN), policy["maxReceiveCount"])


def checked_attributes(given: Mapping[str, Any]) -> dict[str, str]:
    """`given` in the form that is kept: whole numbers without sign or spaces, the policy in its usual spelling.

    An empty RedrivePolicy stays empty text: it takes the policy away.
    """
    checked = {}
    for name, value in given.items():
        if not isinstance(value, str):
            raise malformed(f"Attribute {name} must be a string.")
        if name in _NUMBERS:
            checked[name] = _checked_number(name, value)
        elif name == "RedrivePolicy":
            checked[name] = _checked_policy(value)
        else:
            raise unknown_attribute(name)
    return checked


def check_names(names: list[str]) -> None:
    """InvalidAttributeName unless each name may be asked for."""
    for name in names:
        if name not in _READABLE:
            raise unknown_attribute(name)


def wants_counts(names: list[str]) -> bool:
    """Whether answering `names` needs the messages to be counted."""
    return "All" in names or not _COUNTED.isdisjoint(names)


def readable(attributes: Mapping[str, str], names: list[str], extra: Mapping[str, str]) -> dict[str, str]:
    """The answer to a question for `names`; `extra` are the values that are not settings."""
    every = {name: str(whole_attribute(attributes, name)) for name in _NUMBERS}
    every |= {"SqsManagedSseEnabled": "false", **extra}
    if "RedrivePolicy" in attributes:
        every["RedrivePolicy"] = attributes["RedrivePolicy"]
    return every if "All" in names else {name: every[name] for name in names if name in every}


def difference(present: Mapping[str, str], wanted: Mapping[str, str]) -> str | None:
    """The first attribute whose wanted value is not the present one."""
    for name, value in wanted.items():
        have = str(whole_attribute(present, name)) if name in _NUMBERS else present.get(name, "")
        if have != value:
            return name
    return None


def _checked_number(name: str, value: str) -> str:
    limits = _NUMBERS[name]
    # A long run of digits would be slow to convert; no limit has more than 7.
    if value.isascii() and value.isdigit() and len(value) < 10 and limits.low <= int(value) <= limits.high:
        return str(int(value))
    raise QueueError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _checked_policy(text: str) -> str:
    if not text:
        return ""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid_value("RedrivePolicy", text, "Redrive policy is not a valid JSON map.") from error
    if not isinstance(policy, dict) or set(policy) != {"deadLetterTargetArn", "maxReceiveCount"}:
        raise invalid_value("RedrivePolicy", text, "It takes deadLetterTargetArn and maxReceiveCount.")
    target, most = policy["deadLetterTargetArn"], str(policy["maxReceiveCount"])
    if not isinstance(target, str) or not target.startswith(_ARN):
        raise invalid_value("RedrivePolicy", text, "Invalid value for deadLetterTargetArn.")
    if not (most.isascii() and most.isdigit() and len(most) < 5 and 1 <= int(most) <= 1000):
        reason = f"Invalid value for maxReceiveCount: {most}, valid values are from 1 to 1000 both inclusive."
        raise invalid_value("RedrivePolicy", text, reason)
    return json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": int(most)})
