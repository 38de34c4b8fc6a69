"""What the list of things to check says."""

from __future__ import annotations

from typing import Final

from app.store.lanes import Lane, LaneLine
from services.domain.case_links import case_link
from services.domain.statuses import Shape, result_status_shape, result_status_word
from widgets.parts import spans

EMPTY: Final[dict[Lane, tuple[str, str]]] = {
    "unknown": (
        "No outcome is unknown.",
        "A submission comes here when it may have been sent and nothing says how it ended. It is never repeated.",
    ),
    "doubt": (
        "No verdict is in doubt.",
        "A verdict comes here when it rests on little, or when the page said two things that differ.",
    ),
}
CHECK: Final = "Look for the business there."
ASK: Final = "The directory, the customer or a colleague may know."
SAY: Final[dict[Lane, str]] = {
    "unknown": "Until somebody says how it ended, it is neither counted nor repeated.",
    "doubt": "The verdict counts until somebody says otherwise.",
}


def face(line: LaneLine) -> tuple[Shape, str]:
    """Shape and word of the outcome that stands."""
    if line.lane == "unknown":
        return "unknown", "Unknown"
    outcome = line.directory.outcome
    return result_status_shape(outcome), result_status_word(outcome)


def question(line: LaneLine, environment: str) -> str:
    """What to send to somebody who may know."""
    directory = line.directory
    sent = f" on {spans.moment(directory.when)}" if directory.when else ""
    return (
        f"Is {line.business} listed at {directory.name or directory.host}? Its form was sent{sent}, and we are not "
        f"sure that it was taken in: {line.why.rstrip('.')}.\n{case_link(environment, directory.job_id)}"
    )


def page_after(line: LaneLine) -> str:
    """The address that the run ended on, "" where the log doesn't say."""
    result = line.directory.result
    found = result.response_log.get("final_url") if result is not None else None
    return found if isinstance(found, str) and found != line.directory.url else ""
