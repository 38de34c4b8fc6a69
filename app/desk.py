"""What a page may use: facts to show, acts to call, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.actions.acknowledge import NeedActs
from app.actions.browser_fetch import BrowserActs
from app.actions.captchas import CaptchaActs
from app.actions.case_files import CaseFiles
from app.actions.dead_letters import DeadLetterActs
from app.actions.directories import DirectoryActs
from app.actions.exports import Exports
from app.actions.forms import FormActs
from app.actions.health import HealthActs
from app.actions.idle_lock import IdleLock
from app.actions.jobs import JobActs
from app.actions.letter_batches import LetterBatches
from app.actions.letter_records import LetterRecords
from app.actions.many_jobs import ManyJobs
from app.actions.operations import Operations
from app.actions.pictures import Pictures
from app.actions.preferences import Preferences
from app.actions.run_batches import RunBatches
from app.actions.runs import RunActs
from app.store.store import Store
from app.sync.older_events import OlderEvents
from services.domain.people import LocalPerson


@dataclass(frozen=True)
class Desk:
    """Handed to every page by `app.console`.

    `data_dir`: pictures are shown only from below it.
    """

    environment: str
    who: str
    data_dir: Path
    store: Store
    operations: Operations
    jobs: JobActs
    dead_letters: DeadLetterActs
    batches: LetterBatches
    records: LetterRecords
    runs: RunActs
    older_events: OlderEvents
    older_activity: OlderEvents
    health: HealthActs
    many: ManyJobs
    run_batches: RunBatches
    directories: DirectoryActs
    forms: FormActs
    needs: NeedActs
    exports: Exports
    lock: IdleLock
    preferences: Preferences
    browsers: BrowserActs
    pictures: Pictures
    cases: CaseFiles
    captchas: CaptchaActs
    people: tuple[LocalPerson, ...] = ()
    """Who one may sign in as without a password: the staff of the local stack."""

    @property
    def role(self) -> str | None:
        """What the person is; None for somebody who isn't staff, NOT_YET while the project hasn't answered."""
        return self.jobs.role
