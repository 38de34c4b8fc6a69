"""The console put together: the one place where real clients meet the app."""

from __future__ import annotations

import asyncio
import logging
import platform
import sqlite3
from collections.abc import Iterator
from typing import Final, Protocol

from app import tasks
from app.actions.acknowledge import NeedActs
from app.actions.asking_runner import AskingRunner
from app.actions.browser_fetch import BrowserActs
from app.actions.captchas import CaptchaActs
from app.actions.case_files import CaseFiles
from app.actions.colleagues import holder
from app.actions.database_acts import DatabaseActs
from app.actions.dead_letters import DeadLetterActs
from app.actions.decisions import Decisions
from app.actions.directories import DirectoryActs
from app.actions.exports import Exports
from app.actions.forms import FormActs
from app.actions.health import HealthActs, LocalBrowser, start_check
from app.actions.idle_lock import IdleLock
from app.actions.jobs import JobActs
from app.actions.kept_runs import KeptRuns
from app.actions.known_password import KnownPassword
from app.actions.letter_batches import LetterBatches
from app.actions.letter_records import LetterRecords
from app.actions.letter_watch import follow_dead_letters
from app.actions.many_jobs import ManyJobs
from app.actions.operations import Operations
from app.actions.pictures import Pictures
from app.actions.preferences import Preferences, lock_minutes
from app.actions.registry import NOT_YET, READ_ONLY
from app.actions.run_batches import RunBatches
from app.actions.runs import RunActs
from app.desk import Desk
from app.environments import Environments
from app.local_stack import LocalStack
from app.models.pump import Pump
from app.premises import BrowserFinder, Premises, browser
from app.replay.journal import Journal
from app.replay.writer import Writer
from app.store.parts import Parts
from app.store.store import Store
from app.sync.engine import Engine
from app.sync.last_state import LastState
from app.sync.older_events import OlderEvents
from app.sync.state_file import Unusable
from services.clients.brain import BrainClient
from services.clients.browser_source import BrowserFetch
from services.clients.captcha_keyring import CaptchaKeyring
from services.clients.session_keyring import SessionKeyring
from services.clients.sqs import SqsQueues
from services.clients.submission_process import SubmissionProcess
from services.clients.supabase_acts import SupabaseActs
from services.clients.supabase_captchas import SupabaseCaptchas
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_pictures import SupabasePictures
from services.clients.supabase_project import SupabaseProject
from services.clients.supabase_reads import SupabaseReads
from services.clients.supabase_replays import SupabaseReplays
from services.clients.supabase_session import SupabaseSession
from services.clients.supabase_sign_in import not_staff
from services.clients.trace_viewer import TraceViewer
from services.domain.environments import wrong_key
from services.domain.errors import ConsoleError, NotReachable, Refused, SignedOut
from services.domain.people import LOCAL_PEOPLE, LocalPerson
from services.settings import Settings, missing, read_settings, shown
from services.submission.viewer import viewer_folder

_log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.5


class Screen(Protocol):
    """What the console needs of the window."""

    def show_part(self, name: str, state: str, why: str) -> None:
        """Tell how far a part of the local stack is."""
        ...

    def show_desk(self, desk: Desk, pump: Pump) -> Iterator[None]:
        """Make the pages, a slice of the work for each turn, and show them."""
        ...


class Console:
    """One sign-in to one project, with everything that goes on behind the window.

    `open` once, then `close` once, also after an `open` that failed. `read_only`: every act is off, whoever signs in.
    `environments`: the list that the person chose `current` from; `typed`: which settings come from there.
    `person`: who signs in to the local stack, "" for whom its settings name.
    """

    def __init__(
        self,
        settings: Settings,
        screen: Screen,
        premises: Premises,
        environments: Environments,
        *,
        current: str = "",
        typed: frozenset[str] = frozenset(),
        person: str = "",
        read_only: bool = False,
    ) -> None:
        self._settings = settings
        self._premises = premises
        self._environments = environments
        self._current = current
        self._typed = typed
        self._person = person
        self._read_only = read_only
        self._parts = Parts()
        self._of_stack: dict[str, str] = {}
        self._screen = screen
        self._session: SupabaseSession | None = None
        self._queues: SqsQueues | None = None
        self._brain: BrainClient | None = None
        self._runner: SubmissionProcess | None = None
        self._operations: Operations | None = None
        self._journal: Journal | None = None
        self._pump: Pump | None = None
        self._traces = TraceViewer(viewer_folder)
        self._last: LastState | None = None
        self._store: Store | None = None
        self.outdated = asyncio.Event()
        """Set when only a new console can go on: the project is at another address, or the sign-in is over."""
        self.over: SignedOut | None = None
        """Why the sign-in is over, once it is."""

    async def open(self) -> Desk:
        """Start what is needed, sign in, show the pages. Raises ConsoleError."""
        await self._premises.hold(self._settings.data_path)
        if self._settings.supabase_url:
            await self._premises.leave_local_stack()
            return await self._sign_in(self._settings, keep=True)
        stack = self._premises.local_stack(self._settings)
        self._of_stack = await stack.settings(self._show_part)
        if self._person:
            self._of_stack = {**self._of_stack, "STAFF_EMAIL": self._person}
        desk = await self._sign_in(read_settings(self._of_stack), people=LOCAL_PEOPLE)
        tasks.spawn("local stack", self._keep(stack))
        return desk

    async def close(self, *, sign_out: bool = False) -> bool:
        """End what `open` started, in the reverse order of what depends on what; the premises stay as they are.

        `sign_out`: end the session for good, with all that this computer keeps of it; False when the project could
        not be told.
        """
        told = True
        if self._pump is not None:
            self._pump.stop()
        late = await tasks.shutdown()
        if late:
            _log.warning("tasks that did not end: %s", ", ".join(late))
        if self._last is not None and sign_out:
            await asyncio.to_thread(self._last.forget)
        if self._last is not None and self._store is not None:
            await self._last.finish(self._store)
        if self._session is not None and sign_out:
            told = await self._session.sign_out()
        if self._runner is not None:
            await asyncio.to_thread(self._runner.close)
        await asyncio.to_thread(self._traces.close)
        for closing in (self._brain, self._session):
            if closing is not None:
                await _close(closing)
        if self._queues is not None:
            self._queues.close()
        # In threads, as all that touches the disk: a slow one must not hold the window.
        for records in (self._operations, self._journal):
            if records is not None:
                await asyncio.to_thread(records.close)
        return told

    def _show_part(self, name: str, state: str, why: str) -> None:
        self._parts.note(name, state, why)
        self._screen.show_part(name, state, why)

    async def _keep(self, stack: LocalStack) -> None:
        await stack.keep()
        self.outdated.set()

    async def _sign_in(self, settings: Settings, *, people: tuple[LocalPerson, ...] = (), keep: bool = False) -> Desk:
        """The pages of a project. `keep`: what it last confirmed is kept, and shown when it does not answer."""
        unset = missing(settings)
        if keep and list(unset) == ["STAFF_PASSWORD"]:
            # The keyring may hold an earlier sign-in; where it doesn't, the sign-in says so.
            unset = {}
        if unset:
            raise Refused("Settings are missing.", settings=unset)
        if wrong := wrong_key(settings.publishable_key, local=settings.where == "local"):
            raise Refused("The key can't be used.", settings={"SUPABASE_ANON_KEY": wrong})
        data_dir, own = settings.data_path, settings.console_path
        store = Store()
        last = None
        if keep:
            last = LastState(data_dir / "console" / "last_state", settings.supabase_url, settings.staff_email)
        session = self._session = await self._session_of(settings, last, store)
        if session.signed_in and session.role is None:
            email = session.email
            await session.sign_out()
            if last is not None:
                await asyncio.to_thread(last.forget)
            raise not_staff(email)
        self._last, self._store = last, store
        reads = SupabaseReads(session)
        acts = SupabaseActs(session)
        pictures = SupabasePictures(session)
        queues = self._queues = SqsQueues(settings)
        # In a thread: it reads every certificate that this machine trusts, which takes longer than a frame.
        brain = self._brain = await asyncio.to_thread(BrainClient, settings.brain_base)
        children = self._runner = SubmissionProcess(browser(self._settings, settings.practice_url))
        try:
            operations = self._operations = await asyncio.to_thread(Operations, own / "operations.db")
            journal = self._journal = await asyncio.to_thread(Journal, own / "replay.db")
        except (OSError, sqlite3.Error) as error:
            raise Refused(
                "The console's own records can't be opened.",
                hint=f"Is the disk full, or {own} closed to this account?",
                raw=str(error),
            ) from error
        who, role = session.email, session.role if session.signed_in else NOT_YET
        if self._read_only:
            role = READ_ONLY
        database = DatabaseActs(
            reads, operations, store.jobs.wishes, actor=who, may_look=lambda: session.role is not None
        )
        jobs = JobActs(acts, database, role=role)
        captchas = CaptchaActs(
            SupabaseCaptchas(session), CaptchaKeyring(settings.supabase_url), database, lambda: jobs.role,
            given=self._settings.two_captcha_key,
        )  # fmt: skip
        runner = AskingRunner(children, captchas.terms)
        token = await asyncio.to_thread(journal.token)
        writer = Writer(
            queues, SupabaseReplays(session), token=token, machine=platform.node(),
            unrecorded=settings.replay_unrecorded,
        )  # fmt: skip
        letters = DeadLetterActs(
            queues, journal, operations, actor=who, role=role, writer=writer, held_by=holder(store, token)
        )
        batches = LetterBatches(queues, journal, letters, operations, store, actor=who)
        decisions = Decisions(batches.many, operations, SupabaseReplays(session), actor=who)
        records = LetterRecords(journal, batches.many, letters, operations, store, actor=who, decisions=decisions)
        most = settings.artifacts_mb * 1_000_000
        kept = KeptRuns(data_dir / "artifacts", most, viewer=self._traces, store=pictures)
        runs = RunActs(
            brain, runner, acts, operations, store.jobs.wishes, kept=kept, actor=who, role=role,
        )  # fmt: skip
        run_batches = RunBatches(
            brain, runner, acts, operations, store, kept=runs.kept, actor=who, role=lambda: runs.role
        )
        find = BrowserFinder(self._settings)
        browsers = BrowserActs(
            BrowserFetch(browser(self._settings)), operations, find.without_window, actor=who, role=lambda: runs.role,
            why_no_window=find.why_no_window,
        )  # fmt: skip
        # Before anybody can press anything: what these find open was left by an earlier start.
        await letters.settle()
        await batches.settle()
        await records.settle()
        await runs.settle()
        await run_batches.settle()
        await browsers.settle()
        exports = Exports(data_dir / "exports", operations, actor=who)
        await exports.settle()
        cases = CaseFiles(store, exports, pictures, kept.all_of, data_dir, environment=settings.where, actor=who)
        engine = Engine(reads, SupabaseFeed(session), store)
        health = HealthActs(
            SupabaseProject(session), brain, queues, store, lambda: letters.look, self._parts,
            shown(self._settings, self._of_stack, self._typed), pictures=pictures, read_only=self._read_only,
            browser=lambda: LocalBrowser(
                browsers.found(), find.sandbox(), find.in_window(), browsers.no_window
            ),
        )  # fmt: skip
        many = ManyJobs(jobs, operations, store, actor=who)
        older = OlderEvents(engine.load_job, store.jobs.holds_all_events)
        older_of_all = OlderEvents(
            lambda _: engine.load_older(), lambda _: store.jobs.history_from is None, task="older activity"
        )
        minutes, fixed = lock_minutes(settings.where, self._settings.idle_lock_minutes, self._environments.idle_minutes)

        def shut(locked: bool) -> None:
            tasks.spawn("keep the sign-in", session.keep_for_later(not locked))

        known = KnownPassword()
        if keep and session.signed_in and settings.staff_password:
            tasks.spawn("know the password", known.learn(settings.staff_password))
        lock = IdleLock(
            session.confirm, (jobs, letters, runs), minutes=minutes, shut=shut, busy=lambda: bool(operations.open()),
            known=known,
        )  # fmt: skip
        preferences = Preferences(
            self._environments, lock, current=self._current,
            given=bool(self._settings.supabase_url) and not self._current,
            fixed=fixed, kept_where=lambda: session.kept_where,
        )  # fmt: skip
        desk = Desk(
            settings.where, who, data_dir, store, operations, jobs, letters, batches, records, runs, older,
            older_of_all, health, many, run_batches, DirectoryActs(acts, database, store, lambda: jobs.role),
            FormActs(acts, database, store, lambda: jobs.role),
            NeedActs(acts, database, lambda: jobs.role), exports, lock, preferences, browsers,
            Pictures(pictures), cases, captchas, people,
        )  # fmt: skip
        pump = self._pump = Pump(store)
        for _ in self._screen.show_desk(desk, pump):
            await asyncio.sleep(0)
        pump.start()
        tasks.spawn("session", self._keep_signed_in(session))
        tasks.spawn("sync", engine.run())
        if last is not None:
            tasks.spawn("last state", last.follow(store))
        if not self._read_only:
            tasks.spawn("role", _follow_role(session, desk))
            tasks.spawn("decisions", decisions.keep_telling())
        tasks.spawn("captchas", captchas.follow())
        start_check(health)
        tasks.supersede("settle acts", database.settle())
        many.settle()
        if settings.dlq_url:
            tasks.spawn("dead letters", follow_dead_letters(letters, store))
        return desk

    async def _session_of(self, settings: Settings, last: LastState | None, store: Store) -> SupabaseSession:
        """A sign-in; where the project doesn't answer, one for later over what was last known."""
        who = (settings.supabase_url, settings.publishable_key, settings.staff_email, settings.staff_password)
        keyring = None
        if last is not None:
            keyring = SessionKeyring(settings.supabase_url, settings.staff_email, settings.data_path)
        password = settings.staff_password
        try:
            session = self._session = await SupabaseSession.sign_in(*who, keyring=keyring)
        except NotReachable as error:
            if last is None or keyring is None:
                raise
            last.keep_for(password, await keyring.word())
            try:
                kept = await last.read()
            except Unusable as why:
                error.hint = f"{error.hint} {why}"
                raise error from None
            store.set_link("offline", str(error))
            await last.fill(store, kept)
            return await SupabaseSession.later(*who, keyring=keyring)
        except SignedOut:
            if last is not None:
                await asyncio.to_thread(last.forget)
            raise
        if last is not None and keyring is not None:
            last.keep_for(password, await keyring.word(make=True))
        return session

    async def _keep_signed_in(self, session: SupabaseSession) -> None:
        """Sign in where that is still to be done, then keep it so; what is kept on the disk ends with the sign-in."""
        try:
            while not session.signed_in:
                try:
                    await session.token()
                except NotReachable:
                    await asyncio.sleep(FIRST_PAUSE)
                except ConsoleError:
                    # Only a new console can tell what is wrong, and what to mend.
                    self.outdated.set()
                    return
            await session.keep_fresh()
        except SignedOut as error:
            if self._last is not None:
                await asyncio.to_thread(self._last.forget)
            self.over = error
            self.outdated.set()


class _Closes(Protocol):
    async def close(self) -> None: ...


async def _close(closing: _Closes) -> None:
    try:
        await closing.close()
    except Exception:
        # One that can't close must not keep the others open.
        _log.exception("%s did not close well", type(closing).__name__)


async def _follow_role(session: SupabaseSession, desk: Desk) -> None:
    """Let the person act once the project has answered and what they look at was read from it, and no longer than the
    role lasts: each renewal of the sign-in says what they are by now."""
    while True:
        await asyncio.sleep(FIRST_PAUSE)
        if session.signed_in and not desk.store.kept:
            desk.lock.set_role(session.role)
