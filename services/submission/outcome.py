"""What a run came to, as the worker writes it down."""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec

from services.domain.faults import Person
from services.domain.redaction import redact, redact_value
from services.submission.events import Report

Status = Literal["submitted", "failed", "unknown", "dry"]


class Outcome(msgspec.Struct, frozen=True):
    """`before_submit`: nothing was sent yet, so a repeat is safe. `response_log` goes to job_results.

    `person`: what the page asks for that only a person can give; a repeat without one ends the same way.
    """

    status: Status
    reasons: list[str]
    before_submit: bool
    duration_ms: int
    error: str | None = None
    listing_url: str | None = None
    screenshot: str | None = None
    response_log: dict[str, Any] = {}
    person: Person | None = None


def without_secrets(outcome: Outcome) -> Outcome:
    """The outcome with what may be a secret taken out of its words: the browser's errors quote what was typed."""
    return msgspec.structs.replace(
        outcome,
        reasons=[redact(reason) for reason in outcome.reasons],
        error=None if outcome.error is None else redact(outcome.error),
        response_log=cast("dict[str, Any]", redact_value(outcome.response_log)),
    )


def known(**found: Any) -> dict[str, Any]:
    """What there is of it."""
    return {name: value for name, value in found.items() if value}


def tell(report: Report, outcome: Outcome) -> None:
    """Report the outcome as a run's verdict."""
    event: dict[str, Any] = {
        "kind": "verdict",
        "status": outcome.status,
        "reasons": outcome.reasons,
        "before_submit": outcome.before_submit,
    }
    more = {
        "listing_url": outcome.listing_url, "error": outcome.error, "person": outcome.person,
        "log": outcome.response_log,
    }  # fmt: skip
    event.update({name: value for name, value in more.items() if value})
    report(event)
