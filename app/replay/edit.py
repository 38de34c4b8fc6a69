"""A dead letter's body as a person has changed it: what would be sent, what is wrong with it, what is another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, Literal

import msgspec

from app.replay.linter import Finding, lint, outgoing
from services.domain.messages import parse_job_message
from services.ports.wishes import DeadLetter, Outgoing

_OF_THE_BODY: Final = ("job_id", "customer_id", "priority")
"""Attributes that say what the body says."""
_ALIKE: Final = 400
"""Lines that are compared one by one; of longer changes all lines are named."""
UNCHANGED: Final = "Nothing is changed. Replay it as it is."


class DiffLine(msgspec.Struct, frozen=True):
    """A line that is gone, new, or the same before or after one of those."""

    sign: Literal["-", "+", " "]
    text: str


class Edit(msgspec.Struct, frozen=True):
    """What would be sent instead of a letter. `why_not`: why it can't be, "" when it can."""

    message: Outgoing
    findings: tuple[Finding, ...]
    diff: tuple[DiffLine, ...]
    why_not: str = ""


def editable(body: str) -> str:
    """The body with a line for each name, where nothing of it is lost by that; else as it is."""
    doubled = False

    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        doubled = doubled or any(count > 1 for count in Counter(name for name, _ in pairs).values())
        return dict(pairs)

    try:
        raw = json.loads(body, object_pairs_hook=gather)
        text = json.dumps(raw, indent=2, ensure_ascii=False)
        same = not doubled and json.dumps(json.loads(text)) == json.dumps(raw)
    except (ValueError, RecursionError):
        return body
    return text if same and isinstance(raw, dict) and "Infinity" not in text and "NaN" not in text else body


def corrected(body: str, job: Mapping[str, Any]) -> str:
    """The body with what its job says where the subscriber would read it as something else; "" for nothing to
    correct. `job`: customer_id, package_size and priority, as far as they are known."""
    try:
        raw = json.loads(body)
        message = parse_job_message(body)
    except ValueError:
        return ""
    read = {"package_size": message.package_size, "priority": message.priority}
    fresh = dict(raw)
    for name in ("package_size", "priority"):
        wanted = job.get(name) or read[name]
        if type(raw.get(name)) is not type(wanted) or read[name] != wanted:
            fresh[name] = wanted
    if not raw.get("customer_id") and job.get("customer_id"):
        fresh["customer_id"] = job["customer_id"]
    return "" if fresh == raw else json.dumps(fresh, indent=2, ensure_ascii=False)


def weigh(letter: DeadLetter, body: str, *, now: float, largest: int, job_known: bool) -> Edit:
    """What a body that somebody has typed would do. `job_known`: the letter's own job is in the database."""
    changed = msgspec.structs.replace(letter, body=body, attributes=_attributes(letter, body))
    sent_body, attributes = outgoing(changed)
    findings = lint(changed, now=now, largest=largest)
    other = _other_job(letter, body) if job_known else None
    findings = [other, *findings] if other else findings
    refused = [one.words for one in findings if one.level == "refused"]
    diff = difference(editable(letter.body), editable(body))
    why_not = " ".join(refused) or ("" if any(line.sign != " " for line in diff) else UNCHANGED)
    return Edit(Outgoing(sent_body, attributes, letter.trace), tuple(findings), tuple(diff), why_not)


def difference(old: str, new: str) -> list[DiffLine]:
    """The lines that are others, each change with one line before and after it."""
    before, after = old.split("\n"), new.split("\n")
    first = next(
        (at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    last = 0
    while last < min(len(before), len(after)) - first and before[-1 - last] == after[-1 - last]:
        last += 1
    gone, fresh = before[first : len(before) - last], after[first : len(after) - last]
    if not gone and not fresh:
        return []
    around = [DiffLine(" ", line) for line in before[max(0, first - 1) : first]]
    below = [DiffLine(" ", line) for line in before[len(before) - last :][:1]]
    return [*around, *_middle(gone, fresh), *below]


def _middle(gone: Sequence[str], fresh: Sequence[str]) -> list[DiffLine]:
    if max(len(gone), len(fresh)) > _ALIKE:
        return [*(DiffLine("-", line) for line in gone), *(DiffLine("+", line) for line in fresh)]
    lines: list[DiffLine] = []
    for kind, a, b, c, d in SequenceMatcher(None, gone, fresh, autojunk=False).get_opcodes():
        if kind == "equal":
            same = gone[a:b]
            shown = same if len(same) <= 2 else [same[0], "…", same[-1]]
            lines += [DiffLine(" ", line) for line in shown]
        else:
            lines += [DiffLine("-", line) for line in gone[a:b]]
            lines += [DiffLine("+", line) for line in fresh[c:d]]
    return lines


def _attributes(letter: DeadLetter, body: str) -> dict[str, Any]:
    """Every attribute as it was; one that said what the old body says follows the new one."""
    old, new = _object(letter.body), _object(body)
    kept = dict(letter.attributes)
    for name in _OF_THE_BODY:
        value = kept.get(name, {})
        follows = value.get("DataType") == "String" and name in old and value.get("StringValue") == str(old[name])
        if follows and new.get(name) and new[name] != old[name]:
            kept[name] = {**value, "StringValue": str(new[name])}
    return kept


def _object(body: str) -> dict[str, Any]:
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _other_job(letter: DeadLetter, body: str) -> Finding | None:
    try:
        old, new = parse_job_message(letter.body).job_id, parse_job_message(body).job_id
    except ValueError:
        return None
    if old == new:
        return None
    return Finding("refused", "job_id", "It would start another job than the letter was sent for.")
