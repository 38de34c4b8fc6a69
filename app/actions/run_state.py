"""What is known of a browser run, folded from the events that it reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, cast, get_args

import msgspec

from services.domain.forms import Form
from services.domain.plans import Plan, step_place, step_words
from services.domain.records import Customer
from services.domain.redaction import redact, redact_value
from services.domain.signs import Weighed

Phase = Literal["idle", "planning", "running", "ended"]
StepStatus = Literal["waiting", "running", "done", "failed", "blocked"]
Why = Literal["paused", "failed", "captcha", "login", "email_code"]
Verdict = Literal["", "submitted", "failed", "unknown", "dry", "stopped"]

BEGUN: Final = "begun"
"""In what a result keeps of a run here: false where no browser had opened."""
NOT_BEGUN: Final = "Not begun: "
"""Before the reason of one that had none."""
_STEP_STATUSES: Final = frozenset(get_args(StepStatus))
_WHYS: Final[dict[str, Why]] = {why: why for why in get_args(Why)}
_MOST_BLOCKED: Final = 200
_MOST_LOGGED: Final = 1100
"""Lines of a log: the browser run itself tells fewer."""


class StepLine(msgspec.Struct, frozen=True):
    """One step as the page shows it. `ms` is None until it ended; `value` is what goes in, secrets masked."""

    index: int
    words: str
    detail: str
    status: StepStatus = "waiting"
    ms: int | None = None
    picture: str = ""
    error: str = ""
    action: str = ""
    value: str = ""


class Blocked(msgspec.Struct, frozen=True):
    """A request that a dry run held back, or let pass. `size` in bytes, `body` its start, secrets masked."""

    method: str
    url: str
    size: int = 0
    body: str = ""


class Said(msgspec.Struct, frozen=True):
    """A line of a page's console. `at`: milliseconds since the run began; `level`: log, warning, error, note, ..."""

    at: int
    level: str
    text: str
    where: str = ""


class Asked(msgspec.Struct, frozen=True):
    """A request that a page made. `at`, `ms`: milliseconds; `status` None where no answer came, `error` says why.

    `method` is "" in the line that says that more were left out.
    """

    at: int
    method: str
    url: str
    kind: str = ""
    status: int | None = None
    ms: int | None = None
    error: str = ""


class Picked(msgspec.Struct, frozen=True):
    """What a person pointed at: `selector` finds it and nothing else, `name` is what the page calls it."""

    selector: str
    name: str


class Held(msgspec.Struct, frozen=True):
    """The run waits before step `index` for a person, until `until` (unix seconds). `error`: why the step failed."""

    index: int
    why: Why
    since: float
    until: float
    error: str = ""
    goes_on: float = 0.0
    """When it goes on by itself, since the page no longer asks; 0 for not."""
    solver: bool = False
    """2Captcha may be asked to solve the captcha."""


class RunState(msgspec.Struct, frozen=True):
    """Everything that is known of the newest run. Times are unix seconds of this machine."""

    phase: Phase = "idle"
    run_id: str = ""
    job_id: str = ""
    business: str = ""
    directory: str = ""
    dry: bool = True
    browser: str = ""
    sandbox: bool | None = None
    window: bool = False
    """The browser is to be seen on this desk, in a window of its own."""
    started_at: float = 0.0
    ended_at: float | None = None
    steps: tuple[StepLine, ...] = ()
    plan: Plan | None = None
    """What Brain answered; of its values those that can't be a password."""
    blocked: tuple[Blocked, ...] = ()
    passed: tuple[Blocked, ...] = ()
    """Requests on the way to the form's last page that were sent, as the plan says."""
    console: tuple[Said, ...] = ()
    network: tuple[Asked, ...] = ()
    picture: str = ""
    trace: str = ""
    """Where its trace lies, "" for none."""
    trace_bytes: int = 0
    held: Held | None = None
    asking: bool = False
    """2Captcha is asked in this moment."""
    unsolved: str = ""
    """Why it had no answer when it was asked last."""
    refused: str = ""
    """Why the newest thing that a person wanted of it was not done."""
    picked: Picked | None = None
    edited: tuple[tuple[str, str], ...] = ()
    """Where steps acted that a person changed, and where they act since."""
    verdict: Verdict = ""
    words: str = ""
    reasons: tuple[str, ...] = ()
    form: Form | None = None
    """The directory's form as this run saw it; None while it hasn't."""
    evidence: Weighed | None = None
    """What the verdict was weighed from; None where it rests on no evidence, as that of a dry run."""

    @property
    def going_on(self) -> bool:
        """True from the press until it ended."""
        return self.phase in ("planning", "running")


class RunTarget(msgspec.Struct, frozen=True):
    """What to run: a directory of a job."""

    job_id: str
    directory: str
    submission_url: str
    customer: Customer


class Judgement(msgspec.Struct, frozen=True):
    """How a run ended: a sentence that claims no more than is known, and what speaks for it."""

    status: Verdict
    words: str
    reasons: tuple[str, ...] = ()
    listing_url: str = ""
    log: dict[str, Any] = {}
    """What the result keeps of the run, without secrets."""


def step_lines(plan: Plan) -> tuple[StepLine, ...]:
    """The plan's steps before the first of them began."""
    return tuple(
        StepLine(index, step_words(step), step_place(step), action=step.action) for index, step in enumerate(plan.plan)
    )


def taken(state: RunState, event: Mapping[str, Any], now: float = 0.0) -> RunState:
    """The state after an event (`services.submission.events`); kinds that tell nothing new leave it as it is."""
    kind = event["kind"]
    if kind == "started":
        sandbox = event.get("sandbox")
        return msgspec.structs.replace(
            state,
            browser=str(event.get("browser") or ""),
            sandbox=sandbox if isinstance(sandbox, bool) else None,
            window=event.get("window") is True,
            steps=_described(state.steps, event.get("steps")),
        )
    if kind == "held":
        return msgspec.structs.replace(state, held=_held(event, now), refused="")
    if kind in ("asking", "asked"):
        return msgspec.structs.replace(state, asking=kind == "asking", unsolved=str(event.get("error") or ""))
    if kind == "clearing" and state.held is not None:
        seconds = _whole(event.get("seconds")) or 0
        held = msgspec.structs.replace(state.held, goes_on=now + seconds if seconds > 0 else 0.0)
        return msgspec.structs.replace(state, held=held)
    if kind == "released":
        return msgspec.structs.replace(state, held=None, picked=None, refused="", unsolved="")
    if kind == "refused":
        return msgspec.structs.replace(state, refused=str(event.get("why") or ""))
    if kind == "picked":
        found = Picked(str(event.get("selector") or ""), str(event.get("name") or ""))
        return msgspec.structs.replace(state, picked=found, refused="")
    if kind == "edited":
        return _with_edit(state, event)
    if kind == "step":
        return _with_step(state, event)
    if kind == "picture":
        return _with_picture(state, event)
    if kind == "trace":
        return msgspec.structs.replace(
            state, trace=str(event.get("path") or ""), trace_bytes=_whole(event.get("bytes")) or 0
        )
    # The form itself comes first: where a page asks without end, the later requests are left out.
    if kind == "blocked" and len(state.blocked) < _MOST_BLOCKED:
        return msgspec.structs.replace(state, blocked=(*state.blocked, _request(event)))
    if kind == "passed" and len(state.passed) < _MOST_BLOCKED:
        return msgspec.structs.replace(state, passed=(*state.passed, _request(event)))
    if kind == "console" and len(state.console) < _MOST_LOGGED:
        return msgspec.structs.replace(state, console=(*state.console, _said(event)))
    if kind == "network" and len(state.network) < _MOST_LOGGED:
        return msgspec.structs.replace(state, network=(*state.network, _asked(event)))
    return state


def _said(event: Mapping[str, Any]) -> Said:
    level, text, where = (str(event.get(name) or "") for name in ("level", "text", "where"))
    return Said(_whole(event.get("at")) or 0, level, text, where)


def _asked(event: Mapping[str, Any]) -> Asked:
    method, url, kind, error = (str(event.get(name) or "") for name in ("method", "url", "type", "error"))
    at, status, ms = (_whole(event.get(name)) for name in ("at", "status", "ms"))
    return Asked(at or 0, method, url, kind, status, ms, error)


def _request(event: Mapping[str, Any]) -> Blocked:
    method, url, body = (str(event.get(name) or "") for name in ("method", "url", "body"))
    return Blocked(method, url, _whole(event.get("bytes")) or 0, body)


def judged(
    state: RunState,
    verdict: Mapping[str, Any],
    ended: Mapping[str, Any],
    submit: int | None,
    *,
    stopped: bool,
) -> Judgement:
    """What became of the run, from its last two events ({} for one that never came).

    `submit` is the index of the step that sends the form, `stopped` says that a person ended the run.
    """
    if state.dry and stopped:
        return Judgement("stopped", f"Stopped; {_sent(state)}.")
    log = verdict.get("log")
    found = _judged(state, verdict, ended, submit)
    return msgspec.structs.replace(
        found, log=cast("dict[str, Any]", redact_value(log)) if isinstance(log, dict) else {}
    )


def why_not_begun(state: RunState) -> str:
    """Why a run ended before any browser had opened a page, so that nothing was sent; "" for one that was begun."""
    if state.verdict != "failed" or state.browser:
        return ""
    return f"{NOT_BEGUN}{state.reasons[0] if state.reasons else state.words}"


def _judged(state: RunState, verdict: Mapping[str, Any], ended: Mapping[str, Any], submit: int | None) -> Judgement:
    reasons = tuple(redact(str(reason)) for reason in verdict.get("reasons") or ())
    status, error = verdict.get("status"), redact(str(verdict.get("error") or ""))
    if state.dry and status == "dry":
        nothing = reasons[0] if reasons else "Pressing the button sent nothing."
        return Judgement("dry", f"Everything is filled in; {_sent(state)}." if state.blocked else nothing, reasons)
    said = next((reason for reason in reasons if error in reason), error) if error else "; ".join(reasons)
    if status == "failed":
        return Judgement("failed", said or "It failed.", reasons)
    if not state.dry and status == "unknown":
        return Judgement("unknown", said or "Nobody knows whether it was sent.", reasons)
    if not state.dry and status == "submitted":
        return Judgement("submitted", "Submitted.", reasons, str(verdict.get("listing_url") or ""))
    return _without_verdict(state, str(ended.get("error") or ""), submit)


def _sent(state: RunState) -> str:
    """What a dry run has sent: nothing, or the earlier pages of a form that has several."""
    if not state.passed:
        return "nothing was sent"
    many = len(state.passed)
    return f"the form was not sent, {many} earlier page{'s were' if many > 1 else ' was'}"


def _without_verdict(state: RunState, why: str, submit: int | None) -> Judgement:
    reasons = (why,) if why else ()
    if state.dry:
        return Judgement("failed", f"The browser ended before the run was complete; {_sent(state)}.", reasons)
    # A step is told before it is carried out: one that was never told was never begun.
    begun = submit is not None and any(line.index >= submit and line.status != "waiting" for line in state.steps)
    if begun:
        words = "The browser ended after the button may have been pressed: nobody knows whether it was sent."
        return Judgement("unknown", words, reasons)
    return Judgement("failed", "The browser ended before the button was pressed; nothing was sent.", reasons)


def _held(event: Mapping[str, Any], now: float) -> Held:
    seconds = _whole(event.get("seconds")) or 0
    why = _WHYS.get(str(event.get("why")), "paused")
    error, solver = str(event.get("error") or ""), event.get("solver") is True
    return Held(_whole(event.get("index")) or 0, why, now, now + seconds, error, solver=solver)


def _described(steps: tuple[StepLine, ...], told: object) -> tuple[StepLine, ...]:
    """The steps with what the child says goes in; of a plan of another length it says nothing that fits."""
    if not isinstance(told, list) or len(told) != len(steps):
        return steps
    return tuple(
        msgspec.structs.replace(line, value=str(step.get("value") or "")) if isinstance(step, Mapping) else line
        for line, step in zip(steps, told, strict=True)
    )


def _with_edit(state: RunState, event: Mapping[str, Any]) -> RunState:
    line = _line(state, event)
    if line is None:
        return state
    words, detail, value = (str(event.get(name) or "") for name in ("words", "detail", "value"))
    fresh = msgspec.structs.replace(line, words=words, detail=detail, value=value)
    moved = state.edited if detail == line.detail else (*state.edited, (line.detail, detail))
    found = _whole(event.get("matches"))
    note = "" if found is None or found == 1 else f"The page has {found or 'none'} of {detail} now"
    return msgspec.structs.replace(state, steps=_put(state.steps, fresh), edited=moved, refused=note)


def _with_step(state: RunState, event: Mapping[str, Any]) -> RunState:
    line = _line(state, event)
    if line is None:
        return state
    status = event.get("status")
    picture = str(event.get("picture") or "")
    fresh = msgspec.structs.replace(
        line,
        status=status if status in _STEP_STATUSES else "running",
        ms=_whole(event.get("ms")),
        picture=picture or line.picture,
        error=str(event.get("error") or ""),
        value=str(event["value"]) if event.get("value") else line.value,
    )
    return msgspec.structs.replace(state, steps=_put(state.steps, fresh), picture=picture or state.picture)


def _with_picture(state: RunState, event: Mapping[str, Any]) -> RunState:
    picture = str(event.get("path") or "")
    line = _line(state, event)
    steps = state.steps if line is None else _put(state.steps, msgspec.structs.replace(line, picture=picture))
    return msgspec.structs.replace(state, steps=steps, picture=picture or state.picture)


def _line(state: RunState, event: Mapping[str, Any]) -> StepLine | None:
    index = _whole(event.get("index"))
    return state.steps[index] if index is not None and 0 <= index < len(state.steps) else None


def _put(steps: tuple[StepLine, ...], line: StepLine) -> tuple[StepLine, ...]:
    return (*steps[: line.index], line, *steps[line.index + 1 :])


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
