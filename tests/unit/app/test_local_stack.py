"""The local stack from one sign-in to the next: handed over, started again, stopped once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from app import local_stack, tasks
from app.local_stack import LocalStack
from app.premises import Premises
from services.domain.errors import NotReachable
from services.settings import read_settings
from tests.fakes.stack import FakeStack, fake_stack
from tests.waiting import until

HERE = {"SUPABASE_URL": "http://127.0.0.1:1"}
ELSEWHERE = {"SUPABASE_URL": "http://127.0.0.1:2"}


class Heard:
    """Keeps what it is told of the parts."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, str]] = []

    def __call__(self, name: str, state: str, why: str) -> None:
        self.parts.append((name, state))


def run(
    monkeypatch: pytest.MonkeyPatch, made: type[FakeStack], suite: Coroutine[Any, Any, None], pause: float = 0.0
) -> None:
    monkeypatch.setattr(local_stack, "StackProcess", made)
    monkeypatch.setattr(local_stack, "FIRST_PAUSE", pause)

    async def act() -> None:
        async with asyncio.timeout(30):
            await suite
        await tasks.shutdown()

    asyncio.run(act())


def test_the_next_sign_in_gets_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_stack(HERE)

    async def suite() -> None:
        stack, first, second = LocalStack({"DIRECTORY_BOLT_HOME": "x"}), Heard(), Heard()
        assert await stack.settings(first) == HERE
        task = tasks.spawn("local stack", stack.keep())
        await asyncio.sleep(0)
        task.cancel()
        assert await stack.settings(second) == HERE
        assert (len(made.made), made.made[0].stopped) == (1, False)
        assert first.parts == second.parts == [("worker", "up")]
        await stack.stop()
        await stack.stop()
        assert made.made[0].stopped
        assert made.made[0].environment == {"DIRECTORY_BOLT_HOME": "x"}

    run(monkeypatch, made, suite())


def test_one_that_ended_between_two_sign_ins_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_stack(HERE)

    async def suite() -> None:
        stack = LocalStack({})
        await stack.settings(Heard())
        made.made[0].end()
        await stack.settings(Heard())
        assert len(made.made) == 2
        await stack.stop()

    run(monkeypatch, made, suite())


def test_a_start_that_failed_leaves_nothing_and_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_stack(NotReachable("No."), HERE)

    async def suite() -> None:
        stack = LocalStack({})
        with pytest.raises(NotReachable):
            await stack.settings(Heard())
        assert made.made[0].stopped
        assert await stack.settings(Heard()) == HERE
        await stack.stop()

    run(monkeypatch, made, suite())


def test_it_is_kept_running_until_it_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_stack(HERE, NotReachable("No."), HERE, ELSEWHERE)

    async def suite() -> None:
        stack, heard = LocalStack({}), Heard()
        await stack.settings(heard)
        keeping = tasks.spawn("local stack", stack.keep())
        await asyncio.sleep(0)
        made.made[0].end()
        await until(lambda: len(made.made) == 3)
        assert not keeping.done()
        made.made[2].end()
        await keeping
        assert await stack.settings(Heard()) == ELSEWHERE
        assert [state for name, state in heard.parts if name == "stack"] == [
            "restarting", "restarting", "up", "restarting", "up",
        ]  # fmt: skip
        assert len(made.made) == 4
        await stack.stop()

    run(monkeypatch, made, suite())


def test_a_stop_that_is_called_off_in_the_middle_can_be_waited_for_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_stack(HERE)

    async def suite() -> None:
        premises, may_end = Premises(), asyncio.Event()
        settings = read_settings({})
        stack = premises.local_stack(settings)
        await stack.settings(Heard())
        one = made.made[0]

        async def stop() -> None:
            await may_end.wait()
            one.stopped = True

        monkeypatch.setattr(one, "stop", stop)
        first = asyncio.ensure_future(premises.leave_local_stack())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        # The end of the program waits for it, or its ports would be taken in the next one.
        second = asyncio.ensure_future(premises.close())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not second.done()
        may_end.set()
        await second
        assert one.stopped
        await premises.close()

    run(monkeypatch, made, suite())
