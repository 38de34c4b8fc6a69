"""2Captcha: who may allow it, where the key is kept, and under which terms a run begins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions.asking_runner import AskingRunner
from app.actions.captchas import CaptchaActs, start_allow, start_set_key
from app.actions.registry import ALLOW_CAPTCHAS, FORBID_CAPTCHAS
from services.domain.captchas import CaptchaPermission
from services.domain.errors import ConsoleError, NotReachable, Refused
from services.domain.plans import Plan
from services.domain.run_commands import AskSolver
from services.ports.wishes import CaptchaTerms, RunRequest
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.fakes.runs import FakeRunner
from tests.waiting import until

ALLOWED = CaptchaPermission(True, "admin@example.com", 1.0, "for the night")
REQUEST = RunRequest("run-1", "j1", "a.localhost", "http://a.localhost/add", Plan([]), dry=True, artifacts="")


@pytest.fixture(params=["admin"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, request.param)
    yield made
    made.close()


def run(act: Callable[[], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        try:
            async with asyncio.timeout(10):
                return await act()
        finally:
            await tasks.shutdown()

    return asyncio.run(whole())


def test_an_admin_allows_and_forbids_it_with_a_trace(world: DeskWorld) -> None:
    acts = world.captchas
    assert acts.why_not() == "It isn't known yet whether it is allowed."

    async def go() -> None:
        with pytest.raises(ConsoleError, match="isn't known yet"):
            await acts.set_allowed(True, reason="asked")
        tasks.spawn("captchas", acts.follow())
        await until(lambda: acts.permission is not None)
        assert (acts.act(), acts.why_not()) == (ALLOW_CAPTCHAS, "")
        with pytest.raises(ConsoleError, match="not allowed already"):
            await acts.set_allowed(False, reason="asked")
        start_allow(acts, True, "for the night")
        await until(lambda: acts.act() is FORBID_CAPTCHAS)
        ended = await acts.set_allowed(False, reason="too dear")
        assert (ended.state, ended.words) == ("done", "No run asks 2Captcha any more")
        world.permissions.fault = NotReachable("The project does not answer.")
        await acts.look()
        assert (acts.permission, acts.why_not()) == (None, "The project does not answer.")

    run(go)
    assert world.permissions.acts == [(True, "for the night"), (False, "too dear")]
    assert [(one.act, one.state) for one in world.desk.operations.newest_first()][::-1] == [
        ("allow_captchas", "done"), ("forbid_captchas", "done"),
    ]  # fmt: skip


@pytest.mark.parametrize("world", ["operator"], indirect=True)
def test_an_operator_keeps_a_key_and_allows_nothing(world: DeskWorld) -> None:
    acts = world.captchas
    assert acts.why_not() == "Needs the role admin; you are operator."

    async def go() -> None:
        for wrong in ("two words", "k" * 201):
            with pytest.raises(ConsoleError, match="no key of 2Captcha"):
                await acts.set_key(wrong)
        start_set_key(acts, " a-key ")
        await until(lambda: acts.kept == "keyring")
        assert world.shelf.key == "a-key"
        assert await acts.terms() is None, "no admin has allowed it"
        world.permissions.said = ALLOWED
        assert await acts.terms() == CaptchaTerms("a-key", "admin@example.com")
        world.shelf.fault = Refused("This machine's keyring is locked.")
        await acts.set_key("another-key")
        assert (acts.kept, acts.trouble) == (
            "memory", "This machine's keyring is locked. The key is kept until the program ends.",
        )  # fmt: skip
        found = await acts.terms()
        assert found is not None
        assert found.key == "another-key"
        world.shelf.fault = None
        await acts.set_key("")
        assert (acts.kept, await acts.terms()) == ("", None)

    run(go)


@pytest.mark.parametrize("world", ["viewer"], indirect=True)
def test_a_viewer_s_run_asks_nobody(world: DeskWorld) -> None:
    world.permissions.said, world.shelf.key = ALLOWED, "a-key"

    async def go() -> None:
        assert await world.captchas.terms() is None
        with pytest.raises(ConsoleError, match="Needs the role operator"):
            await world.captchas.set_key("k")

    run(go)


def test_a_locked_keyring_is_asked_once(world: DeskWorld) -> None:
    world.shelf.fault = Refused("This machine's keyring is locked.")

    async def go() -> None:
        await world.captchas.look()
        world.shelf.fault, world.shelf.key = None, "a-key"
        await world.captchas.look()
        assert (world.captchas.kept, world.captchas.trouble) == ("unknown", "This machine's keyring is locked.")

    run(go)


def test_a_key_from_the_environment_comes_first(world: DeskWorld) -> None:
    world.permissions.said, world.shelf.key = ALLOWED, "of-the-keyring"
    acts = CaptchaActs(world.permissions, world.shelf, world.captchas._database, lambda: "operator", given="given")

    async def go() -> None:
        found = await acts.terms()
        assert (found and found.key, acts.kept) == ("given", "environment")
        assert acts.why_not_key() == "It is set by TWO_CAPTCHA_API_KEY."

    run(go)


def test_a_project_that_hangs_holds_no_run_back(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actions.captchas._TERMS_SECONDS", 0.01)
    monkeypatch.setattr(world.permissions, "permission", asyncio.Event().wait)
    assert run(world.captchas.terms) is None


def test_a_run_begins_with_the_terms_of_its_moment() -> None:
    runner, terms, may = FakeRunner({"kind": "ended"}), CaptchaTerms("k", "admin@example.com"), asyncio.Event()

    async def ask() -> CaptchaTerms:
        await may.wait()
        return terms

    async def go() -> None:
        asking = AskingRunner(runner, ask)

        async def events() -> list[Any]:
            return [event async for event in asking.run(REQUEST)]

        async with asyncio.TaskGroup() as group:
            stopped = group.create_task(events())
            await asyncio.sleep(0)
            asking.stop("run-1")
            may.set()
            assert await stopped == [{"kind": "ended", "status": "stopped", "ms": 0}]
        assert runner.requests == []
        runner.stopped.clear()
        assert await events() == [{"kind": "ended"}]
        asking.tell("run-1", AskSolver())
        asking.stop("run-1")

    run(go)
    assert [request.captchas for request in runner.requests] == [terms]
    assert (runner.told, runner.stopped) == ([AskSolver()], ["run-1"])
