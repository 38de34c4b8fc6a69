"""What is selected on the Jobs page: how many, all that match, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout

from app.actions.confirming import is_asked, typed
from app.actions.many_jobs import MOST, Ended, Fit, Options, fit
from app.actions.registry import PAUSE_JOB, RESUME_JOB, RETRY_FAILED, Act
from app.actions.retry_xray import Fate, XRay, retried, weigh_retry
from app.desk import Desk
from app.models.plan_rows import business_of, export_plan, of_retry
from app.store.lines import JobLine
from widgets.look import metrics
from widgets.parts.button import Button
from widgets.parts.export_button import PLAN, ExportButton
from widgets.parts.fate_list import FateList, FateRow
from widgets.parts.label import label, say
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface, ground_of

ACTS: Final = (RETRY_FAILED, PAUSE_JOB, RESUME_JOB)
TOO_MANY: Final = f"At most {MOST} jobs in one go."
_SHOWN_KEYS: Final = {RETRY_FAILED.name: "⇧R"}


class SelectionBar(Surface):
    """Shown while something is selected."""

    everything = Signal()
    """All that match are wanted."""
    cleared = Signal()

    def __init__(
        self, desk: Desk, selected: Callable[[], Sequence[JobLine]], say_end: Callable[[str, str], object]
    ) -> None:
        """`selected` gives the lines; `say_end` takes words and shape of how an act on them ended."""
        super().__init__("surface.selected", "b")
        self._desk = desk
        self._selected = selected
        self._say_end = say_end
        self.setFixedHeight(metrics.px(metrics.BAR))
        self.words = label("", weight=500)
        self.all_button = Button("", "link", small=True)
        self.all_button.clicked.connect(self.everything)
        self.acts: dict[str, Button] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.px(16), 0, metrics.px(12), 0)
        row.setSpacing(metrics.px(8))
        row.addWidget(self.words)
        row.addWidget(self.all_button)
        row.addStretch(1)
        for act in ACTS:
            button = Button(act.label, icon=act.icon, key=_SHOWN_KEYS.get(act.name, ""), small=True)
            button.clicked.connect(lambda _=False, act=act: self.ask(act))
            self.acts[act.name] = button
            row.addWidget(button)
        close = Button(icon="x", look="quiet", small=True, tip="Select nothing")
        close.clicked.connect(self.cleared)
        row.addWidget(close)
        self.hide()

    def show_selection(self, count: int, matching: int, everything: bool) -> None:
        """`count` are selected of the `matching` ones; `everything`: they were all selected at once."""
        self.setVisible(count > 0)
        if not count:
            return
        say(self.words, f"All {count:,} matching are selected" if everything else f"{count:,} selected")
        self.all_button.say(f"Select all {matching:,} matching")
        self.all_button.setVisible(not everything and matching > count)
        if count > MOST:
            for button in self.acts.values():
                button.set_off(TOO_MANY)
            return
        lines = self._selected()
        for act in ACTS:
            self.acts[act.name].set_off(fit(self._desk.jobs, act, lines).why_not)

    def ask(self, act: Act) -> None:
        """Start the act for one job, unless it is undone, where that needs no sheet; else after one."""
        if not self.acts[act.name].isEnabled():
            return
        found = fit(self._desk.jobs, act, self._selected())
        if found.why_not:
            return
        count = len(found.jobs)
        # Of one job, all its failed directories are retried.
        if not is_asked(
            act, found.jobs[0].failed if act is RETRY_FAILED and count == 1 else count, self._desk.environment
        ):
            self._start(act, found, "", {}, undo_seconds=self._desk.dead_letters.undo_seconds)
            return
        noun = "job" if count == 1 else "jobs"
        weighed = {line.id: weigh_retry(self._desk.store, line) for line in found.jobs} if act is RETRY_FAILED else {}
        hosts = {key: retried(self._desk.store, seen) for key, seen in weighed.items()}
        # What an X-ray lets nothing through of is not asked for.
        found = msgspec.structs.replace(found, jobs=tuple(line for line in found.jobs if hosts.get(line.id, True)))
        sheet = ConfirmSheet(
            ground_of(self),
            f"{_title(act)} {count:,} {noun} in {self._desk.environment.upper()}",
            ", ".join(line.business or line.id for line in found.jobs[:3]) + (" and others" if count > 3 else ""),
            f"{act.label.split()[0]} {count:,}",
            facts=_fates(weighed, hosts) if weighed else _facts(act, found),
            reason=True,
            typed=typed(count, self._desk.environment),
            foot=_pace(self._desk.many.pace) if weighed else "Written to the audit first",
            inside=FateList([_row(self._desk, weighed[key], hosts[key]) for key in weighed]) if weighed else None,
            width=720 if weighed else 560,
            beside=self._plan_button(weighed, hosts) if weighed else None,
        )
        sheet.hold("" if found.jobs else "Nothing here can be retried.")
        sheet.confirmed.connect(lambda reason: self._start(act, found, reason, hosts))

    def _plan_button(self, weighed: Mapping[str, XRay], hosts: Mapping[str, Sequence[str]]) -> ExportButton:
        exports, lines = self._desk.exports, of_retry(weighed.values(), hosts, business_of(self._desk.store))
        made = ExportButton(*PLAN)
        made.chosen.connect(lambda kind: export_plan(exports, "a retry", kind, lines))
        made.set_why(exports.why_not(len(lines), self._desk.role))
        return made

    def _start(
        self, act: Act, found: Fit, reason: str, hosts: Mapping[str, Sequence[str]], *, undo_seconds: float = 0.0
    ) -> None:
        self._desk.many.start(
            act, found.jobs, reason, lambda ended: self._tell(act, found, ended), hosts, undo_seconds=undo_seconds
        )

    def _tell(self, act: Act, found: Fit, ended: Ended) -> None:
        if not ended.tried:
            return  # it was undone
        parts = [f"{ended.done:,} of {len(found.jobs):,} done"]
        parts += [f"{ended.failed:,} failed"] if ended.failed else []
        parts += [f"{ended.unknown:,} not known yet"] if ended.unknown else []
        self._say_end(f"{act.label}: {', '.join(parts)}", "failed" if ended.failed or ended.unknown else "ok")


def _title(act: Act) -> str:
    return "Retry the failed directories of" if act is RETRY_FAILED else act.label


def _fates(weighed: Mapping[str, XRay], hosts: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """How many directories of all jobs have each fate."""

    def count(fate: Fate) -> int:
        return sum(seen.count(fate) for seen in weighed.values())

    return [
        ("send", f"{sum(map(len, hosts.values())):,} will be submitted again"),
        ("ok", f"{count('live'):,} already live"),
        ("unknown", f"{count('unknown'):,} outcome unknown"),
        ("running", f"{count('in_flight'):,} in flight"),
        ("blocked", f"{count('blocked'):,} left alone"),
    ]


def _row(desk: Desk, seen: XRay, hosts: Sequence[str]) -> FateRow:
    line = desk.store.jobs.get(seen.job_id)
    name = (line.business if line else "") or seen.job_id
    others = [(seen.count("live"), "live"), (seen.count("unknown"), "unknown"), (seen.count("in_flight"), "in flight"),
              (seen.count("blocked"), "left alone")]  # fmt: skip
    why = ", ".join(f"{count:,} {words}" for count, words in others if count)
    return (
        FateRow("send", f"{len(hosts):,} again", name, why) if hosts else FateRow("blocked", "Not retried", name, why)
    )


def _pace(pace: Options) -> str:
    ramp = ", ".join(str(step) for step in pace.ramp)
    rate = f"{pace.rate:g}/s" if pace.rate else "as fast as it goes"
    return f"Rate {rate}, first {ramp} jobs; stops above {100 * pace.worst:.0f} % failures. Written to the audit first"


def _facts(act: Act, found: Fit) -> list[tuple[str, str]]:
    if act is RESUME_JOB:
        facts = [("send", f"{sum(line.waiting for line in found.jobs):,} directories will be submitted")]
    else:
        facts = [("paused", f"{len(found.jobs):,} stop before their next directory")]
    left = sum(count for _, count in found.others)
    return [*facts, ("skipped", f"{left:,} left alone: {found.others[0][0]}")] if left else facts
