"""A batch of runs that is killed anywhere: nothing is submitted twice, nothing is lost, and it can be gone on with."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.run_batches import buttons, press
from services.domain.errors import ConsoleError
from tests.leaks.logs import Logged
from tests.unit.app.actions.batch_world import JOB, Browsers, Facts, Program
from tests.waiting import until

HOSTS = [f"{name}.localhost" for name in "abc"]
TWO = HOSTS[:2]
MOMENTS = 37
"""One more than a batch of two has: the last one kills nothing."""
NOT_BEGUN = {"a.localhost": "missing", "b.localhost": "missing"}
MOMENTS_NOT_BEGUN = 33
"""The same of a batch of two that can't be begun."""


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


class Bomb:
    """Kills at the `at`-th moment, and whoever goes on after that; each call that leaves a trace has a moment before
    and one after."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.gone_off = False

    def tick(self) -> None:
        if self.gone_off or self.left == 0:
            self.gone_off = True
            raise Killed
        self.left -= 1

    def watch(self, thing: Any, *names: str) -> None:
        for name in names:
            setattr(thing, name, self._watched(getattr(thing, name)))

    def _watched(self, call: Any) -> Any:
        async def later(*args: Any, **named: Any) -> Any:
            self.tick()
            answer = await call(*args, **named)
            self.tick()
            return answer

        def now(*args: Any, **named: Any) -> Any:
            self.tick()
            answer = call(*args, **named)
            self.tick()
            return answer

        return later if inspect.iscoroutinefunction(call) else now


def killed(error: BaseException) -> bool:
    """Whether nothing but the bomb is in it."""
    return isinstance(error, Killed) or (isinstance(error, BaseExceptionGroup) and all(map(killed, error.exceptions)))


def end(program: Program) -> None:
    program.operations.close()
    for name in ("claim_run", "finish_run"):
        vars(program.facts).pop(name, None)
    program.browsers.tick = lambda: None


@pytest.mark.parametrize(
    ("moment", "ends", "of"),
    [
        *((moment, {}, MOMENTS) for moment in range(MOMENTS)),
        *((moment, NOT_BEGUN, MOMENTS_NOT_BEGUN) for moment in range(MOMENTS_NOT_BEGUN)),
    ],
)
def test_killed_at_any_moment(tmp_path: Path, moment: int, ends: dict[str, str], of: int, logged: Logged) -> None:
    logged.allow("unhandled exception during")
    facts, browsers, bomb = Facts(TWO), Browsers(), Bomb(moment)
    browsers.ends = ends
    first = Program(tmp_path, facts, browsers)
    kill(first, bomb, first.run_failed)
    assert bomb.gone_off is (moment < of - 1), "a moment is left out"
    all_ended_once(Program(tmp_path, facts, Browsers()), browsers.sent)


@pytest.mark.parametrize("moment", range(0, MOMENTS, 3))
def test_killed_while_what_was_not_begun_is_tried_again(tmp_path: Path, moment: int, logged: Logged) -> None:
    logged.allow("unhandled exception during")
    facts, browsers, bomb = Facts(TWO), Browsers(), Bomb(moment)
    browsers.ends = NOT_BEGUN
    first = Program(tmp_path, facts, browsers)
    assert first.loop(first.run_failed) == "unknown"
    end(first)
    browsers.ends = {}
    second = Program(tmp_path, facts, browsers)
    kill(second, bomb, lambda: second.batches.resume(second.whole.id))
    all_ended_once(Program(tmp_path, facts, Browsers()), browsers.sent)


def kill(program: Program, bomb: Bomb, act: Callable[[], Awaitable[Any]]) -> None:
    """Have the bomb end a program in the middle of an act."""
    bomb.watch(program.operations, "plan", "move")
    bomb.watch(program.facts, "claim_run", "finish_run")
    program.browsers.tick = bomb.tick

    async def acting() -> None:
        # Whoever was killed in the middle of a call has nobody left to tell, whenever that comes out.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await act()

    try:
        program.loop(acting)
    except BaseException as error:
        if not killed(error):
            raise
    end(program)


def all_ended_once(again: Program, before: Counter[str]) -> None:
    """After a kill a person goes on: nothing was sent twice, and of each directory it is known what became of it."""
    facts = again.facts

    async def go_on() -> None:
        if again.operations.newest_first() and "Resume" in buttons(again.batches, again.whole):
            press(again.batches, again.whole.id, "Resume")
            await until(lambda: again.whole.state not in ("unknown", "running"))

    again.loop(go_on)
    sent = before + again.browsers.sent
    assert max(sent.values(), default=0) <= 1, "submitted twice"
    if not again.operations.newest_first():
        assert not sent, "something was sent that nobody has written down"
        assert again.failed() == TWO
    else:
        for host in TWO:
            status = facts.status(host)
            # "submitting" without an owner is the lane of unknown outcomes, where a person says.
            assert status in ("submitted", "submitting"), "lost"
            assert sent[host] or status == "submitting"
        assert again.whole.state in ("done", "failed")
        ends = {item.target.split("/")[1]: item.state for item in again.items() if item.state != "undone"}
        assert {host for host, state in ends.items() if state == "unknown"} == {
            host for host in TWO if facts.status(host) == "submitting"
        }
        assert sorted(ends) == TWO
        assert buttons(again.batches, again.whole) == ()
    end(again)


def test_a_window_that_closes_leaves_what_was_in_hand_to_a_person_and_goes_on_with_the_rest(tmp_path: Path) -> None:
    facts, browsers = Facts(HOSTS), Browsers()
    first = Program(tmp_path, facts, browsers)
    browsers.ends = dict.fromkeys(HOSTS, "hold")

    async def close() -> None:
        doing = tasks.spawn("batch", first.run_failed())
        await until(lambda: len(browsers.open) == 2)
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing

    first.loop(close)
    end(first)
    again = Program(tmp_path, facts, browsers)
    assert again.store.jobs.get(JOB) is not None

    async def go_on() -> None:
        assert again.whole.words == (
            "The program ended in the middle: go on with it, or give it up. 0 of 3 submitted, 2 of unknown outcome, "
            "1 not begun. a.localhost: The window closed: look at the directory before it is tried again; "
            "b.localhost: The window closed: look at the directory before it is tried again"
        )
        again.store.set_state("jobs", again.store.state("jobs").__class__())
        with pytest.raises(ConsoleError, match="isn't known yet"):
            await again.batches.resume(again.whole.id)
        facts.fill(again.store)
        browsers.ends = {}
        assert await again.batches.resume(again.whole.id) == "failed"

    again.loop(go_on)
    assert browsers.sent == {HOSTS[2]: 1}
    assert again.whole.words.startswith("1 of 3 submitted, 2 of unknown outcome. a.localhost: The window closed")
    end(again)


def test_it_is_not_gone_on_with_beside_another_of_the_same_job(tmp_path: Path) -> None:
    facts, browsers = Facts(HOSTS), Browsers()
    program = Program(tmp_path, facts, browsers)
    browsers.ends = dict.fromkeys(HOSTS, "missing")

    async def act() -> None:
        await program.run_failed()
        left = program.whole
        browsers.ends = dict.fromkeys(HOSTS, "hold")
        doing = tasks.spawn("batch", program.run_failed())
        await until(lambda: browsers.open)
        if buttons(program.batches, left):
            with pytest.raises(ConsoleError, match="are being run here"):
                await program.batches.resume(left.id)
        browsers.go.set()
        await doing

    program.loop(act)
    assert max(browsers.sent.values()) == 1
    end(program)
