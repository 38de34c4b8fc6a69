"""The Health page: each tab's faces, and what can be copied."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel

from services.domain.errors import NotPermitted, NotReachable
from services.domain.setting_lines import SettingLine
from tests.fakes.desk import DeskWorld
from tests.fakes.health import whole_project
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.waiting import in_front
from widgets.look import theme
from widgets.pages.health import HealthPage

NOW = [1_800_000_000.0]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskWorld]:
    monkeypatch.setattr("widgets.pages.health.page.start_check", lambda acts: asked.append(acts))
    asked.clear()
    made = DeskWorld(tmp_path, FakeQueues({}, lambda: NOW[0]), lambda: NOW[0], "viewer")
    made.loaded("jobs")
    made.desk.health.settings.append(SettingLine("STAFF_PASSWORD", True, "environment", "hidden", "password"))
    yield made
    made.close()


asked: list[object] = []


@pytest.fixture
def page(qt_app: QApplication, world: DeskWorld) -> Iterator[HealthPage]:
    theme.apply("light", qt_app)
    made = HealthPage(world.desk)
    made.resize(1100, 700)
    in_front(made)
    yield made
    made.close()


def check(world: DeskWorld, page: HealthPage) -> None:
    asyncio.run(world.desk.health.check())
    page.frame()


def test_before_the_first_answer_it_asks_and_loads(world: DeskWorld, page: HealthPage) -> None:
    assert asked == [world.desk.health]
    assert (page.hops.lines, page.faces["hops"].face_words()) == ([], "")
    page.check_button.click()
    assert len(asked) == 2


def test_hops_and_lacks_are_lines_with_what_to_do(world: DeskWorld, page: HealthPage) -> None:
    world.project.answer = whole_project(functions=[], unsure="Policies can't be told.")
    check(world, page)
    assert [line.name for line in page.hops.lines][:3] == ["Database", "Live changes", "Brain"]
    assert page.hops.lines[1].state == "Live"
    wrong = sum(line.shape not in ("ok", "skipped", "running") for line in page.hops.lines)
    assert page.bad.words() == f"{wrong} hops need a look"
    assert page.bad.isVisible()
    world.store.set_link("offline", "The network is away.")
    page.frame()
    assert (page.hops.lines[1].state, page.hops.lines[1].sentences[0]) == ("Offline", "The network is away.")
    page.tabs.chosen.emit("lacks")
    assert page.lacks.lines[0].state == "Missing function"
    assert "0004_staff_acts.sql" in page.lacks.lines[0].sentences[1]


def test_nothing_missing_not_permitted_and_failed_are_faces_of_their_own(world: DeskWorld, page: HealthPage) -> None:
    check(world, page)
    assert page.faces["lacks"].face_words() == "Nothing was found missing."
    for error in (NotPermitted("Only staff may ask."), NotReachable("The database does not answer.")):
        world.project.answer = error
        check(world, page)
        assert page.faces["lacks"].face_words() == str(error)


def test_parts_and_settings_are_tables(world: DeskWorld, page: HealthPage) -> None:
    assert page.faces["parts"].face_words() == "No part of the pipeline runs on this computer."
    world.parts.note("worker", "restarting", "it ended")
    page.frame()
    assert (page.faces["parts"].face_words(), page.parts_model.rowCount()) == ("", 1)
    assert page.settings_model.rowCount() == 1


def test_what_is_old_is_said_to_be_stale(world: DeskWorld, page: HealthPage) -> None:
    check(world, page)
    NOW[0] += 3600
    page.frame()
    assert world.desk.health.stale
    assert "old" in page.as_of.findChildren(QLabel)[0].text()


def test_the_report_is_copied(world: DeskWorld, page: HealthPage) -> None:
    check(world, page)
    page.markdown_button.click()
    assert QGuiApplication.clipboard().text().startswith("# Health, checked at ")
    page.json_button.click()
    assert json.loads(QGuiApplication.clipboard().text())["settings"][0]["value"] == "hidden"
