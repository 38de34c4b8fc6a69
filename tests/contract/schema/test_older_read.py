"""A console on a project whose tables are of the older shape: it reads them, and says what the project lacks."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from app.store.store import Store
from app.sync.timings import Timings
from services.clients.supabase_project import SupabaseProject
from services.clients.supabase_session import SupabaseSession
from services.domain.project import lacking
from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, PASSWORD, gateway, until
from tests.contract.schema.test_applying import Project, project
from tests.contract.schema.test_older_project import CUSTOMER, JOB, OLDER
from tests.live_store import synced

__all__ = ["project"]
pytestmark = pytest.mark.stack


@pytest.mark.parametrize("applied", [False, True])
def test_the_console_reads_the_job_and_tells_what_is_missing(server: Postgres, project: Project, applied: bool) -> None:
    project.owner.execute((OLDER % {"customer": CUSTOMER, "job": JOB}).encode())
    if applied:
        project.admin.execute("create publication supabase_realtime")
        project.admin.execute("alter publication supabase_realtime owner to project_owner")
        project.apply()
    # Signs in at the local database, reads at the project's.
    there = server.authenticator_url.rpartition("/")[0] + "/" + project.url.rpartition("/")[2]
    both = cast("Postgres", SimpleNamespace(url=server.url, authenticator_url=there))

    def read(store: Store) -> bool:
        store.take_changed()
        line = store.jobs.get(JOB)
        return line is not None and line.business == "Old Mill Pizza" and (line.submitted, line.failed) == (1, 1)

    async def suite() -> None:
        async with gateway(both) as running:
            session = await SupabaseSession.sign_in(running.url, KEY, "viewer@directory-bolt.example", PASSWORD)
            try:
                found = {(lack.kind, lack.name) for lack in lacking(await SupabaseProject(session).facts())}
                if applied:
                    assert found == {("bucket", "screenshots")}, "there is no storage beside this database"
                else:
                    assert {("column", "jobs.progress"), ("table", "outbox"), ("table", "directories")} <= found
                    assert ("function", "staff_retry_failed") in found
                async with synced(session, Timings()) as store:
                    await until(lambda: read(store))
            finally:
                await session.close()

    asyncio.run(suite())
