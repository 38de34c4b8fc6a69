"""The panel of both queues: what it says, and of what it says that it doesn't know."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.actions.dead_letters import DeadLetterActs
from services.domain.errors import NotInstalled, NotPermitted, NotReachable
from services.domain.times import to_iso
from services.ports.wishes import QueueFigures
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from widgets.look import metrics, theme
from widgets.pages.dead_letters.queues import QueueBar
from widgets.pages.overview.queues import QueuesPanel
from widgets.parts.queue_lines import ROW

NOW = [0.0]


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    theme.apply("light", qt_app)
    NOW[0] = time.time()
    made = DeskWorld(tmp_path, FakeQueues({"m1": "{}", "m2": "{}"}, lambda: NOW[0]), lambda: NOW[0], "operator")
    yield made
    made.close()


def letters(world: DeskWorld) -> DeadLetterActs:
    return world.desk.dead_letters


def words(world: DeskWorld) -> tuple[str, list[list[str]]]:
    panel = QueuesPanel(world.desk)
    panel.resize(430, 140)
    panel.show()
    panel.refresh()
    panel.grab()  # it is drawn, too
    face, lines = panel.faces.face_words(), panel.queues.words()
    panel.close()
    return face, lines


def test_before_anything_was_asked_nothing_is_claimed(world: DeskWorld) -> None:
    assert words(world) == ("", [["Main queue", "—", "Not asked yet"], ["Dead letters", "—", "Not asked yet"]])


def test_counts_and_ages_and_that_the_main_queues_is_an_estimate(world: DeskWorld) -> None:
    world.loaded("jobs", "outbox", "queue_history")
    world.job("j1", "Blue Door", "pending")
    world.store.put("outbox", {"id": "1", "job_id": "j1", "sent_at": to_iso(NOW[0] - 185)})
    world.store.take_changed()
    world.queues.sent.append("{}")
    asyncio.run(letters(world).follow())
    assert words(world)[1] == [
        ["Main queue", "1", "oldest about 3 min, estimated", "0 in flight"],
        ["dlq", "2", "oldest 1 h", "0 in flight"],
    ]
    world.queues.sent.clear()
    world.queues.dead.clear()
    asyncio.run(letters(world).follow())
    assert [line[2] for line in words(world)[1]] == ["empty", "empty"]


def test_delayed_messages_and_the_queues_own_name(world: DeskWorld) -> None:
    letters(world).watch.now["main"] = type(letters(world).watch.now["main"])(
        QueueFigures(7, 2, 1, arn="arn:aws:sqs:us-east-2:0:DirectoryBolt"), NOW[0]
    )
    assert words(world)[1][0] == ["DirectoryBolt", "7", "age not known", "2 in flight", "1 delayed"]


def test_what_may_not_be_asked_or_has_no_answer_is_named(world: DeskWorld) -> None:
    world.queues.faults["figures"] = NotPermitted("The queue does not allow this.", hint="Ask an admin.")
    asyncio.run(letters(world).follow())
    assert words(world)[0] == "The queue does not allow this."
    world.queues.faults["figures"] = NotInstalled("The queue's address is not set.")
    asyncio.run(letters(world).follow())
    assert words(world)[0] == "The queue's address is not set."
    world.queues.faults.clear()
    asyncio.run(letters(world).follow())
    assert words(world)[0] == ""
    world.queues.faults["figures"] = NotReachable("The queue does not answer.")
    asyncio.run(letters(world).follow())
    assert all(line[2].startswith("No answer since ") for line in words(world)[1])


def test_the_dead_letters_are_followed_without_the_right_to_count_the_main_queue(world: DeskWorld) -> None:
    figures = world.queues.figures

    async def closed(which: str) -> QueueFigures:
        if which == "main":
            raise NotPermitted("The queue does not allow this: GetQueueAttributes.")
        return await figures("dlq")

    world.queues.figures = closed  # type: ignore[method-assign]
    asyncio.run(letters(world).follow())
    assert (letters(world).look.problem, set(letters(world).lines)) == ("", {"m1", "m2"})
    main, dead = words(world)[1]
    assert main == ["Main queue", "—", "Not permitted"]
    assert dead[1] == "2"


def test_a_click_on_the_dead_letters_leads_there(world: DeskWorld) -> None:
    asyncio.run(letters(world).follow())
    panel = QueuesPanel(world.desk)
    panel.resize(430, 140)
    panel.show()
    asked: list[bool] = []
    panel.show_dead_letters.connect(lambda: asked.append(True))
    for row in (0, 1):
        QTest.mouseClick(panel.queues, Qt.MouseButton.LeftButton, pos=QPoint(40, metrics.px(ROW) * row + 9))
    assert asked == [True]
    panel.close()


def test_over_the_dead_letters_both_stand_on_one_line(world: DeskWorld) -> None:
    async def ask() -> None:
        await letters(world).follow()

    bar = QueueBar(world.desk)
    assert bar.queues.words() == [["Main queue", "—", "Not asked yet"], ["Dead letters", "—", "Not asked yet"]]
    asyncio.run(ask())
    bar.refresh()
    assert bar.queues.words() == [
        ["Main queue", "0", "empty", "0 in flight"],
        ["dlq", "2", "oldest 1 h", "0 in flight"],
    ]
    wide, least = bar.queues.sizeHint().width(), bar.queues.minimumSizeHint().width()
    pictures = []
    for width in (wide, wide - 1, least, least - 20):
        bar.queues.resize(width, bar.queues.height())
        pictures.append(bar.queues.grab().toImage())
    # The lines go first, then all but the numbers.
    high = bar.queues.height()
    assert pictures[0].copy(0, 0, wide - 1, high) != pictures[1]
    assert pictures[1].copy(0, 0, least, high) != pictures[2]
    assert pictures[2].copy(0, 0, least - 20, high) == pictures[3]
    world.queues.faults["figures"] = NotPermitted("This sign-in lacks the right.", hint="Ask an admin.")
    asyncio.run(ask())
    bar.refresh()
    assert bar.queues.words()[0][2].startswith("Not permitted since")
    assert "Ask an admin." in bar.queues.toolTip()
