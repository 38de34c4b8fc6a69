"""Work that a fault of the database cuts short is repeated, for so long and no longer."""

from __future__ import annotations

import asyncio
import threading

import psycopg
import pytest

from services.pipeline.patience import patiently, settled


def test_repeated_until_it_works() -> None:
    tries: list[str] = []

    def work(word: str) -> int:
        tries.append(word)
        if len(tries) < 3:
            raise psycopg.errors.AdminShutdown("terminating connection")
        return len(tries)

    assert asyncio.run(patiently(60, work, "go")) == 3
    assert tries == ["go"] * 3


def test_its_last_fault_is_raised_when_the_time_is_over() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise psycopg.OperationalError("connection refused")

    with pytest.raises(psycopg.OperationalError, match="refused"):
        asyncio.run(patiently(0.15, work))
    assert len(tries) > 1


def test_other_faults_are_not_repeated() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise psycopg.errors.UndefinedTable("no such table")

    with pytest.raises(psycopg.errors.UndefinedTable):
        asyncio.run(patiently(60, work))
    assert tries == [1]


@pytest.mark.parametrize("fails", [False, True])
def test_a_stop_waits_for_the_work_in_hand(fails: bool) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert go_on.wait(20)
        ended.set()
        if fails:
            raise psycopg.OperationalError("gone")

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(settled(work))
            await asyncio.to_thread(begun.wait, 20)
            task.cancel()
            await asyncio.sleep(0)
            go_on.set()
        assert task.cancelled()
        assert ended.is_set()

    asyncio.run(main())
