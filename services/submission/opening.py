"""Says that a run begins, or why it does not."""

from __future__ import annotations

from typing import Any

from services.ports.wishes import RunRequest
from services.submission.events import Report
from services.submission.outcome import Outcome, tell
from services.submission.steps import described


def begin(request: RunRequest, report: Report, about: dict[str, Any]) -> None:
    """Report `started`; `about` goes into it."""
    steps = [described(step) for step in request.plan.plan]
    report({"kind": "started", "run_id": request.run_id, "dry": request.dry, **about, "steps": steps})


def refused(request: RunRequest, report: Report, about: dict[str, Any], why: str) -> Outcome:
    """The outcome of a run that isn't begun, reported as any other."""
    begin(request, report, about)
    outcome = Outcome("failed", [f"Nothing was sent: {why}"], True, 0, error=why)
    tell(report, outcome)
    return outcome
