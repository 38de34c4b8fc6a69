"""Acknowledging from "Needs you": a line goes when the audit says that somebody has seen to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app import tasks
from app.actions.letter_line import LetterLine
from app.actions.registry import READ_ONLY
from app.replay.reading import Reading
from services.domain.times import to_iso
from services.ports.wishes import DeadLetter
from tests.fakes.desk import DeskWorld
from tests.unit.widgets.pages.test_overview import TABLES, follow, shown, texts, world
from tests.unit.widgets.waiting import in_front, wait_for
from tests.waiting import until
from widgets.pages.acknowledging import ask_acknowledge
from widgets.pages.overview import OverviewPage
from widgets.parts.label import tip_text
from widgets.parts.surface import Surface

__all__ = ["world"]


def on_page(world: DeskWorld, act: Callable[[OverviewPage], Awaitable[None]]) -> None:
    async def whole() -> None:
        body = Surface()
        page = shown(world)
        page.acknowledge.connect(lambda need: ask_acknowledge(body, world.desk, need))
        page.refresh()
        try:
            await act(page)
        finally:
            body.close()
            page.close()
            await tasks.shutdown()

    world.loaded(*TABLES)
    world.job("j1", "Quick Lime", "failed", error_message="No business profile", age=600)
    asyncio.run(whole())


def acknowledged(world: DeskWorld, target: str, number: int = 1) -> None:
    row = {"id": number, "request_id": f"r{number}", "act": "acknowledge", "target": target}
    world.store.put("staff_actions", {**row, "created_at": to_iso(world.store.now())})


def test_a_line_goes_and_comes_back_when_something_new_happens(world: DeskWorld) -> None:
    async def act(page: OverviewPage) -> None:
        button = page.needs.acknowledge_button
        assert button.toolTip() == tip_text("Choose a line first.")
        page.needs.table.go_to(0)
        assert button.isEnabled()
        in_front(page)
        page.needs.table.setFocus()
        assert wait_for(page.needs.table.hasFocus)
        QTest.keyClick(page.needs.table, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
        await until(lambda: world.staff.calls)
        await until(lambda: world.desk.operations.newest_first()[0].state == "done")
        follow(page, world)
        assert "Acknowledge: pending" in texts(page, "needs")[0][2], "it goes when the fact comes"
        acknowledged(world, "j1/failed")
        follow(page, world)
        page.needs.refresh()
        assert texts(page, "needs") == []
        assert page.needs.head._note.text() == "0, 1 acknowledged"
        world.event(1, "j1", "job_failed", ago=-5)
        follow(page, world)
        assert [row[1] for row in texts(page, "needs")] == ["Quick Lime"]

    on_page(world, act)
    assert world.staff.calls == [("j1/failed", ["acknowledge", ""])]


def test_a_letter_is_named_by_its_message(world: DeskWorld) -> None:
    async def act(page: OverviewPage) -> None:
        letters = world.desk.dead_letters
        letters.lines = {"m1": LetterLine(DeadLetter("m1", "r", "x", sent_at=1.0), Reading(problem="Not JSON."))}
        letters.version += 1
        page.frame()
        assert [row[1] for row in texts(page, "needs")] == ["No job", "Quick Lime"]
        page.needs.table.go_to(0)
        page.needs.acknowledge_button.click()
        await until(lambda: world.staff.calls)
        acknowledged(world, "m1")
        acknowledged(world, "elsewhere", 2)
        follow(page, world)
        assert [row[1] for row in texts(page, "needs")] == ["Quick Lime"]

    on_page(world, act)
    assert world.staff.calls == [("m1", ["acknowledge", ""])]


@pytest.mark.parametrize(
    ("role", "why"),
    [("viewer", "Needs the role operator; you are viewer."),
     (READ_ONLY, "This console was started with --read-only: every act is off.")],
)  # fmt: skip
def test_who_may_not_reads_why(world: DeskWorld, role: Any, why: str) -> None:
    world.desk.jobs.role = role

    async def act(page: OverviewPage) -> None:
        page.needs.table.go_to(0)
        page.needs.refresh()
        assert page.needs.acknowledge_button.toolTip() == tip_text(why)
        page.needs.acknowledge.emit(page.needs._current())

    on_page(world, act)
    assert world.staff.calls == []
