"""Below a run: the comparison with the remote one, and the form with what is proposed for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLineEdit

from app import tasks
from app.actions.run_state import RunState
from app.models.table_model import CELL_ROLE
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.app.actions.test_forms import HOST, MAPPING, NEW, OLD, keep, make
from tests.unit.app.actions.test_run_compare import here, result
from tests.waiting import until
from widgets.pages.runs.below import Below
from widgets.pages.runs.comparing import Comparing
from widgets.pages.runs.form_panel import FormPanel
from widgets.parts.button import Button
from widgets.parts.sheet import ConfirmSheet
from widgets.parts.surface import Surface
from widgets.parts.turns import at_once


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = make(tmp_path)
    made.loaded("form_fingerprints")
    made.job("j1", "Old Mill Pizza", "completed")
    url = f"http://{HOST}:9/add"
    made.store.put(
        "directory_submissions",
        {"id": "i1", "submission_queue_id": "j1", "directory_url": url, "status": "failed"},
    )
    yield made
    made.close()


class Shown:
    def __init__(self, world: DeskWorld) -> None:
        self.world = world
        self.body = Surface()
        self.body.resize(900, 600)
        self.below = at_once(Below.in_turns(world.desk))
        self.below.setParent(self.body)
        self.below.resize(900, 400)
        self.body.show()

    def show(self, state: RunState | None, key: str) -> None:
        self.world.store.take_changed()
        [line] = self.world.store.jobs.directories("j1")
        self.below.show_line(line)
        self.below.show_run(state)
        self.below.choose(key)

    def rows(self, key: str, column: int) -> list[str]:
        model: Any = self.below.panel(key).model  # type: ignore[attr-defined]
        return [model.index(row, column).data(CELL_ROLE).text for row in range(model.rowCount())]


def on_page(world: DeskWorld, act: Callable[[Shown], Awaitable[None]]) -> None:
    async def whole() -> None:
        shown = Shown(world)
        try:
            await act(shown)
        finally:
            shown.body.close()
            await tasks.shutdown()

    asyncio.run(whole())


def test_the_first_step_that_differs_is_marked(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        panel = shown.below.panel("compare")
        assert isinstance(panel, Comparing)
        shown.show(None, "compare")
        assert panel.faces.face_words() == "No run yet."
        shown.show(here("done"), "compare")
        assert panel.faces.face_words() == "Nothing to compare with."
        remote = result("done", "done", "failed", reasons=["No such field"])
        row = {"id": "r1", "job_id": "j1", "directory_name": HOST, "status": "failed"}
        world.store.put("job_results", {**row, "payload": remote.payload, "response_log": remote.response_log})
        shown.show(msgspec.structs.replace(here(*("done",) * 5), verdict="submitted"), "compare")
        assert panel.faces.face_words() == ""
        assert shown.rows("compare", 4) == ["", "", "It failed there and works here", "", ""]
        assert panel.table.current_row() == 2
        assert panel.sum.words() == "Step 3 differs."
        assert panel.sum_words.text() == "Remote: failed, No such field. Here: submitted."
        shown.show(here("done", "done", "failed"), "compare")
        assert panel.sum.words() == "No step differs."
        world.store.put("job_results", {**row, "response_log": {**remote.response_log, "run_id": "run-here"}})
        shown.show(here("done"), "compare")
        assert panel.faces.face_words() == "Nothing to compare with."

    on_page(world, act)


def test_a_form_that_has_changed_is_said_in_words_and_its_mapping_accepted(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        panel = shown.below.panel("form")
        assert isinstance(panel, FormPanel)
        shown.show(None, "form")
        assert panel.faces.face_words() == "This form has not been seen yet."
        keep(world, OLD, OLD)
        shown.show(None, "form")
        assert panel.sum.words() == "The form is as it was known."
        assert panel.accept_button.isHidden()
        shown.show(RunState(phase="ended", form=NEW), "form")
        assert panel.count(RunState(form=NEW)) == 1
        assert shown.rows("form", 1) == [
            "The field “Phone” is called mobile on the page, not tel", "Phone goes into “Phone”, found by #mobile",
        ]  # fmt: skip
        panel.accept_button.click()
        panel.accept_button.click()
        [sheet] = [one for one in shown.body.findChildren(ConfirmSheet) if one.isVisible()]
        next(box for box in sheet.findChildren(QLineEdit) if box.isVisible()).setText("they renamed it")
        next(part for part in sheet.findChildren(Button) if part.words() == "Accept the new form").click()
        await until(lambda: [one.state for one in world.desk.operations.newest_first()] == ["done"])
        assert world.staff.calls == [("d1", ["accept", "they renamed it"])]
        # The fact that comes back: the mapping and the form are the new ones.
        fields = {"business_name": "#name", "phone": "#mobile"}
        world.store.put("directories", {"id": "d1", "field_selectors": {**MAPPING, "fields": fields}})
        keep(world, NEW, NEW)
        shown.show(None, "form")
        assert panel.sum.words() == "The form is as it was known."

    on_page(world, act)


def test_without_an_earlier_form_the_mapping_is_what_is_compared(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        panel = shown.below.panel("form")
        assert isinstance(panel, FormPanel)
        keep(world, None, NEW)
        shown.show(None, "form")
        assert panel.sum.words() == "No earlier form is kept."
        assert shown.rows("form", 0) == ["New mapping"]
        panel.accept_button.click()
        [sheet] = [one for one in shown.body.findChildren(ConfirmSheet) if one.isVisible()]
        sheet.cancel()
        assert world.staff.calls == []

    on_page(world, act)


def test_a_viewer_reads_what_accepting_needs(qt_app: QApplication, tmp_path: Path) -> None:
    viewer = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "viewer")
    panel = FormPanel(viewer.desk)
    panel.show_run(None)
    assert panel.accept_button.toolTip() == "Needs the role operator; you are viewer."
    viewer.close()
