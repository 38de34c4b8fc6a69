"""What a dead letter's row says."""

from __future__ import annotations

import json
import math
import re
from typing import Final

from app.actions.dlq import LetterLine
from services.domain.diagnosis import since
from services.domain.messages import JobMessage, parse_job_message
from services.domain.statuses import Shape
from services.domain.text import one_line

_PROBLEMS: Final = {
    "The message is not JSON.": "Not JSON",
    "The message is JSON, but not an object.": "Not an object",
    "The message has no job_id.": "No job id",
}
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_MOST: Final = 200_000


def state_of(line: LetterLine, now: float) -> tuple[Shape, str]:
    """Shape and words of the first column: what is being done with it, else why it is here."""
    if line.doing == "planned":
        return "send", f"Replaying in {max(1, math.ceil(line.undo_until - now))} s"
    if line.doing == "running":
        return "running", "Replaying"
    if line.doing == "unknown":
        return "unknown", "Send unknown"
    if line.doing == "duplicate_possible":
        return "doubled", "Sent, not deleted"
    if line.problem:
        return "blocked", _PROBLEMS.get(line.problem, "Can't be read")
    return "failed", reason_in(line.letter.body) or "Could not be started"


def reason_in(body: str) -> str:
    """The reason that an application wrote into a dead letter that it made itself, "" for one moved by the queue."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return one_line(raw.get("_dlq_reason") or "", 200) if isinstance(raw, dict) else ""


def act_of(line: LetterLine) -> str:
    """The words of the row's link, "" where nothing can be pressed."""
    if line.doing == "planned":
        return "Undo"
    if line.doing == "duplicate_possible":
        return "Delete"
    return "" if line.problem or line.doing else "Replay"


def read_by_subscriber(line: LetterLine) -> JobMessage | None:
    """The message as the subscriber reads it, None when it can't."""
    try:
        return parse_job_message(line.letter.body)
    except ValueError:
        return None


def summary(line: LetterLine) -> str:
    """The body in one line."""
    message = read_by_subscriber(line)
    if message is None:
        return one_line(line.letter.body, 200) or "empty"
    return one_line(f"{message.priority}, {message.package_size} directories", 200)


def expires(line: LetterLine, now: float) -> str:
    """How long the queue still keeps it: 13 d 4 h, 5 h 10, "—" when not known."""
    if line.expires_at is None:
        return "—"
    left = line.expires_at - now
    if left <= 0:
        return "any moment"
    return f"{int(left // 86400)} d {int(left % 86400 // 3600)} h" if left >= 86400 else since(left)


def plain(text: str) -> str:
    """A body as it is, with invisible and direction characters spelled out, so that it can't look like another."""
    shown = _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text.replace("\r\n", "\n"))
    return shown if len(shown) <= _MOST else f"{shown[:_MOST]}\n… {len(shown) - _MOST:,} more characters"
