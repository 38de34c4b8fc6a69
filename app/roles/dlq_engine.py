"""The replay engine put together for a terminal: queues, journal, and the facts where a project is set."""

from __future__ import annotations

import asyncio
import getpass
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.actions.registry import Act, why_not
from app.replay.journal import Journal
from app.replay.letters import Letters
from app.replay.writer import Writer
from app.roles.here import keep_fresh
from app.store.store import Store
from app.sync.engine import Engine
from services.clients.sqs import SqsQueues
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.clients.supabase_replays import SupabaseReplays
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import NotPermitted, NotReachable
from services.settings import Settings

_FACTS_LIMIT: Final = 60.0
_TABLES: Final = ("customers", "jobs", "directory_submissions", "job_results", "queue_history")


@asynccontextmanager
async def engine(settings: Settings, act: Act) -> AsyncIterator[Letters]:
    """The engine on the queues and the journal of these settings, for `act`; what a crash has left is settled first.

    Where a project is set, its roles count here too, and its lease on the queue.

    Raises ConsoleError, and OSError or sqlite3.Error when the journal can't be opened.
    """
    journal = await asyncio.to_thread(Journal, settings.console_path / "replay.db")
    queues = SqsQueues(settings)
    try:
        await asyncio.to_thread(journal.settle_after_crash)
        if not settings.supabase_url:
            yield Letters(queues, journal, None, getpass.getuser())
            return
        session = await SupabaseSession.sign_in(
            settings.supabase_url, settings.publishable_key, settings.staff_email, settings.staff_password
        )
        try:
            if refusal := why_not(act, session.role):
                raise NotPermitted(refusal)
            token = await asyncio.to_thread(journal.token)
            shared = SupabaseReplays(session)
            writer = Writer(
                queues, shared, token=token, machine=platform.node(),
                unrecorded=settings.replay_unrecorded,
            )  # fmt: skip
            store = Store()
            async with _plain_errors(), asyncio.TaskGroup() as group:
                running = [
                    group.create_task(Engine(SupabaseReads(session), SupabaseFeed(session), store).run()),
                    group.create_task(_refresh(store)),
                    group.create_task(keep_fresh(session)),
                ]
                try:
                    await _loaded(store)
                    yield Letters(queues, journal, store, session.email, writer=writer, shared=shared)
                finally:
                    for task in running:
                        task.cancel()
        finally:
            await session.close()
    finally:
        queues.close()
        journal.close()


@asynccontextmanager
async def _plain_errors() -> AsyncIterator[None]:
    """A task group wraps what went wrong inside it; the caller waits for the error itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group


async def _loaded(store: Store) -> None:
    until = asyncio.get_running_loop().time() + _FACTS_LIMIT
    while not all(store.state(table).loaded for table in _TABLES):
        if asyncio.get_running_loop().time() > until:
            raise NotReachable("The project's jobs can't be read, so nothing is known of what a replay would do.")
        await asyncio.sleep(0.05)
    store.take_changed()


async def _refresh(store: Store) -> None:
    """What nobody takes is not worked out."""
    while True:
        store.take_changed()
        await asyncio.sleep(0.25)
