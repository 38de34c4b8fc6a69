"""Tasks are held, named, and their failures reported."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from app import tasks
from tests.fakes.virtual_time import run_virtually
from tests.leaks.logs import Logged


@pytest.fixture
def failures() -> Iterator[list[tuple[str, BaseException]]]:
    seen: list[tuple[str, BaseException]] = []
    tasks.report_failures(lambda name, error: seen.append((name, error)))
    yield seen
    tasks.report_failures(None)


def test_a_failure_is_reported_though_nobody_awaits(failures: list[tuple[str, BaseException]], logged: Logged) -> None:
    async def main() -> None:
        async def fail() -> None:
            raise ValueError("no")

        tasks.spawn("load jobs", fail())
        await asyncio.sleep(0.01)

    run_virtually(main())
    assert [(name, str(error)) for name, error in failures] == [("load jobs", "no")]
    logged.take("load jobs failed")


def test_a_task_lives_without_a_reference(failures: list[tuple[str, BaseException]]) -> None:
    done = []

    async def main() -> None:
        async def finish() -> None:
            await asyncio.sleep(0.01)
            done.append(True)

        tasks.spawn("finish", finish())
        gc.collect()
        assert tasks.running() == ["finish"]
        await asyncio.sleep(0.03)

    run_virtually(main())
    assert done == [True]
    assert tasks.running() == []


def test_the_same_name_cancels_the_earlier_task(failures: list[tuple[str, BaseException]]) -> None:
    seen: list[str] = []

    async def main() -> None:
        async def load(what: str) -> None:
            await asyncio.sleep(0.01)
            seen.append(what)

        first = tasks.supersede("load job", load("A"))
        second = tasks.supersede("load job", load("B"))
        await asyncio.gather(first, second, return_exceptions=True)
        third = tasks.supersede("load job", load("C"))
        await third

    run_virtually(main())
    assert seen == ["B", "C"]
    assert failures == []


def test_shutdown_runs_every_finally_and_names_what_stays(failures: list[tuple[str, BaseException]]) -> None:
    closed = []

    async def main() -> list[str]:
        async def tidy() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                closed.append(True)

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0.2)

        tasks.spawn("tidy", tidy())
        tasks.spawn("stubborn", stubborn())
        await asyncio.sleep(0)
        late = await tasks.shutdown(0.05)
        await asyncio.sleep(0.3)
        return late

    assert run_virtually(main()) == ["stubborn"]
    assert closed == [True]
    assert failures == []


def test_shutdown_tells_what_is_spawned_by_one_that_is_late(failures: list[tuple[str, BaseException]]) -> None:
    async def main() -> list[str]:
        async def first() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.shield(tasks.spawn("last word", asyncio.sleep(1000)))

        async def stubborn() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(10)

        tasks.spawn("first", first())
        tasks.spawn("stubborn", stubborn())
        await asyncio.sleep(0)
        late = await tasks.shutdown(1)
        await asyncio.sleep(20)
        return late

    assert run_virtually(main()) == ["stubborn"]
    assert tasks.running() == []


def test_shutdown_ends_what_is_spawned_while_it_waits(failures: list[tuple[str, BaseException]]) -> None:
    """A task that ends may leave its last word to another one, and a button may still be pressed."""
    ended = []

    async def main() -> list[str]:
        async def last_word() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("word")

        async def first() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0.01)
                tasks.spawn("last word", last_word())
                await asyncio.sleep(0)
                ended.append("first")

        tasks.spawn("first", first())
        await asyncio.sleep(0)
        return await tasks.shutdown()

    assert run_virtually(main()) == []
    assert (ended, tasks.running()) == (["first", "word"], [])
    assert failures == []
