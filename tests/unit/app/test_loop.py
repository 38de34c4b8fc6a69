"""The program's loop, each time in a process of its own: Qt can be started once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import Generator
from pathlib import Path

from app.loop import built

ROOT = Path(__file__).resolve().parents[3]
HEAD = """
import asyncio, os, sys, time
sys.path.insert(0, {root!r})
from PySide6.QtWidgets import QApplication
from app import tasks
from app.loop import run_in_qt
application = QApplication(["test", "-platform", "offscreen"])
"""


def run(body: str) -> subprocess.CompletedProcess[str]:
    code = HEAD.format(root=str(ROOT)) + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


def test_the_end_awaits_every_task_and_gives_the_code() -> None:
    done = run("""
        async def worker():
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.05)
                print("tidied")

        async def main(closing):
            tasks.spawn("worker", worker())
            asyncio.get_running_loop().call_later(0.1, closing.ask)
            await closing.wait()
            return 3

        sys.exit(run_in_qt(application, main))
    """)
    assert (done.returncode, done.stdout, done.stderr) == (3, "tidied\n", "")


def test_task_groups_and_time_limits_work_in_it() -> None:
    done = run("""
        async def main(closing):
            async with asyncio.TaskGroup() as group:
                one = group.create_task(asyncio.sleep(0.01, "one"))
            try:
                async with asyncio.timeout(0.05):
                    await asyncio.Event().wait()
            except TimeoutError:
                print(one.result(), "late")
            return 0

        sys.exit(run_in_qt(application, main))
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "one late\n", "")


def test_an_end_that_hangs_is_ended() -> None:
    done = run("""
        async def main(closing):
            closing.ask()
            while True:
                time.sleep(0.05)

        sys.exit(run_in_qt(application, main, end_limit=0.3))
    """)
    assert done.returncode == 70


def test_between_the_steps_of_a_building_the_loop_has_its_turn() -> None:
    order: list[str] = []

    def building() -> Generator[None, None, str]:
        for part in ("walls", "roof"):
            order.append(part)
            asyncio.get_running_loop().call_soon(order.append, f"a turn after the {part}")
            yield
        order.append("door")
        return "house"

    assert asyncio.run(built(building())) == "house"
    assert order == ["walls", "a turn after the walls", "roof", "a turn after the roof", "door"]
