"""The lists of the Dead letters page stand still under the pointer, and a chip lets in what came."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.pages.test_dead_letters import on_page, row_of, until
from widgets.pages.dead_letters import DeadLettersPage
from widgets.parts.table import Table

BODIES = {f"m{n}": json.dumps({"job_id": f"j{n}", "priority": "pro", "package_size": 3}) for n in range(3)}


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(BODIES, time.time), time.time, "operator")
    for n in range(4):
        made.job(f"j{n}", f"Business {n}", "pending")
    made.loaded("jobs")
    made.store.take_changed()
    yield made
    made.close()


async def point_at(page: DeadLettersPage, table: Table, row: int) -> None:
    top = table.rowViewportPosition(row)
    # A pointer that is there already tells nothing: it comes from another place.
    QTest.mouseMove(table.viewport(), QPoint(300, top + 4))
    QTest.mouseMove(table.viewport(), QPoint(310, top + 9))
    await until(page, lambda: table.pointed == row)


def leave(table: Table) -> None:
    table.leaveEvent(None)  # type: ignore[arg-type]


def test_what_comes_and_goes_waits_until_somebody_wants_to_see_it(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        page.table.sort_by(1)
        await point_at(page, page.table, 1)
        rows = {key: page.model.row_of(key) for key in page.model.shown_keys()}
        assert len(rows) == 3
        world.queues.dead["m3"] = BODIES["m0"].replace("j0", "j3")
        del world.queues.dead["m1"]
        await world.desk.dead_letters.scan()
        page.frame()
        assert {key: page.model.row_of(key) for key in rows} == rows
        assert page.model.rowCount() == 3
        assert page.model.shown_keys() == ["m0", "m2"], "what is not there is none of those that match"
        assert (page.chip.isVisible(), page.chip.words()) == (True, "1 new")
        assert [page.table.is_old(row) for row in range(3)] == [False, True, False]
        assert (row_of(page, "m1")[0], row_of(page, "m1")[-1]) == ("Not there any more", "")
        # What is not there can't be chosen, or pressed.
        page.table.selectAll()
        assert page.inventory.chosen() == ["m0", "m2"]
        page.table.go_to(1)
        page.inventory._cell_pressed(1, page.model.columnCount() - 1)
        assert page.inventory.current() is None
        shown = page.inspector.shown
        assert shown is not None
        assert (shown.key, shown.words, shown.acts, shown.does) == ("m1", "Not there any more", (), ())
        assert "Choose a dead letter first" in page.replay_button.toolTip()
        page.chip.click()
        assert page.model.shown_keys() == ["m0", "m2", "m3"]
        assert not page.chip.isVisible()
        del world.queues.dead["m2"]
        await world.desk.dead_letters.scan()
        page.frame()
        assert page.chip.words() == "1 moved"
        leave(page.table)
        assert page.model.shown_keys() == ["m0", "m3"]
        assert not page.chip.isVisible()

    on_page(world, act)


def test_a_letter_that_was_replayed_says_so_as_long_as_its_row_stays(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        letters = world.desk.dead_letters
        await point_at(page, page.table, 1)
        page.table.go_to(1)
        key = page.model.line(1).line.id
        page.replay_button.click()
        await until(page, lambda: key not in letters.lines and (letters.look.as_of or 0.0) > 0.0)
        await until(page, lambda: row_of(page, key)[0] == "Replayed")
        await until(page, lambda: (found := page.inspector.shown) is not None and found.words == "Replayed")
        shown = page.inspector.shown
        assert shown is not None
        assert (shown.key, shown.words, shown.shape, shown.acts) == (key, "Replayed", "ok", ())
        assert "Expires in" not in {name for name, _, _ in shown.about}
        # The counts over the list are those of the look that followed; a replay may hide the others for a moment.
        now = letters.watch.now
        await until(page, lambda: (one := now["dlq"].figures) is not None and one.visible + one.in_flight == 2)

    on_page(world, act)


def test_the_first_look_is_never_held_back(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        page.table.is_engaged = True
        page.table.engaged.emit(True)
        await until(page, lambda: page.model.rowCount() == 3)

    on_page(world, act, scan=False)


def test_a_filter_on_times_is_not_asked_anew_under_the_pointer(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        page.search.set_text("age:>1h")
        page._filter()
        await point_at(page, page.table, 0)
        page._clock_left = 1
        world.queues.dead["m3"] = BODIES["m0"].replace("j0", "j3")
        await world.desk.dead_letters.scan()
        page.frame()
        page._tick()
        assert (page.model.rowCount(), page._clock_left) == (3, 1)
        leave(page.table)
        page._tick()
        assert page.model.rowCount() == 4

    on_page(world, act)


def test_the_archive_stands_still_too(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        await world.desk.batches.archive(["m0", "m1"], reason="junk")
        page.tabs.choose("archived")
        page.tabs.chosen.emit("archived")
        await until(page, lambda: page.kept.model.rowCount() == 2)
        await point_at(page, page.kept.table, 0)
        await world.desk.batches.archive(["m2"], reason="junk")
        await world.desk.records.put_back(["m0"], reason="it was one order")
        page.frame()
        assert sorted(map(page.kept.model.row_of, ("m0", "m1"))) == [0, 1]
        assert page.kept.model.rowCount() == 2
        assert page.kept.model.shown_keys() == ["m1"]
        assert (page.chip.isVisible(), page.chip.words()) == (True, "1 new")
        page.kept.table.selectAll()
        assert page.kept.chosen() == ["m1"]
        page.chip.click()
        assert sorted(page.kept.model.shown_keys()) == ["m1", "m2"]

    on_page(world, act)
