"""The last known state: what the console confirmed, kept for a start at which the server does not answer."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from app.store.lines import ENDED
from app.store.link import TableState
from app.store.store import Store
from app.sync.state_file import MOST_BYTES, Head, Rows, StateWriter, Unusable, parts, read_state
from services.domain.passwords import hash_password, verify_password

_log = logging.getLogger(__name__)

MOST_DAYS: Final = 7.0
"""What is older says nothing of today."""
FIRST: Final = 20.0
EVERY: Final = 300.0
_DAY: Final = 86400.0
_BUDGET: Final = 0.004
_GROUP: Final = 100
_SHARED: Final = ("id", "job_id", "customer_id", "status", "package_type", "directory_url", "directory_name", "event")
_OF_JOBS: Final = ("directory_submissions", "job_results", "outbox")
_WHOLE: Final = ("directories", "worker_heartbeats", "staff_actions", "queue_history")
_LEFT_OUT: Final = {"not here": "It is shown again once the project answers."}


class Kept(NamedTuple):
    """What a file had."""

    head: Head
    rows: list[Rows]


class LastState:
    """One file for each project and person, in `folder`; nobody is shown another's.

    To name somebody is not to be them: it is kept under what proved who signed in, and opens to that only.
    Reading, writing and packing happen in a thread, with a pause between small parts: the window goes on.
    """

    def __init__(
        self,
        folder: Path,
        project: str,
        person: str,
        *,
        clock: Callable[[], float] = time.time,
        most: int = MOST_BYTES,
        pause: float = 0.002,
    ) -> None:
        self._project = project.rstrip("/")
        self._person = person.strip().lower()
        self._folder = folder
        name = hashlib.sha256(f"{self._project}\n{self._person}".encode()).hexdigest()[:32]
        self._file = folder / f"{name}.state"
        self._clock = clock
        self._most = most
        self._pause = pause
        self._unwritten = False
        self._over = False
        self._proofs: tuple[str, ...] = ()
        self._locks: tuple[str, ...] = ()
        self._stop = threading.Event()
        self._writing = threading.Lock()
        self._calm = threading.Event()
        self._worked_since = 0.0

    def keep_for(self, *proofs: str) -> None:
        """Who signed in has proved it by one of these: a password, a word that only their keyring has. "" is none."""
        self._proofs, self._locks = tuple(filter(None, proofs)), ()

    async def read(self) -> Kept:
        """What was kept of this project and person, by what `keep_for` was told.

        Raises Unusable, whose text says why there is nothing.
        """
        return await asyncio.to_thread(self._read)

    async def fill(self, store: Store, kept: Kept) -> None:
        """Lay what was kept into an empty store, a little at a time, marked as not confirmed."""
        # All of this stays: a walk of the collector through it would take longer than a frame.
        gc.disable()
        try:
            until = time.perf_counter() + _BUDGET
            for table, records in kept.rows:
                store.keep(table, records)
                if time.perf_counter() >= until:
                    await asyncio.sleep(0)
                    until = time.perf_counter() + _BUDGET
        finally:
            gc.enable()
        gc.freeze()
        store.jobs.history_from = kept.head.history_from
        for table, as_of in kept.head.as_of.items():
            whole = table != "queue_history" or kept.head.history_from is None
            store.set_state(table, TableState(as_of, complete=whole and not kept.head.cut, kept=True))

    async def follow(self, store: Store, *, first: float = FIRST, every: float = EVERY) -> None:
        """Write every few minutes while the console is live, until cancelled."""
        wait = first
        while True:
            await asyncio.sleep(wait)
            if store.link.live:
                self._unwritten = True
                await self.write(store)
                wait = every

    async def write(self, store: Store, *, within: float | None = None) -> bool:
        """Write what is confirmed now; False when that can't be done, or not `within` so many seconds."""
        if self._over or not self._proofs:
            return False
        until = None if within is None else time.monotonic() + within
        stop = self._stop = threading.Event()
        try:
            await asyncio.to_thread(self._write, store, until, stop)
        except asyncio.CancelledError:
            stop.set()
            raise
        except _Stopped:
            return False
        except Exception as error:
            # A full disk, or a value that no file of this kind can hold: it is a convenience, and must end nothing.
            _log.warning("the last known state could not be written: %s", error)
            return False
        self._unwritten = False
        return True

    async def finish(self, store: Store, *, within: float = 3.0) -> None:
        """The console closes: keep what it last confirmed."""
        if self._unwritten or store.link.live:
            await self.write(store, within=within)

    def forget(self) -> None:
        """The sign-in has ended: nothing of it stays on the disk, and nothing more is written."""
        self._over = True
        self._stop.set()
        for file in (self._file, self._file.with_suffix(".part")):
            with suppress(OSError):
                file.unlink(missing_ok=True)

    def _read(self) -> Kept:
        self._drop_old()
        try:
            head, rows = read_state(self._file, self._breathe)
        except FileNotFoundError:
            raise Unusable("Nothing is kept from before.") from None
        except OSError as error:
            raise Unusable(f"The file of the last known state can't be read: {error.strerror}.") from error
        if (head.project, head.person) != (self._project, self._person):
            raise Unusable("The last known state is somebody else's.")
        # Only what opens it may lock it again: a wrong password beside a right word is no proof of anything.
        self._proofs = tuple(p for p in self._proofs if any(verify_password(p, lock) for lock in head.locks))
        if not self._proofs:
            raise Unusable("What was last known is shown to nobody who has not signed in.")
        if self._clock() - head.written_at > MOST_DAYS * _DAY:
            raise Unusable(f"The last known state is older than {MOST_DAYS:.0f} days.")
        for _, records in rows:
            for record in records:
                _share(record)
            self._breathe()
        return Kept(head, rows)

    def _breathe(self) -> None:
        """Let the window have its turn, after each few milliseconds of work."""
        if time.perf_counter() - self._worked_since >= _BUDGET:
            self._calm.wait(self._pause)
            self._worked_since = time.perf_counter()

    def _drop_old(self) -> None:
        """Files of anybody that are too old to be shown, and what a killed program left half written."""
        for file in (*self._folder.glob("*.state"), *self._folder.glob("*.part")):
            with suppress(OSError):
                if file.suffix == ".part" or self._clock() - file.stat().st_mtime > MOST_DAYS * _DAY:
                    file.unlink()

    def _write(self, store: Store, until: float | None, stop: threading.Event) -> None:
        # One that was cancelled may still be at its last step.
        with self._writing:
            self._write_alone(store, until, stop)

    def _write_alone(self, store: Store, until: float | None, stop: threading.Event) -> None:
        as_of = {table: at for table in store.tables() if (at := _confirmed(store, table)) is not None}
        if "jobs" not in as_of:
            return
        if not self._locks:
            self._locks = tuple(hash_password(proof) for proof in self._proofs)
        history_from = store.jobs.history_from
        # Each of these copies is one step that no other thread gets in between.
        rows = {table: list(store.rows(table).values()) for table in as_of}
        writer = StateWriter(self._file, self._most)
        try:
            cut = False
            for table, part in _in_order(rows):
                if stop.is_set() or (until is not None and time.monotonic() > until):
                    raise _Stopped("it was given up")
                if not writer.add(table, part):
                    cut = True
                    break
                if until is None:
                    self._breathe()
            writer.finish(Head(self._project, self._person, self._clock(), as_of, cut, history_from, self._locks))
        finally:
            writer.drop()
        if self._over:
            self.forget()


class _Stopped(Exception):
    """The writing was given up."""


def _confirmed(store: Store, table: str) -> float | None:
    """The instant for which a table is known to be true; None for one that was never read by this console."""
    state = store.state(table)
    return None if state.kept else store.true_at(table)


def _in_order(rows: dict[str, list[Any]]) -> Iterator[Rows]:
    """Parts of what is to be kept, the most wanted first, each job with all that belongs to it.

    Where the end has to be left out, the jobs that are left have all their rows: half a job would be counted wrong.
    """
    for table in _WHOLE:
        for part in parts(rows.get(table, ())):
            yield table, part
    of_job: dict[str, dict[str, list[Any]]] = {table: defaultdict(list) for table in _OF_JOBS}
    for table in _OF_JOBS:
        for row in rows.get(table, ()):
            of_job[table][row.job_id].append(row)
    customers = {row.id: row for row in rows.get("customers", ())}
    for jobs in parts(_newest_first(rows["jobs"]), _GROUP):
        for table in _OF_JOBS:
            found = [row for job in jobs for row in of_job[table].pop(job.id, ())]
            for part in parts(map(_lean, found) if table == "job_results" else found):
                yield table, part
        theirs = [customers.pop(job.customer_id) for job in jobs if job.customer_id in customers]
        if theirs:
            yield "customers", theirs
        yield "jobs", jobs


def _newest_first(jobs: Iterable[Any]) -> Iterator[Any]:
    """Open jobs, then the others from day to day. Not by sorting them all: that would stop every other thread."""
    days: dict[float, list[Any]] = defaultdict(list)
    for job in jobs:
        if job.status in ENDED:
            days[(job.updated_at or job.created_at or 0.0) // _DAY].append(job)
        else:
            yield job
    for day in sorted(days, reverse=True):
        yield from days[day]


def _lean(result: Any) -> Any:
    """A result without what was sent: it is large, and nobody needs it before the project answers."""
    return result.with_payload(_LEFT_OUT if result.payload else {})


def _share(record: Any) -> None:
    """Hold texts that many rows have once, as the rows that are read do."""
    for name in _SHARED:
        value = getattr(record, name, "")
        if value:
            msgspec.structs.force_setattr(record, name, sys.intern(value))
