"""Case files: what is known here of a job, or of one of its directories, written to one file."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from app import tasks
from app.actions.case_remote import remote_runs
from app.actions.exports import Exports
from app.actions.operations import Operation
from app.actions.plan_files import plan_of_run
from app.actions.registry import ACTS
from app.actions.run_state import RunState
from app.store.lines import DirectoryLine, JobLine
from app.store.store import Store
from services.domain.case_file import (
    LARGEST_PICTURE,
    MOST_PICTURES,
    SUFFIX,
    Case,
    CaseDirectory,
    CaseRun,
    CaseStep,
    Moment,
    NoCase,
    pack,
    unpack,
)
from services.domain.errors import ConsoleError, Refused
from services.domain.event_words import event_face, event_note
from services.domain.paths import inside
from services.domain.statuses import job_status_word
from services.domain.typed import shown_payload
from services.ports.wishes import PictureStore

_LABELS: Final = {act.name: act.label for act in ACTS}
_NEWEST_RUNS: Final = 20
_MOST_BYTES: Final = 100 * 1024 * 1024
_PICTURE_SECONDS: Final = 5.0
_NOT_HAD: Final = "not in it: unreadable, or no room was left"


class CaseFiles:
    """`runs_of` gives the runs of a directory that are kept here, newest first; it blocks the thread."""

    def __init__(
        self,
        store: Store,
        exports: Exports,
        pictures: PictureStore,
        runs_of: Callable[[str, str], Iterable[RunState]],
        data_dir: Path,
        *,
        environment: str,
        actor: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._exports = exports
        self._pictures = pictures
        self._runs_of = runs_of
        self._data_dir = data_dir
        self._environment = environment
        self._actor = actor
        self._clock = clock

    def start(self, job_id: str, host: str = "") -> None:
        """`write` as a task of its own; nothing for a job that isn't known here."""
        job = self._store.jobs.get(job_id)
        if job is not None:
            tasks.spawn("case file", self.write(job, host))

    async def write(self, job: JobLine, host: str = "") -> Operation:
        """Write the case of a job, or of its directory `host` alone; how that ended, as an export does."""
        lines = [line for line in self._store.jobs.directories(job.id) if host in ("", line.host)]
        moments, decisions = self._history(job, host), self._decisions(job, host)
        facts = {
            "Package": f"{job.package_word}, {job.package_size}", "Customer": job.customer,
            "Directories": f"{job.done} of {job.total} done, {job.submitted} submitted, {job.failed} failed, "
            f"{job.unknown} unknown", "Diagnosis": job.diagnosis.words,
        }  # fmt: skip
        case = Case(
            job.business or job.id, job.id, job_status_word(job.status), self._environment, self._clock(), self._actor,
            {name: words for name, words in facts.items() if words}, moments, (), (), decisions,
        )  # fmt: skip
        older = () if self._store.jobs.holds_all_events(job.id) else ("Older events were not read yet.",)
        case = msgspec.structs.replace(case, left_out=older)
        shown = _Album()
        for line in lines:
            await self._add_remote(shown, line.screenshot_url)
        return await self._exports.write_made(
            "case", f"{job.business or job.id}{f', {host}' if host else ''}", SUFFIX,
            lambda: self._packed(case, lines, shown),
        )  # fmt: skip

    def _history(self, job: JobLine, host: str) -> tuple[Moment, ...]:
        return tuple(
            Moment(event.created_at, event_face(event)[1], event.directory_name, event.worker_id, event_note(event))
            for event in self._store.jobs.history(job.id)
            if host in ("", event.directory_name)
        )

    def _decisions(self, job: JobLine, host: str) -> tuple[Moment, ...]:
        found = []
        for action in self._store.rows("staff_actions").values():
            job_id, _, directory = action.target.partition("/")
            if job_id == job.id and (not host or not directory or directory == host):
                what = _LABELS.get(action.act, action.act)
                found.append(Moment(action.created_at, what, directory, f"{action.role} {action.actor}", action.reason))
        return tuple(sorted(found, key=lambda moment: moment.at or 0.0))

    async def _add_remote(self, shown: _Album, address: str) -> None:
        if address in shown.names or not shown.has_room() or not self._pictures.owns(address):
            return
        try:
            async with asyncio.timeout(_PICTURE_SECONDS):
                shown.add(address, await self._pictures.get(address))
        except (ConsoleError, TimeoutError):
            shown.miss(address, _NOT_HAD)

    def _packed(self, case: Case, lines: list[DirectoryLine], shown: _Album) -> bytes:
        runs = [state for line in lines for state in list(self._runs_of(case.job_id, line.host))]
        here, ids = runs[:_NEWEST_RUNS], {state.run_id for state in runs}
        directories = tuple(_directory(line, self._placed(shown, line.screenshot_url)) for line in lines)
        told = tuple(self._run(state, shown) for state in here)
        remote = remote_runs(lines, ids, self._data_dir / "artifacts", lambda where: self._placed(shown, where))
        left_out = [*case.left_out, *remote.left_out]
        if len(runs) > len(here):
            left_out.append("Older runs of this computer were left out: they would be too much.")
        left_out += [f"{_pictures(count)} {why}." for why, count in shown.missed.items()]
        if any(state.trace for state in here):
            left_out.append("Traces stay where they were made: they hold what was typed.")
        whole = msgspec.structs.replace(
            case, directories=directories, runs=(*told, *remote.runs), left_out=tuple(left_out)
        )
        try:
            return pack(whole, shown.pictures)
        except ValueError as error:
            raise OSError(f"the case is too large: {error}") from error

    def _run(self, state: RunState, shown: _Album) -> CaseRun:
        steps = tuple(
            CaseStep(
                line.words, line.detail, line.status, line.ms, line.error, self._placed(shown, line.picture)
            )
            for line in state.steps
        )  # fmt: skip
        held = [("held back", request) for request in state.blocked] + [("sent", request) for request in state.passed]
        requests: Any = tuple({"became": became, **msgspec.structs.asdict(request)} for became, request in held)
        return CaseRun(
            state.run_id, state.directory, state.dry, state.started_at, state.ended_at, state.browser, state.verdict,
            state.words, state.reasons, steps, self._placed(shown, state.picture), requests,
            tuple(msgspec.structs.asdict(said) for said in state.console),
            tuple(msgspec.structs.asdict(asked) for asked in state.network),
            plan=tuple((plan_of_run(state) or {"plan": ()})["plan"]),
        )  # fmt: skip

    def _placed(self, shown: _Album, where: str) -> str:
        """The name in the file of a picture that lies on this disk, or was read from the storage; "" for none."""
        if where in shown.names or not where:
            return shown.names.get(where, "")
        if where.lower().startswith(("http:", "https:")):
            return shown.miss(where, _NOT_HAD if self._pictures.owns(where) else "at other addresses, not fetched")
        file = inside(self._data_dir, where)
        if file is None:
            return shown.miss(where, "on a worker's own disk")
        try:
            data = file.read_bytes() if file.stat().st_size <= LARGEST_PICTURE else b""
        except OSError:
            data = b""
        return shown.add(where, data)


class _Album:
    """Pictures by their names in the file."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.pictures: dict[str, bytes] = {}
        self.missed: Counter[str] = Counter()
        """How many pictures are not in it, by where they are."""
        self._bytes = 0

    def has_room(self) -> bool:
        return len(self.pictures) < MOST_PICTURES and self._bytes < _MOST_BYTES

    def add(self, where: str, data: bytes) -> str:
        kind = "jpg" if data.startswith(b"\xff\xd8\xff") else "png" if data.startswith(b"\x89PNG\r\n\x1a\n") else ""
        if not kind or not self.has_room() or len(data) > LARGEST_PICTURE:
            return self.miss(where, _NOT_HAD)
        name = self.names[where] = f"pictures/{len(self.pictures) + 1:03}.{kind}"
        self.pictures[name] = data
        self._bytes += len(data)
        return name

    def miss(self, where: str, why: str) -> str:
        """Count one that can't be in it, once however often it is asked for."""
        if where not in self.names:
            self.names[where] = ""
            self.missed[why] += 1
        return ""


def _pictures(count: int) -> str:
    return "A picture is" if count == 1 else f"{count} pictures are"


def _directory(line: DirectoryLine, picture: str) -> CaseDirectory:
    tries = tuple(
        Moment(attempt.ended_at or attempt.started_at, attempt.outcome, line.host, attempt.worker_id, attempt.error)
        for attempt in line.attempts
    )
    result = line.result
    record: Mapping[str, Any] = (
        {"payload": shown_payload(result.payload), "response": result.response_log} if result is not None else {}
    )
    return CaseDirectory(
        line.host, line.outcome, line.words, line.error, line.url, line.listing_url, picture, tries, dict(record)
    )


def open_case(file: Path, shown: Callable[[Case, dict[str, bytes]], None], refused: Callable[[str], None]) -> None:
    """Read a file as a task: then call `shown` with what is in it, or `refused` with a sentence."""

    async def reading() -> None:
        try:
            case, pictures = await read_case(file)
        except ConsoleError as error:
            refused(str(error))
        else:
            shown(case, pictures)

    tasks.supersede("open a case", reading())


async def read_case(file: Path) -> tuple[Case, dict[str, bytes]]:
    """What is in a case file, pictures by name. Raises Refused with a sentence for what is none."""
    try:
        return await asyncio.to_thread(unpack, file)
    except NoCase as error:
        raise Refused(str(error)) from error
