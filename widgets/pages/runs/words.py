"""What the Runs page says: shapes with words for outcomes, verdicts, checks, browsers, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from app.actions import run_state
from app.actions.forms import Drift
from app.actions.run_state import Asked, Blocked, RunState, Said, StepLine
from app.store.lines import DirectoryLine, JobLine
from services.domain.records import Customer
from services.domain.statuses import Shape
from widgets.parts import cell, spans
from widgets.parts.cell import Cell

OUTCOMES: Final[dict[str, tuple[Shape, str]]] = {
    "waiting": ("waiting", "waiting"),
    "running": ("running", "running"),
    "submitted": ("ok", "submitted"),
    "failed": ("failed", "failed"),
    "unknown": ("unknown", "outcome unknown"),
    "skipped": ("skipped", "skipped"),
}
VERDICTS: Final[dict[str, tuple[Shape, str]]] = {
    "submitted": ("ok", "Submitted"),
    "dry": ("ok", "Dry run done"),
    "failed": ("failed", "Failed"),
    "unknown": ("unknown", "Outcome unknown"),
    "stopped": ("skipped", "Stopped"),
}
STEPS: Final[dict[str, Shape]] = {
    "waiting": "waiting",
    "running": "running",
    "done": "ok",
    "failed": "failed",
    "blocked": "blocked",
}
_FIRST: Final = ("failed", "waiting")
_FILLED: Final = ("fill", "select")
DRY_WORDS: Final = (
    "Everything is filled; from the submit step on, every request of this page is blocked and shown below."
)
REAL_WORDS: Final = "The directory is claimed, the form is sent once, and the outcome is written to the job."
_NOT_AGAIN: Final = {
    "submitted": "This directory is already submitted for this job.",
    "skipped": "This directory is skipped for this job.",
    "unknown": "Its outcome is unknown: check the listing first. It is not repeated.",
    "running": "It is being submitted right now.",
}


class Held(msgspec.Struct, frozen=True):
    """A request that was held back or `passed`, `times` times. `number` is its place among the others."""

    number: int
    request: Blocked
    times: int
    passed: bool = False

    @property
    def verdict(self) -> str:
        """What became of it."""
        did = "passed, before submit" if self.passed else "blocked"
        return did + (f", {self.times} times" if self.times > 1 else "")


def requests_of(state: RunState) -> list[Held]:
    """What a dry run held back, then what it let pass; equal ones counted, in the order in which the first came."""
    counted: dict[tuple[Blocked, bool], int] = {}
    for passed, requests in ((False, state.blocked), (True, state.passed)):
        for request in requests:
            counted[request, passed] = counted.get((request, passed), 0) + 1
    return [Held(number, request, times, passed) for number, ((request, passed), times) in enumerate(counted.items())]


def level(said: Said) -> Cell:
    """How loud a line of the console is."""
    if said.level in ("error", "assert"):
        return cell.status("failed", said.level)
    return cell.status("unknown", said.level) if said.level == "warning" else cell.words(said.level)


def asked_for(asked: Asked) -> Cell:
    """The address of a request, or that the rest of them is left out."""
    return cell.mono(asked.url, tip=asked.url) if asked.method else cell.words(asked.error, tip=asked.error)


def answer(asked: Asked) -> Cell:
    """What became of a request: the answer's status, or why there is none."""
    if not asked.method:
        return cell.EMPTY
    if asked.status is not None and not asked.error:
        return cell.status("failed", str(asked.status)) if asked.status >= 400 else cell.words(str(asked.status))
    return cell.status("blocked" if asked.error == "aborted" else "failed", asked.error, tip=asked.error)


def why_not_again(line: DirectoryLine | None) -> str:
    """Why a real run of this directory would be refused, as far as the facts tell; "" when it wouldn't."""
    if line is None:
        return ""
    return f"{line.hold.words}." if line.hold is not None else _NOT_AGAIN.get(line.outcome, "")


def directory_words(line: DirectoryLine) -> str:
    """A directory with how it stands, for the box that chooses one."""
    return f"{line.host}, {'held' if line.hold is not None else OUTCOMES[line.outcome][1]}"


def likely(lines: Sequence[DirectoryLine]) -> str:
    """The directory that somebody who names none means: one that failed, else one that waits."""
    for outcome in _FIRST:
        for line in lines:
            if line.outcome == outcome:
                return line.host
    return lines[0].host if lines else ""


def checks(job: JobLine, line: DirectoryLine, refusal: str, drift: Drift | None = None) -> list[tuple[Shape, str]]:
    """What to know before the real run, as shapes with words. `refusal`: why this person may not, or "".

    `drift`: its form as it was seen last, None where it wasn't.
    """
    found: list[tuple[Shape, str]] = []
    if line.outcome in _NOT_AGAIN:
        found.append(
            ("paused" if line.hold is not None else OUTCOMES[line.outcome][0], why_not_again(line).rstrip("."))
        )
    elif line.outcome == "failed":
        found.append(("failed", "The last try failed; it may be tried again"))
    else:
        found.append(("send", "Nothing sent to this directory yet"))
    if line.outcome not in ("running", "unknown"):
        found.append(("ok", "No other run holds the claim"))
    if job.status == "in_progress" and line.outcome == "waiting":
        found.append(("paused", "A worker is on this job and may come first"))
    found.append(("ok", "Its address is known") if line.url else ("failed", "Its address isn't known"))
    if drift is not None and drift.is_same:
        found.append(("ok", "The form is as it was known"))
    elif drift is not None:
        many = len(drift.differences) or len(drift.proposal.changes) + len(drift.proposal.open)
        found.append(("stale", f"Its form has changed: {many} difference{'s' * (many > 1)}"))
    if refusal:
        found.append(("skipped", refusal.rstrip(".")))
    return found


def browser_words(state: RunState) -> str:
    """The browser by name and main version, and its sandbox; "" before they are known."""
    if not state.browser:
        return ""
    name = state.browser.split(".", 1)[0]
    sandbox = "" if state.sandbox is None else f", sandbox {'on' if state.sandbox else 'off'}"
    name = f"{name[:1].upper()}{name[1:]}"
    return f"{name} in a window{sandbox}" if state.window else f"Headless {name}{sandbox}"


def address(customer: Customer) -> str:
    """The postal address on one line."""
    place = " ".join(part for part in (customer.state, customer.zip) if part)
    return ", ".join(part for part in (customer.address, customer.city, place) if part)


def size(count: int) -> str:
    """Bytes as people read them: 0 B, 0.2 kB, 12 kB."""
    if count < 100:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 10_000 else f"{round(count / 1000):,} kB"


def step_detail(line: StepLine) -> str:
    """What stands below a step's words: where it acts, or why it failed."""
    if line.status == "failed" and line.error:
        return line.error
    where = f"{line.detail}, blocked" if line.status == "blocked" and line.detail else line.detail
    return f"{where}  {line.value}" if line.value and line.action in _FILLED else where


def without_evidence(state: RunState) -> list[str]:
    """The reasons that neither the sentence nor the evidence says already."""
    signs = [sign.words.lower() for sign in state.evidence.signs] if state.evidence is not None else []
    said = [reason for reason in state.reasons if reason and reason not in state.words]
    return [reason for reason in said if not any(sign in reason.lower() for sign in signs)]


def progress(state: RunState, now: float) -> str:
    """How many steps are done, and how long the run takes; `now` in unix seconds."""
    done = sum(1 for line in state.steps if line.status not in ("waiting", "running"))
    until = state.ended_at if state.ended_at is not None else now
    return f"{done} of {len(state.steps)}, {spans.elapsed(until - state.started_at)}"


def current_step(steps: Sequence[StepLine], held: run_state.Held | None = None) -> int:
    """The step before which the run is held, else the one that runs, else the last one begun; -1 when none was."""
    if held is not None:
        return min(held.index, len(steps) - 1)
    running = [line.index for line in steps if line.status == "running"]
    begun = [line.index for line in steps if line.status != "waiting"]
    return running[0] if running else begun[-1] if begun else -1
