"""Work that is carried to its end, whoever stops waiting for it."""

from __future__ import annotations

import asyncio

import pytest

from services.to_the_end import to_the_end


def test_it_gives_what_the_work_gives_and_raises_what_it_raises() -> None:
    async def work(fails: bool) -> int:
        await asyncio.sleep(0)
        if fails:
            raise ValueError("no")
        return 7

    assert asyncio.run(to_the_end(work(False))) == 7
    with pytest.raises(ValueError, match="no"):
        asyncio.run(to_the_end(work(True)))


@pytest.mark.parametrize("fails", [False, True])
def test_who_is_cancelled_however_often_waits_for_the_end(fails: bool) -> None:
    async def suite() -> None:
        go_on, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            await go_on.wait()
            ended.set()
            if fails:
                raise ValueError("no")

        waiting = asyncio.get_running_loop().create_task(to_the_end(work()))
        for _ in range(3):
            await asyncio.sleep(0)
            waiting.cancel("called off")
            await asyncio.sleep(0)
            assert not waiting.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert ended.is_set()

    asyncio.run(suite())


def test_one_that_is_cancelled_before_it_began_does_the_work_all_the_same() -> None:
    async def suite() -> None:
        ended = asyncio.Event()

        async def work() -> None:
            ended.set()

        async def whole() -> None:
            me = asyncio.current_task()
            assert me is not None
            me.cancel()
            await to_the_end(work())

        with pytest.raises(asyncio.CancelledError):
            await asyncio.get_running_loop().create_task(whole())
        assert ended.is_set()

    asyncio.run(suite())


def test_what_does_not_end_is_given_so_long_and_cancelled_then() -> None:
    async def suite() -> None:
        cancelled = asyncio.Event()

        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        waiting = asyncio.get_running_loop().create_task(to_the_end(work(), within=0.01))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert cancelled.is_set()

    asyncio.run(suite())


def test_what_is_told_to_hurry_can_end_soon() -> None:
    async def suite() -> None:
        soon = asyncio.Event()

        async def work() -> None:
            await soon.wait()

        waiting = asyncio.get_running_loop().create_task(to_the_end(work(), hurry=soon.set))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(suite())


def test_what_ends_in_time_leaves_no_timer() -> None:
    async def suite() -> None:
        go_on = asyncio.Event()

        async def work() -> None:
            await go_on.wait()

        waiting = asyncio.get_running_loop().create_task(to_the_end(work(), within=1000))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]

    asyncio.run(suite())
