"""What a dead letter is, and what the subscriber would do with it, in words."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final

import msgspec

from app.replay.linter import lint
from services.domain.messages import JobMessage, parse_job_message
from services.domain.text import one_line
from services.ports.wishes import DeadLetter

_NAMES: Final = {list: "a list", str: "a text", int: "a number", float: "a number"}
_FORM: Final = re.compile(r"[\w.%+\-\[\]]+=[^&\s]*(&[\w.%+\-\[\]]+=[^&\s]*)*")
LARGEST: Final = 1_048_576
"""Bytes that SQS takes at most; a queue may be set to less, and then refuses by itself."""
_START: Final = 200
_MOST_NAMES: Final = 5


class Reading(msgspec.Struct, frozen=True):
    """One body, read once.

    `what`: a few words for a list. `problem`: why the subscriber can't use it, "" when it can. `does`: sentences on
    what it would do. `message`: what it reads. `reason`: why the application made this letter, "" for one that the
    queue moved. `start`: the body's beginning on one line.
    """

    what: str = ""
    problem: str = ""
    does: tuple[str, ...] = ()
    message: JobMessage | None = None
    reason: str = ""
    start: str = ""
    otherwise: tuple[str, ...] = ()
    """What the subscriber reads as something else than it says."""


def read(letter: DeadLetter, *, now: float, largest: int = LARGEST) -> Reading:
    """Read a body of any kind and size as the subscriber does; never raises. `now` and `largest` as for `lint`."""
    body = letter.body
    start = one_line(body[: _START * 4], _START)
    try:
        message = parse_job_message(body)
    except ValueError as error:
        return Reading(
            what=_what(body),
            problem=_sentence(body, str(error)),
            does=("It leaves the message in the queue, which makes it a dead letter again.",),
            start=start,
        )
    raw, doubled = _pairs(body)
    findings = lint(letter, now=now, largest=largest)
    refused = [one.words for one in findings if one.level == "refused"]
    said = [f"It starts a flow for the job: {message.package_size} directories, priority {message.priority}."]
    said += [f"{_shown(name)} is in it more than once: the last one counts." for name in doubled[:_MOST_NAMES]]
    said += [one.words if one.field == "body" else f"{one.field}: {one.words}" for one in findings]
    return Reading(
        what="Can't be sent" if refused else "",
        problem=" ".join(refused),
        does=tuple(said),
        message=message,
        reason=one_line(raw.get("_dlq_reason") or "", _START),
        start=start,
        otherwise=tuple(f"{one.field}: {one.words}" for one in findings if one.level == "changed"),
    )


def _what(body: str) -> str:
    text = body.strip()
    if not text:
        return "Empty"
    try:
        value = json.loads(text)
    except RecursionError:
        return "Nested too deeply"
    except ValueError:
        if text[0] in "{[":
            return "Broken JSON"
        if text[0] == "<":
            return "XML, not JSON"
        return "Form data, not JSON" if _FORM.fullmatch(text[:2000]) else "Text, not JSON"
    if isinstance(value, dict):
        return "No job id"
    return f"JSON, but {_NAMES.get(type(value)) or json.dumps(value)}"


def _sentence(body: str, error: str) -> str:
    """The subscriber's own sentence, and where the body breaks off."""
    text = body.strip()
    if not text:
        return "The message is empty."
    if text[0] not in "{[":
        return error
    try:
        json.loads(text)
    except json.JSONDecodeError as broken:
        return f"{error[:-1]}: at character {broken.pos + 1:,} of {len(text):,}, {_lower(broken.msg)}."
    except (ValueError, RecursionError):
        return error
    return error


def _pairs(body: str) -> tuple[dict[str, Any], list[str]]:
    """The object, and the names that are in it more than once."""
    doubled: list[str] = []

    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # The outermost object is the last to end.
        doubled[:] = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        return dict(pairs)

    raw: dict[str, Any] = json.loads(body, object_pairs_hook=gather)
    return raw, doubled


def _shown(value: object) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), 60)


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
