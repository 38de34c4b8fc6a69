"""What a dead letter's row says."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

from app.actions.letter_batches import CANCELLED, MERGED, NO_JOB, PAUSED, Choice, XRay
from app.actions.letter_line import LetterLine, Out
from app.actions.letter_records import Known, Reading, Record
from services.domain.diagnosis import since
from services.domain.statuses import Shape
from services.domain.text import one_line
from widgets.parts import spans

CLOSE: Final = 86_400.0
"""Seconds before its expiry from which on a letter is warned of."""
FIRST: Final = 4_000
"""Characters of a body that are shown before somebody asks for all."""
_FOLD: Final = 1_000
_REASONS: Final = 4
_STOPS: Final = {CANCELLED: "cancelled", PAUSED: "paused", NO_JOB: "no such job"}
_OUT: Final[dict[Out | None, tuple[Shape, str]]] = {
    "replayed": ("ok", "Replayed"),
    "archived": ("ok", "Archived"),
    None: ("skipped", "Not there any more"),
}
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def letter_reason(reading: Reading, last_event: str) -> str:
    """Why it is a dead letter, as far as one can see; `last_event`: the newest of its job, "" for none."""
    if reading.problem:
        return reading.what
    if reading.reason:
        return reading.reason
    return "Deployment missing?" if last_event == "queue_claimed" else "Could not be started"


def state_of(line: LetterLine, now: float, reason: str = "") -> tuple[Shape, str]:
    """Shape and words of the first column: what is being done with it, else why it is here."""
    if line.doing == "planned":
        return "send", f"Replaying in {max(1, math.ceil(line.undo_until - now))} s"
    if line.doing == "waiting":
        return "waiting", "Waits for its turn"
    if line.doing == "running":
        return "running", f"Replaying{_since(line)}"
    if line.doing == "unknown":
        return "unknown", f"Send unknown{_since(line)}"
    if line.doing == "duplicate_possible":
        return "doubled", "Sent, not deleted"
    if line.problem:
        return "blocked", line.reading.what
    return "failed", reason or letter_reason(line.reading, "")


def state_out(out: Out | None) -> tuple[Shape, str]:
    """Of a letter that isn't in the queue any more; None: not by this console, or before its start."""
    return _OUT[out]


def _since(line: LetterLine) -> str:
    return f" since {spans.hour(line.since)}" if line.since else ""


def act_of(line: LetterLine) -> str:
    """The words of the row's link, "" where nothing can be pressed."""
    if line.doing == "planned":
        return "Undo"
    if line.doing == "duplicate_possible":
        return "Delete"
    return "" if line.problem or line.doing else "Replay"


def summary(line: LetterLine) -> str:
    """The body in one line."""
    return summary_of(line.reading, line.letter.body)


def summary_of(reading: Reading, body: str) -> str:
    """A body in one line."""
    message = reading.message
    if message is None:
        return reading.start or ("only blank or invisible characters" if body else "empty")
    return one_line(f"{message.priority}, {message.package_size} directories", 200)


def expires(at: float, now: float) -> str:
    """How long the queue still keeps a letter that it drops `at`: 13 d 4 h, 5 h 10."""
    left = at - now
    if left <= 0:
        return "any moment"
    return f"{int(left // 86400)} d {int(left % 86400 // 3600)} h" if left >= 86400 else since(left)


def plain(text: str, *, whole: bool = False) -> str:
    """A body as it is, with invisible and direction characters spelled out, so that it can't look like another.

    Its first 4,000 characters, or the `whole` of it. Lines that no screen could hold are folded.
    """
    shown = text if whole else text[:FIRST]
    shown = _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04x}", shown.replace("\r\n", "\n"))
    return "\n".join(line[at : at + _FOLD] for line in shown.split("\n") for at in range(0, max(1, len(line)), _FOLD))


def size(text: str) -> str:
    """How long a body is: 312 bytes, 1,024.0 kB."""
    count = len(text.encode(errors="replace"))
    return f"{count:,} byte{'s' if count != 1 else ''}" if count < 10_000 else f"{round(count / 1024):,} kB"


def attribute(value: object) -> str:
    """A message attribute as boto3 gives it, on one line: its text, or its bytes; a kind that isn't usual before it."""
    if not isinstance(value, dict):
        return one_line(value)
    kind = one_line(value.get("DataType", ""), 60)
    raw = value.get("BinaryValue")
    if isinstance(raw, bytes):
        more = " …" if len(raw) > 8 else ""
        text = f"{len(raw):,} byte{'s' if len(raw) != 1 else ''}: {raw[:8].hex(' ')}{more}"
        return text if kind == "Binary" else f"{kind}, {text}"
    text = one_line(value.get("StringValue", "")) or "empty"
    return text if kind in ("String", "") else f"{kind}: {text}"


def letters(count: int) -> str:
    """1 dead letter, 4 dead letters."""
    return f"{count:,} dead letter{'s' if count != 1 else ''}"


def choice_title(choice: Choice) -> str:
    """What a replay of many would come to: "2 sends, 1 merged, 3 not sent"."""
    merged = sum(why == MERGED for why in choice.rest.values())
    others = len(choice.rest) - merged
    sends = len(choice.send)
    parts = [f"{sends:,} send{'s' if sends != 1 else ''}"]
    parts += [f"{merged:,} merged"] if merged else []
    parts += [f"{others:,} not sent"] if others else []
    return ", ".join(parts)


_STATES: Final[dict[str, tuple[Shape, str]]] = {
    "planned": ("waiting", "Waits for its turn"),
    "claimed": ("waiting", "Waits for its turn"),
    "sending": ("running", "Sending"),
    "sent": ("doubled", "Sent, not deleted"),
    "delete_unconfirmed": ("doubled", "Sent, not deleted"),
    "deleted": ("ok", "Replayed"),
    "skipped": ("skipped", "Not sent"),
    "failed": ("failed", "Failed"),
    "unknown": ("unknown", "Send unknown"),
    "archiving": ("running", "Archiving"),
    "archived": ("ok", "Archived"),
    "archive_unconfirmed": ("unknown", "Archived, maybe still there"),
    "putting_back": ("unknown", "Put back unknown"),
    "put_back": ("ok", "Put back"),
}


def record_state(record: Record) -> tuple[Shape, str]:
    """Shape and words of how a message of the journal stands."""
    return _STATES[record.entry.state]


_STEPS: Final = {
    "claimed": "Held", "sent": "Sent", "delete_unconfirmed": "Not deleted", "deleted": "Deleted", "planned": "Planned",
    "archive_unconfirmed": "Left unknown", "putting_back": "Putting back",
}  # fmt: skip


def step_words(state: str) -> str:
    """A step of the journal in words."""
    return _STEPS.get(state) or _STATES[state][1]


def evidence(known: Known) -> list[str]:
    """What is known of a send without an answer, as sentences."""
    said = [f"The send began at {spans.day_clock(known.sent_at)} and has no answer."]
    if known.events is None:
        said.append("Its job is not known here, so there is no history to look at.")
    elif not known.events:
        said.append("Nothing came in the history of its job since then: that speaks against it.")
    else:
        shown = [f"{event} at {spans.day_clock(at)}" for at, event in known.events[:4]]
        more = f" and {len(known.events) - 4:,} more" if len(known.events) > 4 else ""
        said.append(f"Since then its job's history has {', '.join(shown)}{more}.")
        if any(event == "queue_claimed" for _, event in known.events):
            said.append("A message of this job was taken after the send: it seems to have arrived.")
    if known.in_queue is not None:
        here = "still shows" if known.in_queue else "did not show"
        said.append(f"The last look at the dead letters {here} it.")
    return said


def not_sent(choice: Choice) -> list[str]:
    """Why some are not sent, a line for each reason with its number, the most frequent first; less the merged ones."""
    whys = Counter(why for why in choice.rest.values() if why != MERGED).most_common()
    shown = [f"{count:,} not sent: {why}" for why, count in whys[:_REASONS]]
    more = sum(count for _, count in whys[_REASONS:])
    return [*shown, f"{more:,} not sent for other reasons"] if more else shown


def seen_words(seen: XRay | None) -> str:
    """A job's X-ray in a row: "2 send, 6 live"; "not sent: cancelled" where it would not run."""
    if seen is None:
        return ""
    if seen.stops and not seen.done:
        return f"not sent: {_STOPS[seen.stops]}"
    parts = [f"{seen.count('submit'):,} send", f"{seen.count('live'):,} live"]
    others = seen.count("unknown") + seen.count("in_flight") + seen.count("blocked")
    return ", ".join([*parts, f"{others:,} not"] if others else parts)
