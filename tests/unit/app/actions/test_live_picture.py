"""The live picture is asked for only while a run goes on and somebody looks."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from services.domain.run_commands import Watch
from tests.fakes.runs import HOLD
from tests.unit.app.actions.run_world import ENDED, STARTED, TARGET, World, verdict
from tests.waiting import until

FRAME = {"kind": "frame", "data": base64.b64encode(b"jpeg").decode(), "width": 1280, "height": 800}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.operations.close()


def test_frames_are_asked_for_while_somebody_looks(world: World) -> None:
    live = world.acts.live
    world.script(STARTED, FRAME, HOLD, verdict("dry"), ENDED)

    async def act() -> None:
        live.watch(True)
        assert world.runner.told == []
        run = tasks.spawn("run", world.acts.run(TARGET, dry=True))
        await until(lambda: live.number)
        for on in (True, True, False, False, True):
            live.watch(on)
        assert world.runner.told == [Watch(True), Watch(False), Watch(True)]
        assert (live.bytes(), live.size, live.run_id) == (b"jpeg", (1280, 800), world.acts.state.run_id)
        world.runner.go.set()
        await run
        live.watch(False)
        live.watch(True)
        assert len(world.runner.told) == 4

    world.in_loop(act)


def test_what_is_no_frame_is_left_out(world: World) -> None:
    live = world.acts.live
    odd: list[dict[str, Any]] = [{}, {"data": 1}, {"data": "x" * 4_000_001}, {"width": None}, {"height": -1}]
    for change in odd:
        live.take({**FRAME, **change} if change else {})
    assert live.number == 0
    live.take({**FRAME, "data": "é"})
    assert live.bytes() == b""
