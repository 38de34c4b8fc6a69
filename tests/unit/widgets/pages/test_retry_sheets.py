"""Retries are weighed before anything is asked for: what goes again, and what is left alone and why."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit

from app import tasks
from app.actions.jobs import start
from app.actions.registry import RETRY_FAILED
from app.actions.retry_xray import retried, weigh_retry
from app.store.lines import JobLine
from services.domain.keys import idempotency_key
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.waiting import until
from widgets.look import theme
from widgets.pages.job.asking import ask_retry
from widgets.pages.jobs.selection import SelectionBar
from widgets.parts.button import Button
from widgets.parts.export_button import ExportButton
from widgets.parts.fate_list import FateList
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface

NAME = "Old Mill Pizza"
STATES = {
    **{f"live{n}.localhost": "submitted" for n in range(6)}, "again0.localhost": "failed", "again1.localhost": "failed",
    "doubt.localhost": "submitting", "renamed.localhost": "failed",
}  # fmt: skip


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    theme.apply("light", qt_app)
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    made.loaded("jobs", "customers", "job_results", "directory_submissions", "queue_history")
    yield made
    made.close()


def job(world: DeskWorld, key: str, states: dict[str, str]) -> JobLine:
    """A job that ended, with these directories; what renamed.localhost was tried for had another name."""
    world.job(key, NAME, "completed")
    for number, (host, state) in enumerate(states.items()):
        factors = {"name": "Mill" if host.startswith("renamed") else NAME, "dir": host}
        item = {"id": f"{key}-i{number}", "submission_queue_id": key, "directory_url": f"http://{host}/add"}
        world.store.put("directory_submissions", {**item, "status": state})
        world.store.put(
            "job_results",
            {"id": f"{key}-r{number}", "job_id": key, "directory_name": host, "status": state,
             "idempotency_key": idempotency_key(key, host, factors), "created_at": "2026-01-01T00:00:00Z",
             "updated_at": "2026-01-01T00:00:00Z"},
        )  # fmt: skip
    world.store.take_changed()
    line = world.store.jobs.get(key)
    assert line is not None
    return line


def sheet_of(body: Surface) -> ConfirmSheet:
    [found] = [one for one in body.findChildren(ConfirmSheet) if one.isVisible()]
    return found


def button(sheet: ConfirmSheet) -> Button:
    return next(part for part in sheet.findChildren(Button) if part.words() not in ("Cancel", "Export plan"))


def confirm(sheet: ConfirmSheet) -> None:
    for edit in sheet.findChildren(QLineEdit):
        edit.setText("fixed")
    button(sheet).click()


def rows(sheet: ConfirmSheet) -> list[tuple[str, str, str]]:
    [found] = sheet.findChildren(FateList)
    found.grab()
    return [(row.what, row.name, row.why) for row in found.rows]


def test_what_is_retried_is_what_the_sheet_has_shown(world: DeskWorld) -> None:
    line = job(world, "j1", STATES)
    body = Surface()
    body.resize(1200, 800)
    body.show()

    async def act() -> None:
        ask_retry(body, world.desk, line, None)
        shown = rows(sheet_of(body))
        assert shown[:2] == [("Will submit", f"again{n}.localhost", "it goes back on the work list") for n in range(2)]
        assert [what for what, _, _ in shown] == ["Will submit"] * 2 + ["Already live"] * 6 + ["Unknown", "Left alone"]
        [plan] = sheet_of(body).findChildren(ExportButton)
        plan.choose("csv")
        await until(lambda: not tasks.running())
        # What fails after the look is not swept in.
        world.store.put("job_results", {"id": "late", "job_id": "j1", "directory_name": "late.localhost",
                                        "status": "failed"})  # fmt: skip
        world.store.take_changed()
        confirm(sheet_of(body))
        await until(
            lambda: any(one.act == "retry_failed" and one.ended for one in world.desk.operations.newest_first())
        )
        await tasks.shutdown()

    asyncio.run(act())
    assert world.staff.calls == [("j1", ["again0.localhost", "again1.localhost"])]
    body.close()


def test_a_retry_that_would_do_nothing_can_not_be_confirmed(world: DeskWorld) -> None:
    line = job(world, "j1", {"renamed.localhost": "failed", "live.localhost": "submitted"})
    body = Surface()
    body.show()
    ask_retry(body, world.desk, line, None)
    sheet = sheet_of(body)
    for edit in sheet.findChildren(QLineEdit):
        edit.setText("fixed")
    assert not button(sheet).isEnabled()
    sheet.cancel()
    body.close()


def test_one_directory_can_be_taken_back(world: DeskWorld) -> None:
    line = job(world, "j1", {"again.localhost": "failed", "live.localhost": "submitted"})
    body = Surface()
    body.show()
    operations, jobs = world.desk.operations, world.desk.jobs

    async def act() -> None:
        ask_retry(body, world.desk, line, ["again.localhost"])
        await until(lambda: operations.newest_first() and jobs.can_undo(operations.newest_first()[0].id))
        wish = operations.newest_first()[0]
        assert (wish.state, world.staff.calls) == ("planned", [])
        assert world.store.jobs.wishes.of("j1") is not None
        jobs.undo(wish.id)
        await until(lambda: operations.newest_first()[0].state == "undone")
        assert (world.staff.calls, world.store.jobs.wishes.of("j1")) == ([], None)
        jobs.undo(wish.id)
        world.store.take_changed()
        fresh = world.store.jobs.get("j1")
        assert fresh is not None
        start(RETRY_FAILED, jobs.retry_failed(fresh, ["again.localhost"], undo_seconds=0.01))
        await until(lambda: operations.newest_first()[0].state == "done")
        await tasks.shutdown()

    asyncio.run(act())
    assert world.staff.calls == [("j1", ["again.localhost"])]
    body.close()


def test_many_jobs_are_weighed_one_by_one(world: DeskWorld) -> None:
    lines = [
        job(world, "j1", STATES),
        job(world, "j2", {"again.localhost": "failed", "live.localhost": "submitted"}),
        job(world, "j3", {"renamed.localhost": "failed"}),
    ]
    body = Surface()
    body.resize(1200, 800)
    bar = SelectionBar(world.desk, lambda: lines, lambda words, shape: ended.append(words))
    bar.setParent(body)
    body.show()
    ended: list[str] = []

    async def act() -> None:
        bar.show_selection(3, 3, everything=False)
        bar.ask(RETRY_FAILED)
        assert rows(sheet_of(body)) == [
            ("2 again", NAME, "6 live, 1 unknown, 1 left alone"), ("1 again", NAME, "1 live"),
            ("Not retried", NAME, "1 left alone"),
        ]  # fmt: skip
        [plan] = sheet_of(body).findChildren(ExportButton)
        plan.choose("json")
        await until(lambda: not tasks.running())
        assert world.staff.calls == []
        confirm(sheet_of(body))
        await until(lambda: bool(ended))
        await tasks.shutdown()

    asyncio.run(act())
    assert world.staff.calls == [("j1", ["again0.localhost", "again1.localhost"]), ("j2", ["again.localhost"])]
    assert ended == ["Retry failed: 2 of 2 done"]
    [wish] = [one for one in world.desk.operations.newest_first() if one.act == "export"]
    written = json.loads(Path(wish.target).read_text(encoding="utf-8"))
    assert Counter((row["job_id"], row["what"], row["fate"]) for row in written)[("j1", "retry", "will submit")] == 2
    assert {row["what"] for row in written if row["job_id"] == "j3"} == {"not retried"}
    body.close()


def test_a_retry_of_chosen_directories_weighs_those(world: DeskWorld) -> None:
    line = job(world, "j1", STATES)
    assert retried(world.store, weigh_retry(world.store, line, ["again1.localhost"])) == ["again1.localhost"]
    assert retried(world.store, weigh_retry(world.store, line, ["live0.localhost"])) == []
