"""A desk for pages: a real store and real acts, over queues and a database in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from app.actions.acknowledge import NeedActs
from app.actions.browser_fetch import BrowserActs
from app.actions.captchas import CaptchaActs
from app.actions.case_files import CaseFiles
from app.actions.database_acts import DatabaseActs
from app.actions.dead_letters import DeadLetterActs
from app.actions.decisions import Decisions
from app.actions.directories import DirectoryActs
from app.actions.exports import Exports
from app.actions.forms import FormActs
from app.actions.health import HealthActs
from app.actions.idle_lock import IdleLock
from app.actions.jobs import JobActs
from app.actions.kept_runs import KeptRuns
from app.actions.letter_batches import LetterBatches
from app.actions.letter_records import LetterRecords
from app.actions.many_jobs import ManyJobs
from app.actions.operations import Operations
from app.actions.pictures import Pictures
from app.actions.preferences import Preferences
from app.actions.run_batches import RunBatches, RunPace
from app.actions.run_state import RunState
from app.actions.runs import RunActs
from app.desk import Desk
from app.environments import Environments
from app.replay.journal import Journal
from app.replay.pace import Options
from app.store.link import TableState
from app.store.parts import Parts
from app.store.store import Store
from app.sync.older_events import OlderEvents
from services.domain.errors import NotPermitted, NotReachable
from services.domain.times import to_iso
from tests.fakes import runs
from tests.fakes.browsers import FakeBrowsers
from tests.fakes.captchas import FakePermissions, FakeShelf
from tests.fakes.health import FakePlanner, FakeProject
from tests.fakes.pictures import FakePictures
from tests.fakes.queues import FakeQueues
from tests.fakes.replays import FakeReplays
from tests.fakes.staff import FakeStaff


class DeskWorld:
    """`desk` for the page; `store`, `queues` and `staff` to change what it sees. The clock stands until it is moved."""

    def __init__(
        self,
        folder: Path,
        queues: FakeQueues,
        clock: Callable[[], float],
        role: str | None,
        *,
        environment: str = "local",
        undo_seconds: float = 1.0,
    ) -> None:
        self.store = Store(clock)
        self.queues = queues
        self.asked_older: list[str] = []
        self.older_may_come = asyncio.Event()
        self.older_fails = False
        self._clock = clock
        self.journal = Journal(folder / "replay.db")
        self._operations = Operations(folder / "operations.db")
        letters = DeadLetterActs(
            queues, self.journal, self._operations, actor="desk-1", role=role, undo_seconds=undo_seconds, clock=clock
        )
        self.staff = FakeStaff()
        database = DatabaseActs(self.staff, self._operations, self.store.jobs.wishes, actor="desk-1", clock=clock)
        jobs = JobActs(self.staff, database, role=role)
        batches = LetterBatches(
            queues, self.journal, letters, self._operations, self.store, actor="desk-1",
            pace=Options(rate=0, poll_seconds=0.01),
        )  # fmt: skip
        self.project, self.planner, self.parts = FakeProject(), FakePlanner(), Parts(clock)
        self.pictures, self.kept_runs = FakePictures(), KeptRuns(folder / "artifacts", 10**9)
        health = HealthActs(
            self.project, self.planner, queues, self.store, lambda: letters.look, self.parts, [],
            pictures=self.pictures, clock=clock,
        )  # fmt: skip
        self.shared = FakeReplays()
        self.decisions = Decisions(batches.many, self._operations, self.shared, actor="desk-1", again=0.01)
        records = LetterRecords(
            self.journal, batches.many, letters, self._operations, self.store, actor="desk-1",
            decisions=self.decisions,
        )  # fmt: skip
        self.browser_source = FakeBrowsers()
        self.browsers = BrowserActs(
            self.browser_source, self._operations, self.browser_source.find, actor="desk-1", role=lambda: jobs.role,
            why_no_window=lambda: self.browser_source.no_window,
        )  # fmt: skip
        self.permissions, self.shelf = FakePermissions(), FakeShelf()
        self.captchas = CaptchaActs(self.permissions, self.shelf, database, lambda: jobs.role)
        self.runner, self.claims = runs.FakeRunner(), runs.FakeClaims()
        self.passwords: list[str] = []
        self.kept_where = "In the keyring of this computer, without the password."
        self.lock = IdleLock(self._confirm, (jobs, letters), minutes=15)
        self.environments = Environments(folder / "environments.json")
        preferences = Preferences(
            self.environments, self.lock, current="", given=False, fixed="",
            kept_where=lambda: self.kept_where,
        )  # fmt: skip
        exports = Exports(folder / "exports", self._operations, actor="desk-1", clock=clock)
        self.cases = CaseFiles(
            self.store, exports, self.pictures, self.kept_runs.all_of, folder, environment=environment, actor="desk-1",
            clock=clock,
        )  # fmt: skip
        self.desk = Desk(
            environment, "desk-1@directory-bolt.example", folder, self.store, self._operations,
            jobs, letters, batches, records, cast("RunActs", SimpleNamespace(kept=self.kept_runs, state=RunState())),
            OlderEvents(self._load_older, self.store.jobs.holds_all_events),
            OlderEvents(self._load_older, lambda _: self.store.jobs.history_from is None, task="older activity"),
            health,
            ManyJobs(jobs, self._operations, self.store, actor="desk-1", pace=Options(rate=0, ramp=())),
            RunBatches(
                runs.FakePlanner(), self.runner, self.claims, self._operations, self.store,
                kept=KeptRuns(folder / "artifacts", 10**8), actor="desk-1", role=lambda: jobs.role,
                pace=RunPace(rate=0, site_seconds=0),
            ),
            DirectoryActs(self.staff, database, self.store, lambda: jobs.role),
            FormActs(self.staff, database, self.store, lambda: jobs.role),
            NeedActs(self.staff, database, lambda: jobs.role),
            exports,
            self.lock,
            preferences,
            self.browsers,
            Pictures(self.pictures),
            self.cases,
            self.captchas,
        )  # fmt: skip

    async def _confirm(self, password: str) -> None:
        self.passwords.append(password)
        if password != "right":
            raise NotPermitted("The sign-in was refused.", settings={"STAFF_PASSWORD": "Not this one."})

    async def _load_older(self, job_id: str) -> None:
        self.asked_older.append(job_id)
        await self.older_may_come.wait()
        if self.older_fails:
            raise NotReachable("The database does not answer.")
        self.store.jobs.mark_whole(job_id)

    def loaded(self, *tables: str) -> None:
        """Say that these tables were read, and that the link is live."""
        for table in tables:
            self.store.set_state(table, TableState(as_of=self._clock()))
        self.store.set_link("live")

    def job(self, job_id: str, business: str, status: str, *, age: float = 60.0, **more: Any) -> None:
        """A job with its customer, made `age` seconds ago."""
        self.store.put("customers", {"id": f"c-{job_id}", "business_name": business})
        row = {"id": job_id, "customer_id": f"c-{job_id}", "status": status, "package_size": 3}
        self.store.put("jobs", {**row, "created_at": to_iso(self._clock() - age), **more})

    def event(self, number: int, job_id: str, kind: str, host: str = "", *, ago: float = 0.0, **details: Any) -> None:
        """A row of the audit trail."""
        row = {"id": str(number), "job_id": job_id, "event": kind, "directory_name": host or None, "details": details}
        self.store.put("queue_history", {**row, "created_at": to_iso(self._clock() - ago)})

    def close(self) -> None:
        """Close the files."""
        self.journal.close()
        self._operations.close()
