"""Finding dead letters: the filter of each tab, groups that are chosen as a whole, and the expiry that is close."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app import tasks
from services.domain.errors import NotPermitted
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.pages.test_dead_letters import on_page, row_of, until
from widgets.pages.dead_letters import DeadLettersPage
from widgets.pages.dead_letters.words import step_words

LETTERS = {
    "a1": json.dumps({"job_id": "ja"}),
    "a2": json.dumps({"job_id": "ja", "_dlq_reason": "Prefect answered 503 after 12 s"}),
    "b1": json.dumps({"job_id": "jb", "_dlq_reason": "Prefect answered 503 after 9 s"}),
    "c1": json.dumps({"job_id": "jc"}),
    "d1": "job_id=1&size=4",
}


class Clock:
    """The time, which can be told to be later."""

    late = 0.0

    def __call__(self) -> float:
        return time.time() + self.late


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path, clock: Clock) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(LETTERS, clock), clock, "operator")
    made.job("ja", "Alder Bikes", "pending", package_type="pro")
    made.job("jb", "Birch Toys", "pending", package_type="starter")
    made.event(1, "ja", "queue_claimed", ago=400.0)
    item = {"id": "s1", "submission_queue_id": "ja", "directory_url": "https://d1.example/", "status": "pending"}
    made.store.put("directory_submissions", item)
    made.store.put(
        "directory_submissions", {**item, "id": "s2", "directory_url": "https://d2.example/", "status": "submitted"}
    )
    made.loaded("jobs")
    made.store.take_changed()
    yield made
    made.close()


def ids(page: DeadLettersPage) -> list[str]:
    return sorted(row.line.id for row in map(page.model.line, range(page.model.rowCount())))


def find(page: DeadLettersPage, text: str) -> list[str]:
    page.search.set_text(text)
    page._filter()
    return ids(page)


def test_letters_are_found_by_what_they_are(world: DeskWorld) -> None:
    async def look(page: DeadLettersPage) -> None:
        assert find(page, "alder") == ["a1", "a2"]
        assert find(page, "reason:deployment") == ["a1"]
        assert find(page, 'error:"503"') == ["a2", "b1"]
        assert find(page, "job:jb OR job:jc") == ["b1", "c1"]
        assert find(page, "customer:birch package:starter") == ["b1"]
        assert find(page, "age:>3d") == []
        assert find(page, "age:<3d -reason:prefect") == ["a1", "c1", "d1"]
        assert find(page, "expires:>10d receives:>3") == ["a1", "a2", "b1", "c1", "d1"]
        assert find(page, '"job_id=1&size"') == ["d1"]
        assert [one.text for one in page._offers("rea")] == ["reason:"]
        assert "deployment missing? " in " ".join(one.text for one in page._offers('reason:"dep')).replace('"', "")

    on_page(world, look)


def test_half_a_query_is_said_and_what_was_shown_stays(world: DeskWorld) -> None:
    async def look(page: DeadLettersPage) -> None:
        assert find(page, "alder") == ["a1", "a2"]
        assert find(page, "state:sent") == ["a1", "a2"]
        assert "no field “state”" in page.search.hint.problem or "no field" in page.search.accessibleDescription()
        assert find(page, "customer:nobody") == []
        assert page.faces.face_words() == "Nothing matches."
        page.faces.pressed.emit()
        assert (page.search.text(), len(ids(page))) == ("", 5)
        # Each tab has a filter of its own.
        find(page, "alder")
        page.tabs.choose("journal")
        page.tabs.chosen.emit("journal")
        assert page.search.text() == ""
        page.search.set_text("state:unknown by:desk")
        page._filter()
        assert page.search.accessibleDescription() == ""
        page.tabs.choose("inventory")
        page.tabs.chosen.emit("inventory")
        assert (page.search.text(), ids(page)) == ("alder", ["a1", "a2"])

    on_page(world, look)


def test_a_filter_on_times_is_asked_anew_as_time_goes(world: DeskWorld, clock: Clock) -> None:
    async def look(page: DeadLettersPage) -> None:
        assert find(page, "expires:<1d") == []
        clock.late = 13 * 86400.0
        for _ in range(20):
            page._tick()
        assert ids(page) == ["a1", "a2", "b1", "c1", "d1"]

    on_page(world, look)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("job", {"Alder Bikes": ["a1", "a2"], "Birch Toys": ["b1"], "jc": ["c1"], "No job can be read": ["d1"]}),
        (
            "reason",
            {
                "Prefect answered 503 after 12 s": ["a2", "b1"],
                "Deployment missing?": ["a1"],
                "Could not be started": ["c1"],
                "Form data, not JSON": ["d1"],
            },
        ),
        (
            "error",
            {
                "Prefect answered 503 after 12 s": ["a2", "b1"],
                "No error is known": ["a1", "c1"],
                "The message is not JSON.": ["d1"],
            },
        ),
    ],
)
def test_groups(world: DeskWorld, by: str, groups: dict[str, list[str]]) -> None:
    async def look(page: DeadLettersPage) -> None:
        page.inventory.group_by(by)
        model = page.inventory.groups_model
        found = {model.line(row).words: sorted(model.line(row).ids) for row in range(model.rowCount())}
        assert {words.replace("9 s", "12 s"): members for words, members in found.items()} == groups
        assert len(model.line(0).ids) == max(map(len, groups.values()))

    on_page(world, look)


def test_a_whole_group_is_chosen_and_archived_and_its_letters_can_be_shown(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        page.inventory.groups_switch.chosen.emit("error")
        groups, model = page.inventory.groups, page.inventory.groups_model
        groups.go_to(model.row_of("prefect answered # after # s"))
        assert sorted(page.inventory.chosen()) == ["a2", "b1"]
        assert page.replay_button.accessibleName() == "Replay 2…"
        shown = page.inspector.shown
        assert shown is not None
        assert shown.key in ("a2", "b1")
        groups.pressed_cell.emit(model.row_of("prefect answered # after # s"), 5)
        assert page.inventory.groups_switch.current() == ""
        assert page.search.text().startswith('error:"Prefect answered 503')
        page._narrow("")
        page.inventory.group_by("job")
        groups.opened.emit(model.row_of("ja"))
        assert ids(page) == ["a1", "a2"]
        page._narrow("")
        page.inventory.group_by("reason")
        groups.go_to(model.row_of("form data, not json"))
        page.archive_button.click()
        assert page.sheet is not None
        page.sheet.confirmed.emit("junk")
        await until(page, lambda: "d1" not in world.queues.dead)
        await until(page, lambda: not tasks.running())
        page.frame()
        assert model.row_of("form data, not json") < 0

    on_page(world, act)


def test_one_letter_in_a_group_is_looked_through_like_many(world: DeskWorld) -> None:
    async def act(page: DeadLettersPage) -> None:
        page.inventory.group_by("job")
        page.inventory.groups.go_to(page.inventory.groups_model.row_of("jb"))
        page.replay_button.click()
        assert page.sheet is not None
        assert world.queues.sent == []
        page.sheet.cancel()

    on_page(world, act)


def test_the_row_says_what_the_x_ray_shows_and_what_expires_soon(world: DeskWorld) -> None:
    async def look(page: DeadLettersPage) -> None:
        assert row_of(page, "a1")[6] == "1 send, 1 live"
        assert row_of(page, "c1")[6] == "not sent: no such job"
        assert row_of(page, "d1")[6] == ""
        item = {"id": "s1", "submission_queue_id": "ja", "directory_url": "https://d1.example/", "status": "failed"}
        world.store.put("directory_submissions", item)
        page.take(world.store.take_changed())
        assert row_of(page, "a1")[6] == "0 send, 1 live, 1 not"
        assert not page.inventory.expiring.isVisible()
        world.queues.kept_seconds = 3600.0
        await world.desk.dead_letters.scan()
        page.frame()
        assert page.inventory.expiring.words() == "5 expire within a day"
        cell = page.model.cell(page.model.row_of("a1"), 5)
        assert getattr(cell, "shape", "") == "stale"

    on_page(world, look)


def test_a_right_that_is_missing_is_a_face_of_its_own(world: DeskWorld) -> None:
    world.queues.faults["receive"] = NotPermitted(
        "This sign-in may not look.", hint="Ask an admin.", raw="AccessDenied"
    )

    async def look(page: DeadLettersPage) -> None:
        assert page.faces.face_words() == "This sign-in may not look."
        assert world.desk.dead_letters.look.denied

    on_page(world, look)


def test_every_step_has_a_word() -> None:
    assert step_words("claimed") == "Held"
    assert step_words("skipped") == "Not sent"
