"""A job's page where there is little: few pixels for its head, no directories for its list."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from app.store.link import TableState
from tests.fakes.desk import DeskWorld
from tests.unit.widgets.pages.test_job import Shown, on_page, work, world
from widgets.pages.job.directories import DirectoriesTable

__all__ = ["world"]


def test_in_a_narrow_window_the_name_of_the_business_can_be_read(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        page = shown.page
        page.show_job("j1")
        for width, hidden in ((1108, True), (1300, False)):
            shown.body.resize(width, 700)
            page.resize(width, 700)
            QApplication.processEvents()
            title = page._head.title
            assert page.run_button.isHidden() is hidden
            assert title.width() >= title.sizeHint().width()

    work(world, "completed", "failed")
    world.store.take_changed()
    on_page(world, act)


def test_the_directories_have_no_time_of_their_own(world: DeskWorld) -> None:
    async def act(shown: Shown) -> None:
        moments = {hop.name: hop.moment for hop in shown.page._hops._hops}
        assert moments["Flow started"]
        assert moments["Directories"] == ""

    work(world, "in_progress", "failed")
    world.event(1, "j1", "flow_started", ago=60)
    world.event(2, "j1", "failed", "mapnook.localhost", ago=30)
    on_page(world, act)


def test_each_kind_of_no_directories_is_said(world: DeskWorld) -> None:
    def said(state: TableState) -> str:
        table.show_face(state)
        face = table.faces._face
        return face.title.text() if face is not None else ""

    table = DirectoriesTable()
    assert said(TableState()) == ""
    assert said(TableState(as_of=1.0)) == "Its work list is empty."
    assert said(TableState(kind="not_permitted", problem="Not readable with this sign-in.")).startswith("Not readable")
    work(world, "completed", "failed")
    world.store.take_changed()
    table.show_job(world.store.jobs.directories("j1"))
    table.show_face(TableState(as_of=1.0))
    assert table.faces.currentWidget() is table.table
