"""On the local stack people change places: the stack goes on, each sees by their own rights, nothing is left."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path

import psycopg
import pytest
from PySide6.QtWidgets import QApplication

from app import console, local_stack, tasks
from app.actions.registry import PAUSE_JOB
from app.desk import Desk
from app.moves import Become
from app.sitting import sit
from services.domain.people import LOCAL_PEOPLE
from services.local.postgres import Postgres
from services.local.seed import seed_staff
from services.settings import read_settings
from tests.contract.clients.test_sitting import Screen, shows
from tests.contract.gateway.running import KEY, PASSWORD, add_job, gateway, until
from tests.fakes.stack import fake_stack

pytestmark = pytest.mark.stack
STEADY = ["captchas", "decisions", "local stack", "role", "session", "sync", "watch over the supervisor"]
"""The tasks of one sign-in, once it is through: no switch adds one."""
EMAILS = {person.role: person.email for person in LOCAL_PEOPLE}


def test_admin_to_viewer_and_back_on_one_stack(
    server: Postgres,
    owner: psycopg.Connection,
    tmp_path: Path,
    qt_app: QApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed_staff(server.url, PASSWORD)
    seed_staff(server.url, PASSWORD)  # a second start finds them there

    async def suite() -> None:
        async with asyncio.timeout(60), gateway(server) as running:
            made = fake_stack(
                {
                    "SUPABASE_URL": running.url, "SUPABASE_ANON_KEY": KEY, "STAFF_PASSWORD": PASSWORD,
                    "STAFF_EMAIL": EMAILS["operator"], "ENVIRONMENT": "local", "DIRECTORY_BOLT_HOME": str(tmp_path),
                }
            )  # fmt: skip
            monkeypatch.setattr(local_stack, "StackProcess", made)
            alone = read_settings({"DIRECTORY_BOLT_HOME": str(tmp_path)})
            job, screen, closing = add_job(owner), Screen(), asyncio.Event()

            async def desk_of(role: str) -> Desk:
                await until(lambda: screen.desk is not None and screen.desk.role == role)
                assert screen.desk is not None
                assert screen.desk.who == EMAILS[role]
                await until(functools.partial(shows, screen.desk, job))
                return screen.desk

            async with asyncio.TaskGroup() as group:
                sitting = group.create_task(sit(lambda: alone, tmp_path / ".env", screen, closing))
                desk = await desk_of("operator")
                told = []
                close = console.Console.close

                async def end(self: console.Console, *, sign_out: bool = False) -> bool:
                    told.append(screen.said[-1])
                    return await close(self, sign_out=sign_out)

                monkeypatch.setattr(console.Console, "close", end)
                assert [person.role for person in desk.people] == ["viewer", "operator", "admin"]
                for role in ("admin", "viewer", "admin"):
                    screen.go(Become(EMAILS[role]))
                    desk = await desk_of(role)
                    why = "Needs the role operator; you are viewer." if role == "viewer" else ""
                    assert desk.jobs.why_not(PAUSE_JOB, desk.store.jobs.lines[job]) == why
                    await until(lambda desk=desk: desk.store.link.live)  # type: ignore[misc]
                    await until(lambda: tasks.running() == STEADY)
                assert ([stack.stopped for stack in made.made], made.made[0].watchers) == ([False], 1)
                # Nothing is ended before the window: no act can be pressed at a desk that is being cleared.
                assert told == ["starting"] * 3
                closing.set()
                assert await sitting == 0
            assert [stack.stopped for stack in made.made] == [True]

    asyncio.run(suite())
