"""A case in its window, and the door that leads to it from anywhere."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from app import tasks
from app.models.table_model import CELL_ROLE
from services.domain.case_file import Case, CaseDirectory, CaseRun, CaseStep, Moment, pack
from services.domain.png import encode_png
from tests.unit.widgets.waiting import in_front
from tests.waiting import until
from widgets.main_window import MainWindow
from widgets.pages.case import CaseWindow
from widgets.pages.case.rows import moments
from widgets.parts.toast import Toast

HOSTILE = "<img src='/etc/passwd'>"


def jpeg(folder: Path) -> bytes:
    image = QImage(64, 40, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    assert image.save(str(folder / "made.jpg"))
    return (folder / "made.jpg").read_bytes()


def case() -> Case:
    steps = (CaseStep("Open the page", "https://a.example/add", "done", 1200, "", "pictures/001.jpg"),
             CaseStep("Fill the phone", "#phone", "failed", 9, "No field matches"))  # fmt: skip
    return Case(
        HOSTILE, "j1", "failed", "local", 1_700_000_000.0, "desk-1", {"Package": "Starter, 50"},
        (Moment(1.0, "failed", "a.example", "w-1", HOSTILE), Moment(None, "odd")),
        (CaseDirectory("a.example", "failed", HOSTILE, picture="pictures/001.jpg", record={"payload": {"n": 1}}),
         CaseDirectory("b.example", "melted")),
        (CaseRun("r1", "a.example", True, 1.0, 3.5, "chromium", "dry", "Nothing was sent.", steps=steps),
         CaseRun("r2", "b.example", False)),
        (), ("Older events were not read yet.",),
    )  # fmt: skip


def rows(window: CaseWindow, tab: str) -> list[list[str]]:
    model = window.lists[tab].table.model()
    return [
        [model.index(row, column).data(CELL_ROLE).text for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_each_side_of_a_case_is_shown(qt_app: QApplication, tmp_path: Path) -> None:
    window = CaseWindow(case(), {"pictures/001.jpg": jpeg(tmp_path)})
    in_front(window)
    assert rows(window, "directories") == [["failed", "a.example", "0", HOSTILE], ["melted", "b.example", "0", ""]]
    assert window.picture.has_picture()
    window.lists["directories"].table.go_to(1)
    assert not window.picture.has_picture()
    window.choose("timeline")
    assert [row[1:] for row in rows(window, "timeline")] == [
        ["failed", "a.example", "w-1", HOSTILE],
        ["odd", "", "", ""],
    ]
    window.tabs.chosen.emit("runs")
    assert window.tabs.current() == "runs"
    assert [(row[0], row[2], row[3]) for row in rows(window, "runs")] == [
        ("Dry run of a.example", "2.5 s", "Nothing was sent."), ("1 Open the page", "1.2 s", "done"),
        ("2 Fill the phone", "0.0 s", "No field matches"), ("Real run of b.example", "", "not known"),
    ]  # fmt: skip
    window.lists["runs"].table.go_to(1)
    assert window.picture.has_picture()
    assert not window.grab().isNull()
    window.choose("left_out")
    assert rows(window, "left_out") == [["Older events were not read yet."]]
    window.choose("decisions")
    assert window.lists["decisions"].current() is None
    assert not window.picture.has_picture()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def giant() -> bytes:
    """A few bytes that would be 10 GB of pixels."""
    small = bytearray(encode_png(1, 1, b"\0"))
    small[16:24] = struct.pack(">II", 50_000, 50_000)
    small[29:33] = struct.pack(">I", zlib.crc32(bytes(small[12:29])))
    return bytes(small)


@pytest.mark.parametrize("data", [b"\xff\xd8\xff no picture", giant()], ids=["none", "giant"])
def test_a_picture_that_cannot_be_shown_is_said(qt_app: QApplication, data: bytes) -> None:
    window = CaseWindow(case(), {"pictures/001.jpg": data})
    assert not window.picture.has_picture()
    assert window.picture.picture_size().isEmpty()
    window.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def on_window(act: Callable[[MainWindow], Awaitable[None]]) -> None:
    async def whole() -> None:
        window = MainWindow("production", [])
        window.resize(1000, 700)
        window.show()
        try:
            await act(window)
        finally:
            await tasks.shutdown()
            window.close()
            window.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    asyncio.run(whole())


def test_a_case_is_opened_without_a_sign_in(qt_app: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "x.case.zip"
    file.write_bytes(pack(case(), {"pictures/001.jpg": jpeg(tmp_path)}))

    async def act(window: MainWindow) -> None:
        window.bar.case_button.click()
        dialog = window.cases.dialog
        assert dialog is not None
        window.cases.ask()
        assert window.cases.dialog is dialog, "asked twice"
        dialog.findChildren(QLineEdit)[0].setText(str(file))
        dialog.accept()
        await until(lambda: window.cases.windows and window.cases.dialog is None)
        assert window.cases.windows[0].lists["directories"].current() is not None
        window.cases.windows[0].close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        assert window.cases.windows == []

    on_window(act)


@pytest.mark.parametrize("content", [b"no zip", b""])
def test_what_is_no_case_is_refused_in_a_toast(
    qt_app: QApplication, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.zip").write_bytes(content)

    async def act(window: MainWindow) -> None:
        said: list[str] = []
        say = window.toasts.say

        def heard(words: str, **more: Any) -> Toast:
            said.append(words)
            return say(words, **more)

        monkeypatch.setattr(window.toasts, "say", heard)
        window.cases.open(tmp_path / "x.zip")
        await until(lambda: said)
        assert said == ["x.zip: This is no case file, or it is damaged."]
        assert window.cases.windows == []
        window.toasts.clear()

    on_window(act)


def test_a_run_of_a_person_is_named_in_short() -> None:
    who = "staff:68c2c7a8-1111-4111-8111-000000000000"
    [row] = moments((Moment(1.0, "failed", "a.example", who),))
    assert [(one.text, one.tip) for one in row.cells if one.tip == who] == [("staff 68c2c7a8", who)]
