"""The lock of a window that nobody uses: when it closes, what is off meanwhile, and what opens it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app import tasks
from app.actions.idle_lock import AGAIN_FOR, IdleLock
from app.actions.known_password import MOST_TRIES, KnownPassword
from app.actions.preferences import lock_minutes
from app.actions.registry import LOCKED, PAUSE_JOB, SCAN, why_not
from services.domain.errors import NotPermitted, NotReachable, Refused
from tests.leaks.logs import Logged
from tests.waiting import until


class Hand:
    """Acts that ask for a role."""

    def __init__(self, role: str | None) -> None:
        self.role = role


class World:
    """A lock with its clocks, monotonic and wall."""

    def __init__(self, minutes: float = 15) -> None:
        self.clocks = [100.0, 1_800_000_000.0]
        self.hands = [Hand("operator"), Hand("viewer")]
        self.answer: Exception | None = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.shut: list[bool] = []
        self.busy = False
        clocks = (lambda: self.clocks[0], lambda: self.clocks[1])
        self.known = KnownPassword()
        self.asked: list[str] = []
        self.lock = IdleLock(
            self._confirm, self.hands, minutes=minutes, clocks=clocks, shut=self.shut.append, busy=lambda: self.busy,
            known=self.known, again_seconds=0.0,
        )  # fmt: skip

    def wait(self, seconds: float, *, asleep: bool = False) -> None:
        self.clocks[1] += seconds
        if not asleep:
            self.clocks[0] += seconds
        self.lock.tick()

    def roles(self) -> list[str | None]:
        return [hand.role for hand in self.hands]

    async def _confirm(self, password: str) -> None:
        self.asked.append(password)
        await self.may_answer.wait()
        if self.answer is not None:
            raise self.answer


def run(suite: Callable[[], Awaitable[None]]) -> None:
    async def act() -> None:
        async with asyncio.timeout(30):
            await suite()
        await tasks.shutdown()

    asyncio.run(act())


@pytest.mark.parametrize("asleep", [True, False])
def test_it_locks_after_the_minutes_without_input(asleep: bool) -> None:
    world = World()
    world.wait(14 * 60)
    world.lock.used()
    world.wait(14 * 60)
    assert world.roles() == ["operator", "viewer"]
    world.wait(60, asleep=asleep)
    assert world.lock.locked
    assert world.roles() == [LOCKED, LOCKED]
    assert why_not(PAUSE_JOB, LOCKED) == why_not(SCAN, LOCKED) == "The window is locked."


def test_an_input_after_too_long_finds_it_locked_also_without_a_tick() -> None:
    world = World()
    world.clocks[1] += 15 * 60
    world.lock.used()
    assert world.lock.locked


def test_what_was_begun_goes_on_under_the_cover() -> None:
    async def suite() -> None:
        world = World()
        world.busy = True
        world.wait(15 * 60)
        assert (world.lock.locked, world.roles()) == (True, ["operator", "viewer"])
        world.lock.unlock("right")
        await until(lambda: not world.lock.locked)
        world.wait(15 * 60)
        world.lock.set_role("operator")
        world.busy = False
        world.wait(1)
        assert (world.lock.locked, world.roles()) == (True, [LOCKED, LOCKED])
        world.lock.unlock("right")
        await until(lambda: world.roles() == ["operator", "operator"])

    run(suite)


def test_zero_minutes_are_never() -> None:
    world = World(0)
    world.wait(1e6)
    assert not world.lock.locked


def test_the_password_opens_it_and_gives_the_roles_back() -> None:
    async def suite() -> None:
        world = World()
        world.lock.lock()
        world.lock.lock()
        world.may_answer.clear()
        world.lock.unlock("right")
        world.lock.unlock("twice")
        assert world.lock.trying
        world.may_answer.set()
        await until(lambda: not world.lock.trying)
        assert (world.lock.locked, world.roles()) == (False, ["operator", "viewer"])
        assert world.shut == [True, False]
        await until(lambda: tasks.running() == [])
        world.lock.unlock("not locked")
        assert tasks.running() == []
        world.wait(60)
        assert not world.lock.locked

    run(suite)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NotPermitted("No.", settings={"STAFF_PASSWORD": "Not this."}), "This is not your password."),
        (Refused("This person may not sign in."), "This person may not sign in."),
    ],
)
def test_what_does_not_open_it_says_why(error: Exception, words: str) -> None:
    async def suite() -> None:
        world = World()
        world.lock.lock()
        world.answer = error
        world.lock.unlock("wrong")
        await until(lambda: not world.lock.trying)
        assert (world.lock.locked, world.lock.said, world.roles()) == (True, words, [LOCKED, LOCKED])

    run(suite)


def test_a_project_that_is_away_is_asked_again_by_itself() -> None:
    async def suite() -> None:
        world = World()
        world.lock.lock()
        world.answer = NotReachable("Gone.")
        world.lock.unlock("right")
        await until(lambda: len(world.asked) > 2)
        assert (world.lock.locked, world.lock.unsure) == (True, True)
        assert world.lock.said == "The project can't be asked now. It is tried again by itself; you can sign out too."
        world.answer = None
        await until(lambda: not world.lock.locked)
        assert (world.lock.said, world.lock.unsure, world.shut) == ("", False, [True, False])

    run(suite)


def test_a_window_does_not_open_after_its_person_has_left_again() -> None:
    async def suite() -> None:
        world = World()
        world.lock.lock()
        world.answer = NotReachable("Gone.")
        world.lock.unlock("right")
        await until(lambda: len(world.asked) > 2)
        world.clocks[0] += AGAIN_FOR
        await until(lambda: tasks.running() == [])
        assert (world.lock.locked, world.lock.trying) == (True, False)
        assert world.lock.said == "The project could not be asked. Try again, or sign out."
        world.lock.unlock("wrong")
        await until(lambda: world.asked[-1] == "wrong" and world.lock.unsure)
        world.lock.give_up()  # another one is being typed
        asked = len(world.asked)
        world.lock.unlock("right")
        world.answer = None
        await until(lambda: not world.lock.locked)
        assert world.asked[asked:] == ["right"]
        world.lock.give_up()

    run(suite)


def test_without_the_project_the_password_that_it_has_accepted_opens_the_window() -> None:
    async def suite() -> None:
        world = World()
        world.lock.lock()
        world.lock.unlock("right")
        await until(lambda: not world.lock.locked)
        world.answer = NotReachable("Gone.")
        world.lock.lock()
        world.lock.unlock("wrong")
        await until(lambda: world.lock.said)
        assert (world.lock.locked, world.lock.unsure) == (True, False)
        assert world.lock.said.startswith("You did not come in with this password")
        world.lock.unlock("right")
        await until(lambda: not world.lock.locked)
        assert world.roles() == ["operator", "viewer"]
        world.lock.lock()
        for _ in range(MOST_TRIES):
            world.lock.unlock("guess")
            await until(lambda: not world.lock.trying)
        world.lock.unlock("right")
        await until(lambda: world.lock.unsure)
        assert world.lock.locked, "after so many guesses only the project can say"

    run(suite)


def test_a_password_that_the_project_takes_no_more_opens_nothing_without_it() -> None:
    async def suite() -> None:
        world = World()
        await world.known.learn("old")
        world.lock.lock()
        world.answer = NotPermitted("No.", settings={"STAFF_PASSWORD": "Not this."})
        world.lock.unlock("old")
        await until(lambda: world.lock.said)
        world.answer = NotReachable("Gone.")
        world.lock.unlock("old")
        await until(lambda: world.lock.unsure)
        assert world.lock.locked

    run(suite)


def test_a_fault_of_ours_leaves_it_locked_and_says_so(logged: Logged) -> None:
    async def suite() -> None:
        world = World()
        world.lock.lock()
        world.answer = ValueError("ours")
        world.lock.unlock("right")
        await until(lambda: world.lock.said)
        assert (world.lock.locked, world.lock.trying, world.lock.said) == (True, False, "It could not be tried.")

    run(suite)
    logged.take("unlock failed")


def test_a_role_that_becomes_known_while_it_is_locked_counts_afterwards() -> None:
    async def suite() -> None:
        world = World()
        world.lock.set_role("viewer")
        assert world.roles() == ["viewer", "viewer"]
        world.lock.lock()
        world.lock.set_role("admin")
        assert world.roles() == [LOCKED, LOCKED]
        world.lock.unlock("right")
        await until(lambda: world.roles() == ["admin", "admin"])

    run(suite)


@pytest.mark.parametrize(
    ("where", "given", "chosen", "minutes", "words"),
    [
        ("local", 5.0, 30.0, 0.0, "Never on the local stack"), ("production", None, None, 15.0, ""),
        ("staging", None, 30.0, 30.0, ""), ("production", 0.0, 30.0, 0.0, "IDLE_LOCK_MINUTES"),
    ],
)  # fmt: skip
def test_the_minutes_of_the_lock(
    where: str, given: float | None, chosen: float | None, minutes: float, words: str
) -> None:
    found, fixed = lock_minutes(where, given, chosen)
    assert found == minutes
    assert words in fixed
    assert bool(words) == bool(fixed)
