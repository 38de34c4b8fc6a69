"""A start without the server shows what was last known, and the first real read takes its place."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb
from PySide6.QtWidgets import QApplication

from app.actions.registry import NOT_YET, PAUSE_JOB
from app.desk import Desk
from app.sync.state_file import _blocks
from services.domain.errors import NotPermitted, NotReachable
from services.local.postgres import Postgres
from services.settings import read_settings
from tests.contract.clients.test_sitting import Screen, right, shows
from tests.contract.gateway.running import KEY, PASSWORD, add_job, gateway, until
from tests.fakes.alone import Alone
from tests.fakes.keyrings import InMemory, Locked, in_use
from tests.fakes.relay import Relay, relay
from tests.leaks.logs import Logged

pytestmark = pytest.mark.stack


def console(between: Relay, home: Path, **more: str) -> Alone:
    return Alone(read_settings({**right(between.url, home), "STAFF_PASSWORD": PASSWORD, **more}), Screen())


def jobs_of(desk: Desk) -> set[str]:
    desk.store.take_changed()  # as the window does each frame
    return set(desk.store.jobs.lines)


def kept_files(home: Path) -> list[Path]:
    return list((home / "console" / "last_state").glob("*"))


@asynccontextmanager
async def project(server: Postgres) -> AsyncIterator[Relay]:
    async with gateway(server) as running, relay("127.0.0.1", int(running.url.rpartition(":")[2])) as between:
        yield between


async def leave_something(between: Relay, home: Path, *jobs: str) -> None:
    """A console that was live, and closed."""
    first = console(between, home)
    desk = await first.open()
    await until(lambda: desk.store.link.live)
    for job in jobs:
        await until(functools.partial(shows, desk, job))
    await first.close()
    assert len(kept_files(home)) == 1


def test_as_of_when_it_was_known_then_the_truth(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, qt_app: QApplication
) -> None:
    async def suite() -> None:
        async with asyncio.timeout(90), project(server) as between:
            stays, goes = add_job(owner), add_job(owner, name="Gone Meanwhile")
            owner.execute("insert into queue_history (job_id, event) values (%s, 'flow_started')", (stays,))
            await leave_something(between, tmp_path, stays, goes)
            between.refuses = True
            between.hang_up()
            second = console(between, tmp_path)
            desk = await second.open()
            assert {stays, goes} <= jobs_of(desk)
            store = desk.store
            line = store.jobs.lines[stays]
            assert (line.business, line.last_event) == ("Harbor Bakery", "flow_started")
            assert (store.kept, store.stale("jobs"), store.state("queue_history").kept) == (True, True, True)
            assert (store.link.phase, desk.role) == ("offline", NOT_YET)
            assert "last known" in desk.jobs.why_not(PAUSE_JOB, line)
            owner.execute("delete from jobs where id = %s", (goes,))
            comes = add_job(owner, name="New Meanwhile")
            between.refuses = False
            await until(lambda: store.link.live)
            await until(lambda: jobs_of(desk) == {stays, comes})
            assert not [table for table in store.tables() if store.state(table).kept]
            await until(lambda: desk.role == "operator")
            assert desk.jobs.why_not(PAUSE_JOB, store.jobs.lines[stays]) == ""
            # Somebody takes the role away: the next renewal says so.
            session, change = second._session, "update auth.users set app_metadata = %s where email = %s"
            assert session is not None
            try:
                owner.execute(change, (Jsonb({"role": "viewer"}), session.email))
                await session.renew(session.access_token)
                await until(lambda: desk.role == "viewer")
            finally:
                owner.execute(change, (Jsonb({"role": "operator"}), session.email))
            await second.close()

    asyncio.run(suite())


def test_nothing_secret_is_on_the_disk(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, qt_app: QApplication
) -> None:
    async def suite() -> None:
        async with asyncio.timeout(60), project(server) as between:
            job = add_job(owner)
            first = console(between, tmp_path)
            desk = await first.open()
            await until(functools.partial(shows, desk, job))
            await until(lambda: desk.store.link.live)
            session = first._session
            assert session is not None
            assert session._session is not None
            secrets = [PASSWORD, KEY, session.access_token, session._session.refresh_token]
            await first.close()
            (file,) = kept_files(tmp_path)
            inside = b"".join(itertools.chain.from_iterable(_blocks(file.read_bytes())))
            assert b"Harbor Bakery" in inside
            assert not [secret for secret in secrets if secret.encode() in inside]

    asyncio.run(suite())


def test_another_person_and_a_refused_one_see_nothing(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, qt_app: QApplication
) -> None:
    async def suite() -> None:
        async with asyncio.timeout(90), project(server) as between:
            await leave_something(between, tmp_path, add_job(owner))
            between.refuses = True
            other = console(between, tmp_path, STAFF_EMAIL="viewer@directory-bolt.example")
            with pytest.raises(NotReachable) as caught:
                await other.open()
            assert "Nothing is kept from before." in caught.value.hint
            await other.close()
            await named_only(between, tmp_path, STAFF_PASSWORD="wrong")
            between.refuses = False
            again = console(between, tmp_path, STAFF_PASSWORD="wrong")
            with pytest.raises(NotPermitted):
                await again.open()
            await again.close()
            # A slip of the fingers, or of somebody else, takes nothing from whose it is.
            between.refuses = True
            right_one = console(between, tmp_path)
            assert (await right_one.open()).store.kept
            await right_one.close()

    asyncio.run(suite())


async def named_only(between: Relay, home: Path, **more: str) -> None:
    """Somebody who only knows whose state it is."""
    other = console(between, home, **more)
    with pytest.raises(NotReachable) as caught:
        await other.open()
    assert "shown to nobody who has not signed in" in caught.value.hint
    await other.close()
    assert len(kept_files(home)) == 1


def test_the_keyring_opens_it_and_a_locked_one_takes_nothing_away(
    server: Postgres, owner: psycopg.Connection, tmp_path: Path, qt_app: QApplication
) -> None:
    backend = InMemory()

    async def suite() -> None:
        async with asyncio.timeout(90), project(server) as between:
            with in_use(backend):
                await leave_something(between, tmp_path, add_job(owner))
            with in_use(Locked()):
                shut = console(between, tmp_path, STAFF_PASSWORD="")
                with pytest.raises(NotPermitted) as caught:
                    await shut.open()
                assert "locked" in caught.value.settings["STAFF_PASSWORD"]
                await shut.close()
                assert len(kept_files(tmp_path)) == 1
            between.refuses = True
            with in_use(backend):
                later = console(between, tmp_path, STAFF_PASSWORD="")
                assert (await later.open()).store.kept
                await later.close()

    asyncio.run(suite())


def test_after_the_sign_in_has_ended_nothing_is_kept(
    server: Postgres,
    owner: psycopg.Connection,
    tmp_path: Path,
    qt_app: QApplication,
    monkeypatch: pytest.MonkeyPatch,
    logged: Logged,
) -> None:
    logged.allow("session")
    monkeypatch.setattr("services.clients.supabase_session._LOOK_EVERY", 0.05)

    async def suite() -> None:
        async with asyncio.timeout(60), project(server) as between:
            await leave_something(between, tmp_path, add_job(owner))
            signed_in = console(between, tmp_path)
            await signed_in.open()
            owner.execute("truncate auth.sessions")
            assert signed_in._session is not None
            signed_in._session._received -= 1e6
            await until(lambda: not kept_files(tmp_path))
            await signed_in.close()
            assert not kept_files(tmp_path)

    asyncio.run(suite())
