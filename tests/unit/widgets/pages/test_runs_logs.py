"""The console and the requests of a run, behind their tabs."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.actions.run_state import Asked, Blocked, RunState, Said, StepLine
from app.models.table_model import CELL_ROLE
from tests.unit.widgets.pages.test_runs import World
from tests.unit.widgets.pages.test_runs import until as shows
from widgets.pages.runs import RunsPage
from widgets.pages.runs.below import Below

HOSTILE = "<img src='/etc/passwd'>\nsecond line"
RUN = RunState(
    phase="running", run_id="r1", blocked=(Blocked("POST", "http://x/add"),),
    console=(Said(40, "error", HOSTILE, "http://x/a.js:1"), Said(50, "warning", "old"), Said(60, "log", "hello")),
    network=(
        Asked(0, "GET", "http://x/", "document", 200, 120), Asked(9, "GET", "http://x/a.js", "script", 404, 3),
        Asked(9, "POST", "http://x/add", "document", None, 3, "aborted"),
        Asked(9, "GET", "http://y/", "image", None, 3, "name not resolved"),
        Asked(10, "", "", "", None, None, "The page asked for more, which is left out"),
    ),
)  # fmt: skip


def texts(below: Below, which: str, column: int) -> list[tuple[str, str]]:
    model = getattr(below, which).model
    cells = [model.index(row, column).data(CELL_ROLE) for row in range(model.rowCount())]
    return [(cell.shape, cell.text) for cell in cells]


def test_logs_grow_with_the_run_and_say_what_went_wrong(qt_app: QApplication) -> None:
    below = Below()
    below.resize(900, 300)
    below.show()
    below.show_run(None)
    below.choose("console")
    assert below.console.faces.face_words() == "Nothing yet."
    below.show_run(RUN)
    assert texts(below, "console", 0) == [("failed", "error"), ("unknown", "warning"), ("", "log")]
    index = below.console.model.index(0, 1)
    assert index.data(CELL_ROLE).tip == HOSTILE
    assert index.data(Qt.ItemDataRole.AccessibleTextRole).startswith("error, <img")
    more = msgspec.structs.replace(RUN, console=(*RUN.console, Said(70, "log", "later")))
    below.show_run(more)
    assert texts(below, "console", 1)[-1] == ("", "later")
    assert below.network.model.rowCount() == 0, "what nobody sees was filled"
    below.choose("network")
    assert texts(below, "network", 3) == [
        ("", "200"), ("failed", "404"), ("blocked", "aborted"), ("failed", "name not resolved"),
        ("", ""),
    ]  # fmt: skip
    assert texts(below, "network", 1)[-1] == ("", "The page asked for more, which is left out")
    assert not below.grab().isNull()
    below.show_run(RunState(phase="ended", run_id="r2"))
    assert below.network.faces.face_words() == "The pages asked for nothing."
    below.choose("console")
    assert below.console.model.rowCount() == 0
    assert below.console.faces.face_words() == "The pages wrote nothing."
    below.close()


def test_a_run_of_an_earlier_start_is_found_again(qt_app: QApplication, tmp_path: Path) -> None:
    world = World(tmp_path)
    earlier = msgspec.structs.replace(
        RUN, phase="ended", job_id="j1", directory="b.localhost", verdict="failed", words="No field matches.",
        steps=(StepLine(0, "Open the page", "x", "done", 5),),
    )  # fmt: skip

    async def look(page: RunsPage) -> None:
        await world.acts.kept.keep(earlier)
        page.prepare("j1", "a.localhost")
        page.prepare("j1", "b.localhost")
        await shows(page, lambda: page.inspector.verdict.isVisible())
        assert page.inspector.verdict.words.text() == "No field matches."
        page.below.choose("console")
        assert page.below.console.model.rowCount() == 3
        page.prepare("j1", "a.localhost")
        assert not page.inspector.verdict.isVisible(), "the run of another directory"
        assert page.side.faces.face_words() == "No run yet."

    world.on_page(look)
    world.close()
