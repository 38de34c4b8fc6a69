"""A run in a process of its own, steered by a person over its standard input, in a real browser."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from services.clients.submission_process import SubmissionProcess
from services.domain.plans import Plan, Step
from services.domain.run_commands import EditStep, GoOn, Mouse, OneStep, Pause, RunTo, Watch
from services.ports.wishes import RunRequest
from tests.waiting import until

pytestmark = pytest.mark.browser

HOST = "shop.localhost"
PAGE = """<form method=post action=/send><input id=a name=a><input id=b name=b><input id=password name=password>
<button type=button id=x>No cookies</button><button id=go>Send</button></form>
<input type=button value=Other id=other onclick="setTimeout(() => document.forms[0].submit(), 60)"
 style="position:fixed;left:1000px;top:600px;width:100px;height:50px">"""


class Steered:
    """What a run told, and what the site got."""

    def __init__(self, runner: SubmissionProcess, port: int, folder: Path) -> None:
        self.runner = runner
        self.port = port
        self._folder = folder
        self.told: list[dict[str, Any]] = []
        self.posts: list[dict[str, str]] = []

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["kind"] == kind]

    async def run(self, steps: list[Step], on_event: Callable[[dict[str, Any]], None], **more: Any) -> None:
        url = f"http://{HOST}:{self.port}/"
        plan = Plan([Step("goto", url=url), *steps])
        request = RunRequest(
            "run-1", "job-1", HOST, url, plan, artifacts=str(self._folder), helper="desk-1", **{"dry": False, **more}
        )
        async for event in self.runner.run(request):
            self.told.append(event)
            on_event(event)

    def tell(self, *commands: Any) -> None:
        for command in commands:
            self.runner.tell("run-1", command)


def steered(folder: Path, act: Callable[[Steered], Awaitable[None]]) -> Steered:
    async def answer(request: web.Request) -> web.Response:
        if request.method == "POST":
            made.posts.append({name: str(value) for name, value in (await request.post()).items()})
            return web.Response(text="<p>Your listing was received.</p>", content_type="text/html")
        return web.Response(text=PAGE, content_type="text/html")

    async def go() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        served = web.AppRunner(app, shutdown_timeout=0.5)
        await served.setup()
        await web.TCPSite(served, "127.0.0.1", 0).start()
        made.port = served.addresses[0][1]
        made.runner = SubmissionProcess({"PRACTICE_URL": f"http://127.0.0.1:{made.port}"})
        try:
            async with asyncio.timeout(90):
                await act(made)
        finally:
            await served.cleanup()

    made = Steered(SubmissionProcess(), 0, folder)
    asyncio.run(go())
    return made


def test_a_person_holds_steps_edits_and_goes_on_and_the_form_is_sent_once(tmp_path: Path) -> None:
    plan = [
        Step("click", selector="#x", value="close"), Step("fill", selector="#gone", value="Blue Door"),
        Step("fill", selector="#password", value="hunter2"), Step("click", selector="#missing"),
    ]  # fmt: skip

    async def act(run: Steered) -> None:
        # What a person says each time that the run is held.
        says = iter(
            [
                (Watch(True), EditStep(0, "http://evil.localhost/"), OneStep()),
                (
                    Watch(False), EditStep(0, "/"), EditStep(1, "form button:last-of-type"), EditStep(1, "button"),
                    EditStep(1, "input >> bad="), EditStep(1, "form > #x"), EditStep(3, None, "correct horse"),
                    RunTo(2),
                ),
                (GoOn(),),
                (EditStep(2, "#a", "Red Door"), GoOn()),
                (EditStep(4, "#go"), OneStep()),
            ]
        )  # fmt: skip

        once_seen: tuple[Any, ...] = ()

        def on_event(event: dict[str, Any]) -> None:
            nonlocal once_seen
            if event["kind"] == "held":
                once_seen = next(says)
            # The first words ask for the picture; the next ones come when it was seen.
            if once_seen and (once_seen[0] == Watch(True) or run.of("frame")):
                run.tell(*once_seen)
                once_seen = ()

        task = asyncio.get_running_loop().create_task(run.run(plan, on_event, step_seconds=0.5))
        await until(lambda: "run-1" in run.runner._children)
        run.tell(Pause())
        await task

    run = steered(tmp_path, act)
    assert [(event["index"], event["why"]) for event in run.of("held")] == [
        (0, "paused"), (1, "paused"), (2, "paused"), (2, "failed"), (4, "failed"),
    ], run.told  # fmt: skip
    refused = [event["why"] for event in run.of("refused")]
    assert refused[0] == f"The address stays on http://{HOST}:{run.port}"
    assert refused[1:4] == [
        "This step is done", "That button sends a form; closing a pop-up must not",
        "One button is wanted, and the page has 2 of button",
    ]  # fmt: skip
    assert len(refused) == 5
    edits = [(event["index"], event["detail"], event["value"], event["matches"]) for event in run.of("edited")]
    assert edits == [
        (1, "form > #x", "close", 1), (3, "#password", "•••", 1), (2, "#a", "Red Door", 1), (4, "#go", None, 1),
    ]  # fmt: skip
    frames = run.of("frame")
    assert all(base64.b64decode(frame["data"]).startswith(b"\xff\xd8") for frame in frames)
    assert [event["kind"] for event in run.told[run.told.index(frames[-1]) :]].count("held") >= 3, "none once unwatched"
    assert (frames[0]["width"], frames[0]["height"]) == (1280, 800)
    assert run.posts == [{"a": "Red Door", "b": "", "password": "correct horse"}]
    assert run.of("verdict")[0]["status"] == "submitted"
    assert run.of("verdict")[0]["log"]["plain_steps"] == [], "no field that the plan meant was seen"
    assert run.told[-1]["status"] == "done"
    assert "correct horse" not in str(run.told)


@pytest.mark.parametrize("how", ["stop", "the console is gone"])
def test_a_held_run_that_is_left_sends_nothing(how: str, tmp_path: Path) -> None:
    async def act(run: Steered) -> None:
        def on_event(event: dict[str, Any]) -> None:
            if event["kind"] == "started":
                run.tell(RunTo(1))
            elif event["kind"] == "held" and how == "stop":
                run.runner.stop("run-1")
            elif event["kind"] == "held":
                run.runner._children["run-1"].end_input()

        await run.run([Step("fill", selector="#a", value="Blue"), Step("click", selector="#go")], on_event)

    run = steered(tmp_path, act)
    assert [event["status"] for event in run.of("step")] == ["running", "done"]
    assert (run.of("verdict")[0]["status"], run.of("verdict")[0]["before_submit"]) == ("failed", True)
    assert run.told[-1]["status"] == "stopped"
    assert run.posts == []


def test_what_a_person_sends_in_the_last_moment_is_not_sent_again(tmp_path: Path) -> None:
    async def act(run: Steered) -> None:
        def on_event(event: dict[str, Any]) -> None:
            if event["kind"] == "started":
                run.tell(RunTo(2))
            elif event["kind"] == "held":
                run.tell(Mouse("down", 1050, 625), Mouse("up", 1050, 625), GoOn())

        await run.run([Step("fill", selector="#a", value="Blue Door"), Step("click", selector="#go")], on_event)

    run = steered(tmp_path, act)
    verdict = run.of("verdict")[0]
    assert (verdict["status"], verdict["before_submit"]) == ("unknown", False)
    assert verdict["error"] == "While a person had the page, something was sent: look at the directory"
    assert run.posts in ([], [{"a": "Blue Door", "b": "", "password": ""}]), "the run may end before the site has it"
