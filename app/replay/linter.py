"""What the subscriber would make of a dead letter, said before it is sent."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from services.domain.messages import message_attributes, message_size, parse_job_message
from services.domain.packages import PRIORITY_WORDS
from services.domain.text import one_line
from services.ports.wishes import DeadLetter

Level = Literal["refused", "changed", "note"]
LARGEST: Final = 262_144
"""Bytes that a queue takes unless it says otherwise."""
MOST_ATTRIBUTES: Final = 10
_OLD: Final = 30 * 86400.0
_KNOWN: Final = frozenset({"job_id", "customer_id", "package_size", "priority", "created_at", "source", "metadata"})
_OURS_TO_DROP: Final = ("_dlq_reason", "_original_message_id")
"""What an application wrote into a dead letter that it made itself; the journal keeps it."""
# SQS takes the characters of XML 1.0 and no others.
_REFUSED: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Finding(msgspec.Struct, frozen=True):
    """One thing to know. `refused`: it can't be replayed; `changed`: it is read as something else than it says.

    `field` is a name in the body, `body` for the whole of it, or `attributes`.
    """

    level: Level
    field: str
    words: str


def lint(letter: DeadLetter, *, now: float, largest: int = LARGEST) -> list[Finding]:
    """All that is worth knowing of a letter, the worst first. `now`: unix seconds; `largest`: bytes that fit."""
    found: list[Finding] = []
    body, attributes = outgoing(letter)
    if _REFUSED.search(body):
        found.append(Finding("refused", "body", "It has characters that a queue doesn't take."))
    size = message_size(body, attributes)
    if size > largest:
        found.append(Finding("refused", "body", f"It has {size:,} bytes; the queue takes {largest:,}."))
    if len(attributes) > MOST_ATTRIBUTES:
        words = f"It has {len(attributes)} attributes; a message can have {MOST_ATTRIBUTES}."
        found.append(Finding("refused", "attributes", words))
    try:
        message = parse_job_message(letter.body)
    except ValueError as error:
        return [Finding("refused", "body", f"{error} The subscriber can't read it."), *found]
    raw: dict[str, Any] = json.loads(letter.body)
    found += _changed(raw, message.priority, message.package_size)
    found += _notes(raw, letter, now)
    return sorted(found, key=lambda one: ("refused", "changed", "note").index(one.level))


def outgoing(letter: DeadLetter) -> tuple[str, dict[str, Any]]:
    """Body and attributes as a replay sends them: byte for byte, but for what a dead letter alone has.

    Attributes that an application has lost on the way to the dead letters are made again from the body.
    """
    if "\\" not in letter.body and not any(name in letter.body for name in _OURS_TO_DROP):
        # No name of theirs can be in it, spelled out or not: most letters need not be read.
        return letter.body, dict(letter.attributes)
    try:
        raw = json.loads(letter.body)
    except (ValueError, RecursionError):
        return letter.body, dict(letter.attributes)
    if not isinstance(raw, dict) or not any(name in raw for name in _OURS_TO_DROP):
        return letter.body, dict(letter.attributes)
    kept = {name: value for name, value in raw.items() if name not in _OURS_TO_DROP}
    return json.dumps(kept, ensure_ascii=False), dict(letter.attributes) or message_attributes(kept)


def _changed(raw: Mapping[str, Any], priority: str, size: int) -> list[Finding]:
    found = []
    said = raw.get("priority")
    if said not in PRIORITY_WORDS:
        found.append(Finding("changed", "priority", f"{_shown(said)} is read as “{priority}”."))
    said = raw.get("package_size")
    if said != size or isinstance(said, bool):
        found.append(Finding("changed", "package_size", f"{_shown(said)} is read as {size}."))
    return found


def _notes(raw: Mapping[str, Any], letter: DeadLetter, now: float) -> list[Finding]:
    found = []
    try:
        uuid.UUID(str(raw["job_id"]).strip())
    except ValueError:
        found.append(Finding("note", "job_id", f"{_shown(raw['job_id'])} is no id of ours."))
    if not raw.get("customer_id"):
        found.append(Finding("note", "customer_id", "It is missing; the job's own is used."))
    if not raw.get("created_at"):
        found.append(Finding("note", "created_at", "It is missing."))
    extra = sorted(set(raw) - _KNOWN - set(_OURS_TO_DROP))
    if extra:
        found.append(Finding("note", one_line(extra[0], 60), f"Not read: {one_line(', '.join(extra), 200)}."))
    dropped = [name for name in _OURS_TO_DROP if name in raw]
    if dropped:
        found.append(Finding("note", dropped[0], f"Left out of the replay: {', '.join(dropped)}."))
    named = letter.attributes.get("job_id", {}).get("StringValue")
    if named and named != str(raw["job_id"]):
        found.append(Finding("note", "attributes", "The attribute job_id names another job; the body counts."))
    if letter.sent_at is not None and now - letter.sent_at > _OLD:
        found.append(Finding("note", "body", f"It was sent {int((now - letter.sent_at) // 86400)} days ago."))
    return found


def _shown(value: object) -> str:
    return "Nothing" if value is None else one_line(json.dumps(value, ensure_ascii=False, default=str), 60)
