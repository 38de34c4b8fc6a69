"""The parts of the local stack in words for staff: their names, how they stand, and what it means."""

from __future__ import annotations

from typing import Final, NamedTuple

from services.domain.statuses import Shape


class PartWords(NamedTuple):
    """`name` begins a sentence and `does` goes on after "until it is back"; `are`: the name is a plural."""

    name: str
    does: str
    are: bool = False


PARTS: Final = {
    "stack": PartWords("Local stack", "nothing moves and acts are refused"),
    "supervisor": PartWords("Supervisor of the local stack", "a part that fails is not started again"),
    "postgres": PartWords("Database", "nothing can be read or written"),
    "endpoints": PartWords(
        "Gateway, queue and practice directories", "what you see grows old and acts are refused", True
    ),
    "brain": PartWords("Brain", "no submission can be planned"),
    "intake": PartWords("Outbox relay", "retries wait to be queued"),
    "subscriber": PartWords("Subscriber", "queued jobs are not started"),
    "worker": PartWords("Worker", "nothing is submitted"),
    "monitor": PartWords("Monitor", "jobs that stand still are not queued again"),
    "link": PartWords("Connection to the database", "what you see is as it was then and acts are refused"),
    "disk": PartWords("Disk", "acts are refused, for they can't be recorded"),
}
_TASKS: Final = {
    "sync": "Live updates have stopped: what you see no longer changes.",
    "session": "The sign-in has ended: nothing new can be read and acts are refused.",
    "local stack": "The local stack is no longer watched: it is not started again when it ends.",
    "watch over the supervisor": "The local stack is no longer watched: what fails in it is not said here.",
    "dead letters": "The dead letters are no longer read: their page stays as it is.",
}
"""What it means when a task ends that the console can't do without."""
SHAPES: Final[dict[str, Shape]] = {
    "starting": "running",
    "up": "ok",
    "silent": "stale",
    "restarting": "running",
    "down": "failed",
    "ended": "skipped",
}
_STATES: Final = {"silent": "silent", "down": "out of service", "lost": "lost"}
_NEXT: Final = {
    "silent": "If {it} {stay} so, {it} {is} started again by {self}.",
    "restarting": "{It} {is} being started again.",
    "starting": "{It} {is} starting again.",
}


def part_name(part: str) -> str:
    """What staff call a part."""
    return PARTS[part].name if part in PARTS else part.capitalize()


def failed_task(name: str, why: str, report: str) -> str | None:
    """What the end of a vital task means and what to do, in words; None for a task that isn't vital.

    `why`: a sentence, or "" where only the file `report` of the data folder knows.
    """
    means = _TASKS.get(name)
    if means is None:
        return None
    details = f"Details: console/crashes/{report} in the data folder." if report else ""
    return " ".join(part for part in (means, why, "Close the program and start it again.", details) if part)


def line(part: str, state: str, why: str) -> str:
    """How a part stands while the stack comes up, in one line."""
    if part == "disk" and why:
        return why
    return f"{part_name(part)}: {state}" + (f", {why}" if why else "")


def fault(part: str, state: str, since: str, why: str) -> str:
    """What is wrong with a part that was up before, since when, what it means, and what happens next."""
    words = PARTS.get(part) or PartWords(part.capitalize(), "what it does waits")
    if part == "disk":
        return f"{why} Until then {words.does}. (Since {since}.)"
    they = (
        {"it": "they", "It": "They", "is": "are", "stay": "stay", "self": "themselves", "has": "have"}
        if words.are
        else {"it": "it", "It": "It", "is": "is", "stay": "stays", "self": "itself", "has": "has"}
    )
    how = _STATES.get(state, "down")
    said = f"{words.name} {they['is']} {how} since {since}; {words.does} until {they['it']} {they['is']} back."
    then = _NEXT.get(state, "").format(**they)
    reason = f"{why[:1].upper()}{why[1:]}".rstrip(".")
    return " ".join(part for part in (said, then, f"({reason}.)" if reason else "") if part)
