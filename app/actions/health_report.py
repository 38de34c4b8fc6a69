"""The findings of the self-check as a text to send to somebody."""

from __future__ import annotations

import json

from app.actions.health import HealthActs
from services.domain.text import one_line
from services.domain.times import to_iso


def as_json(acts: HealthActs) -> str:
    """Everything, as indented JSON."""
    return json.dumps(acts.report(), indent=2, ensure_ascii=False)


def as_markdown(acts: HealthActs) -> str:
    """The same as Markdown."""
    found = acts.found
    checked = "not checked yet" if found.as_of is None else f"checked at {to_iso(found.as_of)}"
    hops = [
        [hop.name, hop.state, "" if hop.latency_ms is None else f"{hop.latency_ms} ms", hop.evidence,
         f"{hop.missing} {hop.todo}"] for hop in acts.hops
    ]  # fmt: skip
    lacks = [[lack.kind, lack.name, lack.effect, lack.file] for lack in found.lacks]
    parts = [
        [line.name, line.state, to_iso(line.since), str(line.restarts), line.why] for line in acts.parts.lines.values()
    ]
    settings = [[line.name, "set" if line.is_set else "not set", line.source, line.value] for line in acts.settings]
    sections = [
        f"# Health, {checked}",
        "## Hops", _table(["Hop", "State", "Latency", "Evidence", "What is missing, what to do"], hops),
        "## Self-check", found.problem or found.unsure,
        _table(["Kind", "Missing", "What doesn't work", "File that adds it"], lacks)
        if lacks
        else ("" if found.problem or found.as_of is None else "Nothing was found missing."),
        "## Local stack", _table(["Part", "State", "Since", "Restarts", "Why"], parts),
        "## Settings", _table(["Setting", "Set", "From", "Value"], settings),
    ]  # fmt: skip
    return "\n\n".join(section for section in sections if section) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(text) for text in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return one_line(text, 400).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").strip()
