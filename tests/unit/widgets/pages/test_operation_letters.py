"""The Operations page shows what became of each letter of an act on many dead letters."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.actions.operations import Operation
from app.replay.pace import Options
from services.domain.errors import Refused
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.unit.widgets.pages.test_operations import items, on_page
from tests.waiting import until
from widgets.pages.operations import OperationsPage
from widgets.pages.operations.rows import COPY, pressed

LETTERS = {"m0": json.dumps({"job_id": "j0"}), "m1": json.dumps({"job_id": "job-unknown"}), "m2": "no json"}


@pytest.fixture
def world(qt_app: QApplication, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues(LETTERS, time.time), time.time, "operator")
    made.job("j0", "Alder Bikes", "pending")
    made.desk.batches.pace = Options(rate=0, ramp=())
    made.store.take_changed()
    yield made
    made.close()


def newest(world: DeskWorld) -> Operation:
    return world.desk.operations.newest_first()[0]


def test_letters_of_a_replay_an_archive_and_a_putting_back_are_items(world: DeskWorld) -> None:
    desk = world.desk

    async def act(page: OperationsPage) -> None:
        await desk.dead_letters.scan()
        await desk.batches.archive(["m0", "m1", "m2"], reason="junk")
        archive = newest(world)
        page.show_operation(archive.id)
        shown = [("Alder Bikes", "Archived"), ("Job job-unkn", "Archived"), ("Text, not JSON, m2", "Archived")]
        await until(lambda: sorted(items(page)) == shown)
        await desk.records.read()
        await desk.records.put_back(["m0", "m1"], reason="not junk")
        page.changed()
        shown[:2] = [("Alder Bikes", "Archived, put back since"), ("Job job-unkn", "Archived, put back since")]
        await until(lambda: sorted(items(page)) == shown)
        page.show_operation(newest(world).id)
        await until(lambda: [name for name, _ in items(page)] == ["Alder Bikes", "Job job-unkn"])
        assert all(words.startswith("Put back as ") for _, words in items(page))
        await desk.dead_letters.scan()
        await desk.batches.replay(desk.batches.weigh(list(desk.dead_letters.lines)), reason="")
        page.show_operation(newest(world).id)
        await until(lambda: sorted(items(page)) == [("Alder Bikes", "Replayed"), ("Job job-unkn", "Replayed")])

    on_page(world, act)


def test_letters_are_followed_while_they_are_moved(world: DeskWorld) -> None:
    desk = world.desk

    async def act(page: OperationsPage) -> None:
        await desk.dead_letters.scan()
        world.queues.faults["send"] = Refused("The queue is closed.")
        await desk.batches.replay(desk.batches.weigh(["m0", "m1"]), reason="")
        page.show_operation(newest(world).id)
        await until(lambda: {words for _, words in items(page)} == {"The queue is closed."})
        pressed(desk, newest(world).id, COPY)
        await until(lambda: "Alder Bikes: The queue is closed." in QApplication.clipboard().text())
        del world.queues.faults["send"]
        await desk.batches.resume(newest(world).id)
        await until(lambda: {words for _, words in items(page)} == {"Replayed"})

    on_page(world, act)
