"""Tells whether a page of a form that isn't its last was taken."""

from __future__ import annotations

from services.submission.evidence import Seen, Sending


def refusal(before: Seen, after: Seen, sending: Sending) -> str:
    """Why it wasn't, as far as what came `after` it says; "" when it was."""
    new = [problem for problem in after.problems if problem not in before.problems]
    if new and after.url.split("?")[0] == before.url.split("?")[0]:
        return f"The page says: {new[0]}"
    if sending.status is not None and sending.status >= 400:
        return f"{f'The page says: {new[0]}' if new else f'HTTP {sending.status}'} at {after.url}"
    if not sending.sent and after.invalid:
        return "The page marks " + ": ".join(after.invalid[0])
    return ""
