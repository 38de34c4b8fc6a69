"""Runs whose browser is seen: a person uses its window, with a real mouse and keyboard, and closes it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from services.clients.submission_process import SubmissionProcess
from services.domain.plans import Plan, Step
from services.domain.run_commands import GoOn, RunTo
from services.ports.wishes import RunRequest
from tests.screen import Screen, screen
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.skipif(sys.platform != "linux", reason="has a screen made by Xvfb")]

HOST = "shop.localhost"
# The places of what a person presses are fixed; the page tells where on the screen it is.
PAGE = """<style>form > * { position: fixed; left: 100px; width: 200px; height: 40px }</style>
<form method=METHOD action=/send><input name=a id=a style="top:100px"><input name=b id=b style="top:160px">
<button id=go style="top:220px">Send</button><input type=submit id=other value=Other style="top:280px"></form>
<script>
let told = '';
setInterval(() => {  // the window gets its size after the page
  const side = (outerWidth - innerWidth) / 2, at = `/at/${screenX + side}/${screenY + outerHeight - innerHeight}`;
  if (innerWidth === 1280 && outerHeight > innerHeight && at !== told) fetch(told = at);
}, 20);
addEventListener('input', () => fetch('/typed', {method: 'PUT', body: a.value}).catch(() => {}));
addEventListener('click', e => { if (e.target.id) new Image().src = '/clicked/' + e.target.id; });
</script>"""
FIELD, GO, OTHER, ADDRESS = (200, 120), (200, 240), (200, 300), (300, -22)


class Seen:
    """A run whose window is on `display`, and what its site was asked for."""

    def __init__(self, display: Screen) -> None:
        self.display = display
        self.told: list[dict[str, Any]] = []
        self.asked: list[str] = []
        """Paths, and with which values a form was sent."""
        self.at = (0.0, 0.0)
        self.runner = SubmissionProcess()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["kind"] == kind]

    def sent(self) -> list[str]:
        return [path for path in self.asked if path.startswith("/send")]

    def verdict(self) -> tuple[str, str]:
        found = self.of("verdict")[0]
        return found["status"], found.get("error") or found["reasons"][0]

    async def click(self, place: tuple[int, int]) -> None:
        await until(lambda: self.at[1])
        await asyncio.to_thread(self.display.click, self.at[0] + place[0], self.at[1] + place[1])

    async def type(self, text: str) -> None:
        await asyncio.to_thread(self.display.type, text)

    async def key(self, name: str) -> None:
        await asyncio.to_thread(self.display.key, name)

    async def close(self) -> None:
        """Close the window: its own keys only work above the page, which may be the run's."""
        await self.click(ADDRESS)
        await self.key("ctrl+w")

    async def held(self, times: int = 1) -> None:
        await until(lambda: len(self.of("held")) == times)

    def tell(self, *commands: Any) -> None:
        for command in commands:
            self.runner.tell("run-1", command)


@pytest.fixture(scope="module")
def display() -> Iterator[Screen]:
    with screen() as made:
        yield made


def seen(
    display: Screen,
    folder: Path,
    act: Callable[[Seen], Coroutine[Any, Any, None]],
    *steps: Step,
    dry: bool,
    method: str = "post",
    step_seconds: float = 3.0,
) -> Seen:
    """`act` is what a person does while the run goes on."""
    made = Seen(display)

    async def answer(request: web.Request) -> web.StreamResponse:
        path = request.path
        if path.startswith("/at/"):
            made.at = (float(path.split("/")[2]), float(path.split("/")[3]))
        elif path == "/send":
            values = {name: str(value) for name, value in {**request.query, **(await request.post())}.items()}
            made.asked.append(f"/send {values['a']}")
            if values["b"] == "never":
                await asyncio.Event().wait()
            return web.Response(text="<p>Your listing was received.</p>", content_type="text/html")
        else:
            made.asked.append(f"{path} {await request.text()}".strip())
        return web.Response(text=PAGE.replace("METHOD", method), content_type="text/html")

    async def go() -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        served = web.AppRunner(app, shutdown_timeout=0.1)
        await served.setup()
        await web.TCPSite(served, "127.0.0.1", 0).start()
        port = served.addresses[0][1]
        url = f"http://{HOST}:{port}/"
        plan = Plan([Step("goto", url=url), *steps, Step("click", selector="#go")])
        made.runner = SubmissionProcess({"PRACTICE_URL": f"http://127.0.0.1:{port}", "DISPLAY": display.display})
        request = RunRequest(
            "run-1",
            "job-1",
            HOST,
            url,
            plan,
            dry,
            str(folder),
            headless=False,
            helper="desk-1",
            step_seconds=step_seconds,
        )
        try:
            async with asyncio.timeout(50), asyncio.TaskGroup() as group:
                person = group.create_task(act(made))
                async for event in made.runner.run(request):
                    made.told.append(event)
                    if event["kind"] == "started":
                        made.tell(RunTo(2))
                person.cancel()
        finally:
            await served.cleanup()

    asyncio.run(go())
    assert shown_on(display) == [], "the window's programs end with the run"
    return made


def shown_on(display: Screen) -> list[str]:
    """The programs that were told of this screen and live."""
    told = f"DISPLAY={display.display}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if told in (process / "environ").read_bytes() + b"\0":
                found.append((process / "cmdline").read_text().replace("\0", " ")[:80])
    return found


def test_a_person_who_presses_submit_in_the_window_of_a_dry_run_sends_nothing(display: Screen, tmp_path: Path) -> None:
    async def act(run: Seen) -> None:
        await run.held()
        await run.click(FIELD)
        await run.key("ctrl+a")
        await run.type("By Hand")
        await run.click(GO)
        await run.key("Return")
        await run.click(OTHER)
        await until(lambda: any(event["url"].count("By+Hand") for event in run.of("blocked")))
        run.tell(GoOn())

    steps = (Step("fill", selector="#a", value="Blue Door"), Step("fill", selector="#b", value="Albany"))
    run = seen(display, tmp_path, act, *steps, dry=True, method="get")
    assert run.of("started")[0]["window"] is True
    assert run.verdict()[0] == "dry", run.told
    assert run.sent() == []
    assert not any("By Hand" in path for path in run.asked)
    assert "/clicked/go" not in run.asked, "the button that sends the form is the run's"
    record = run.of("verdict")[0]["log"]["held"][0]
    assert (record["by"], record["window"], record["ms"] > 0) == ("desk-1", True, True)


def test_a_person_helps_in_the_window_and_closes_it_once_the_form_is_sent(display: Screen, tmp_path: Path) -> None:
    async def act(run: Seen) -> None:
        await run.held()
        await run.click(FIELD)
        await run.type("Blue Door")
        await until(lambda: "/typed Blue Door" in run.asked)
        run.tell(GoOn())
        await until(lambda: any(event["index"] == 2 for event in run.of("step")))
        # The run has its page for itself again.
        await run.click(GO)
        await run.click(OTHER)
        await until(run.sent)
        await run.close()

    steps = (Step("fill", selector="#b", value="never"), Step("wait", seconds=3.0))
    # The site never answers: a slow machine has the time to close the window before the run gives up.
    run = seen(display, tmp_path, act, *steps, dry=False, step_seconds=30.0)
    assert run.verdict() == ("unknown", "The browser's window was closed"), run.told
    assert run.of("verdict")[0]["log"]["held"][0]["by"] == "desk-1"
    assert [path for path in run.asked if "clicked" in path] == ["/clicked/a", "/clicked/go"]
    assert run.sent() == ["/send Blue Door"]
    assert run.told[-1]["status"] == "done"


def test_a_form_that_a_person_sent_in_the_window_is_not_sent_again(display: Screen, tmp_path: Path) -> None:
    async def act(run: Seen) -> None:
        await run.held()
        await run.click(GO)
        await run.click(OTHER)
        await until(run.sent)
        run.tell(GoOn())

    run = seen(display, tmp_path, act, Step("fill", selector="#a", value="Blue Door"), dry=False)
    assert run.verdict() == ("unknown", "While a person had the page, something was sent: look at the directory")
    assert run.sent() == ["/send Blue Door"]
    assert "/clicked/go" not in run.asked


def test_a_window_that_is_closed_before_the_form_is_sent_ends_the_run_in_words(display: Screen, tmp_path: Path) -> None:
    async def act(run: Seen) -> None:
        await run.held()
        run.tell(GoOn())
        await until(lambda: any(event["index"] == 2 for event in run.of("step")))
        await run.close()

    # The wait is longer than this test may take: it ends with the window.
    steps = (Step("fill", selector="#a", value="Blue Door"), Step("wait", seconds=60.0))
    run = seen(display, tmp_path, act, *steps, dry=False)
    assert run.verdict() == ("failed", "The browser's window was closed")
    assert run.of("verdict")[0]["reasons"] == ["The browser's window was closed. Nothing was sent"]
    assert run.sent() == []


def test_without_a_screen_a_run_that_is_to_be_seen_says_so(tmp_path: Path) -> None:
    async def go() -> list[dict[str, Any]]:
        runner = SubmissionProcess({"DISPLAY": "", "WAYLAND_DISPLAY": ""})
        request = RunRequest("run-1", "j", HOST, "http://x.localhost/", Plan([]), True, str(tmp_path), headless=False)
        return [event async for event in runner.run(request) if event["kind"] != "beat"]

    told = asyncio.run(go())
    assert [(event["status"], event["error"]) for event in told] == [
        ("crashed", "This computer has no screen: neither DISPLAY nor WAYLAND_DISPLAY is set."),
    ]
