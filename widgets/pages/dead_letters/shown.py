"""What the inspector shows of a letter: of the queue, of the archive, or of the journal."""

from __future__ import annotations

import msgspec

from app.actions.letter_line import LetterLine
from app.actions.letter_records import Kept, Reading, Record, Step
from services.domain.statuses import Shape
from services.domain.text import one_line
from widgets.pages.dead_letters.words import attribute, expires, record_state, state_of, step_words
from widgets.parts import cell, spans

Fact = tuple[str, str, bool]
"""Name, value, whether it is in mono."""


class Press(msgspec.Struct, frozen=True):
    """A button of the inspector. `why_not`: why it is off, "" when it may be pressed."""

    key: str
    words: str
    why_not: str = ""


class Shown(msgspec.Struct, frozen=True):
    """One letter. `job_id`: "" where there is no job to open. `evidence`, `steps`, `acts`: may be empty."""

    key: str
    title: str
    job_id: str
    shape: Shape
    words: str
    problem: str
    does: tuple[str, ...]
    read: tuple[Fact, ...]
    about: tuple[Fact, ...]
    attributes: tuple[Fact, ...]
    body: str
    evidence: tuple[str, ...] = ()
    steps: tuple[Fact, ...] = ()
    acts: tuple[Press, ...] = ()

    @property
    def tone(self) -> str:
        """The tone of the words."""
        return cell.word_tone(self.shape)


def of_queue(
    line: LetterLine, business: str, reason: str, now: float, acts: tuple[Press, ...], most: int | None,
    out: tuple[Shape, str] | None = None,
) -> Shown:  # fmt: skip
    """A dead letter as the last look has shown it. `most`: after so many receives from the main queue a message becomes
    one. How often that was with this one the queue doesn't tell: its count goes on with each look at the dead letters.
    `out`: what is said of it once it left the queue.
    """
    does = [] if out else list(line.reading.does)
    if line.same_job and not out:
        others = "Another dead letter is" if line.same_job == 1 else f"{line.same_job} other dead letters are"
        does.append(f"{others} for the same job: replay one of them.")
    shape, words = out or state_of(line, now, reason)
    problem = f"{line.problem} It would only come back." if line.problem and not out else ""
    return Shown(
        line.id, _title(line.reading, business), line.job_id if business else "", shape, words,
        problem, tuple(does), _read(line.reading),
        (
            ("Message", line.id, True),
            ("Sent", spans.moment(line.letter.sent_at), False),
            ("Received", f"{_times(line.letter.receive_count)}, looks at it included", False),
            *((("Dead after", f"{_times(most)} in the main queue", False),) if most else ()),
            *(() if out else (("Expires in", _expires(line, now), False),)),
        ),
        _attributes(line.letter.attributes), line.letter.body, acts=acts,
    )  # fmt: skip


def of_archive(kept: Kept, business: str, acts: tuple[Press, ...]) -> Shown:
    """A message of the archive."""
    one, reading = kept.archived, kept.reading
    out = one.is_out
    return Shown(
        kept.id, _title(reading, business), _job(reading) if business else "", "ok" if out else "unknown",
        _left(kept), "" if out else one.why,
        reading.does, _read(reading),
        (
            ("Message", kept.id, True),
            ("Archived", spans.moment(one.at), False),
            ("Came from", one.dlq or "not known", bool(one.dlq)),
            ("By", one.actor, False),
            ("Reason", one.reason or "none was given", False),
        ),
        _attributes(one.attributes), one.body, acts=acts,
    )  # fmt: skip


def _left(kept: Kept) -> str:
    if kept.archived.sent_body:
        return "Replayed with another body"
    return "Out of the queue" if kept.archived.is_out else "Whether it left the queue is not known"


def of_journal(
    record: Record, business: str, evidence: tuple[str, ...], steps: list[Step], acts: tuple[Press, ...]
) -> Shown:
    """A message of the journal, with all that was written of it."""
    entry, reading = record.entry, record.reading
    shape, words = record_state(record)
    about: list[Fact] = [("Job", _job(reading), True), ("Message", entry.message_id, True)]
    about += [("New message", entry.new_message_id, True)] if entry.new_message_id else []
    about += [("Sent instead", one_line(entry.sent_body, 500), True)] if entry.sent_body else []
    about += [("Operation", record.operation, False)] if record.operation else []
    about += [("By", entry.actor, False), ("Reason", entry.reason or "none was given", False)]
    return Shown(
        record.id, _title(reading, business), _job(reading) if business else "", shape, words, entry.why,
        (), (), tuple(about), _attributes(entry.attributes), entry.body, evidence,
        tuple((step_words(step.state), spans.moment(step.at), False) for step in reversed(steps)), acts,
    )  # fmt: skip


def _title(reading: Reading, business: str) -> str:
    job_id = _job(reading)
    return business or (f"Job {job_id}" if job_id else reading.what)


def _job(reading: Reading) -> str:
    return reading.message.job_id if reading.message else ""


def _read(reading: Reading) -> tuple[Fact, ...]:
    message = reading.message
    if message is None:
        return ()
    return (
        ("Job", message.job_id, True),
        ("Customer", message.customer_id, True),
        ("Package size", str(message.package_size), False),
        ("Priority", message.priority, False),
        ("Source", message.source, False),
    )


def _attributes(attributes: dict[str, object]) -> tuple[Fact, ...]:
    return tuple((name, attribute(value), True) for name, value in sorted(attributes.items()))


def _expires(line: LetterLine, now: float) -> str:
    return "not known" if line.expires_at is None else expires(line.expires_at, now)


def _times(count: int) -> str:
    return f"{count:,} time{'' if count == 1 else 's'}"
