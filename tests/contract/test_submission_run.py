"""Runs in a real browser against practice directories and odd pages."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from services.domain.faults import plain_words
from services.domain.plans import Plan, Step
from services.local.practice.app import build_app
from services.local.practice.sites import Site, load_sites
from services.local.practice.switches import Mode
from services.ports.wishes import RunRequest
from services.submission import browser
from services.submission.events import decode
from services.submission.outcome import Outcome
from tests.contract.running_plans import Ground, show

pytestmark = pytest.mark.browser

BUSINESS = {"business_name": "Blue Door Bakery", "phone": "2125550123", "email": "hello@bluedoor.example"}


HOST = "shop.localhost"
LIMITS = {"goto_seconds": 5.0, "step_seconds": 3.0, "total_seconds": 40.0}
RunPage = Callable[..., tuple[Outcome, "Log"]]


@contextlib.asynccontextmanager
async def serve(app: web.Application) -> AsyncIterator[int]:
    """The app on loopback; gives its port."""
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def request_for(url: str, steps: list[Step], folder: Path, **more: Any) -> RunRequest:
    plan = Plan(
        plan=[Step("goto", url=url), *steps], idempotency_factors={"name": BUSINESS["business_name"], "dir": "x"}
    )
    given = {"dry": False, "step_seconds": 3.0, "total_seconds": 40.0, **more}
    return RunRequest("run-1", "job-1", "shop.localhost", url, plan, artifacts=str(folder), **given)


def form_steps(site: Site, **values: str) -> list[Step]:
    selectors: dict[str, Any] = site.field_selectors()
    chosen = {**BUSINESS, **values}
    fills = [
        Step("fill", selector=selector, value=chosen[name])
        for name, selector in selectors["fields"].items()
        if name in chosen
    ]
    return [*fills, Step("click", selector=selectors["submit"]), Step("wait", until="load")]


class Log(list[dict[str, Any]]):
    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self if event["kind"] == kind]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """What shop.localhost shows, by path."""
    return {}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, pages: dict[str, str]) -> Iterator[Ground]:
    """One browser, the practice sites, and beside them shop.localhost."""
    folder = tmp_path_factory.mktemp("practice")
    app = build_app(folder / "log.jsonl")

    @web.middleware
    async def shop(request: web.Request, handler: Any) -> web.StreamResponse:
        if request.host.split(":")[0] != HOST:
            answer: web.StreamResponse = await handler(request)
            return answer
        return await show(pages, request)

    app.middlewares.append(shop)
    with asyncio.Runner() as runner, Ground(folder, runner, app) as made:
        yield made


@pytest.fixture
def practice(ground: Ground) -> Callable[..., tuple[Outcome, Log, list[dict[str, Any]]]]:
    """Runs a form of a practice site of a kind, in a mode; gives the outcome, events and the site's request log."""

    def run(kind: str = "plain", mode: Mode = "ok", dry: bool = False, more: Any = None, **values: str) -> Any:
        site = next(site for site in load_sites().values() if site.kind == kind)
        request = request_for(f"http://{site.host}:{ground.port}/add", form_steps(site, **values), Path())
        seen = ground.run(site, mode, plan=request.plan, dry=dry, **{**LIMITS, **(more or {})})
        return seen.outcome, Log(seen.events), seen.requests

    return run


@pytest.fixture
def run_page(ground: Ground, pages: dict[str, str]) -> RunPage:
    """Runs steps on a page of shop.localhost."""

    def run(html: str, steps: list[Step], path: str = "/", **more: Any) -> tuple[Outcome, Log]:
        pages["/"] = html
        url = path if "://" in path else f"http://{HOST}:{ground.port}{path}"
        seen = ground.run_plan(HOST, request_for(url, steps, Path()).plan, **{**LIMITS, **more})
        return seen.outcome, Log(seen.events)

    return run


def posts(log: list[dict[str, Any]]) -> int:
    return sum(entry["method"] != "GET" for entry in log)


def test_a_form_is_filled_sent_and_seen_to_be_accepted(practice: Any) -> None:
    outcome, events, log = practice()
    assert outcome.status == "submitted", outcome
    assert posts(log) == 1
    sent = next(entry for entry in log if entry["method"] == "POST")["form"]
    assert set(BUSINESS.values()) <= set(sent.values())
    assert "/listing/" in outcome.listing_url
    assert not outcome.before_submit
    assert outcome.response_log["http_status"] == 303
    assert events[0]["kind"] == "started"
    assert events[-1] == {
        "kind": "verdict", "status": "submitted", "reasons": outcome.reasons, "before_submit": False,
        "listing_url": outcome.listing_url, "log": outcome.response_log,
    }  # fmt: skip
    assert [sign["kind"] for sign in outcome.response_log["signs"]] == [
        "word", "thanks_address", "form_gone", "listing", "answered",
    ]  # fmt: skip
    assert (outcome.response_log["score"], "doubt" in outcome.response_log) == (11, False)
    done = [event["index"] for event in events.of("step") if event["status"] == "done"]
    assert done == list(range(len(events[0]["steps"])))
    pictures = [*(Path(event["path"]) for event in events.of("picture")), Path(outcome.screenshot)]
    assert len(pictures) >= len(done)
    assert all(picture.read_bytes().startswith(b"\xff\xd8") for picture in pictures)


def test_a_dry_run_sends_nothing_and_shows_what_it_held_back(practice: Any) -> None:
    outcome, events, log = practice(dry=True)
    assert (outcome.status, outcome.before_submit) == ("dry", True)
    assert posts(log) == 0
    held = events.of("blocked")[0]
    assert (held["method"], held["bytes"] > 20) == ("POST", True)
    assert "Blue+Door+Bakery" in held["body"]
    assert [event["status"] for event in events.of("step")][-1] == "blocked"


def test_a_refused_phone_number_is_failed_in_the_pages_words(practice: Any) -> None:
    outcome, _, log = practice("strict", phone="(212) 555-0123")
    assert (outcome.status, outcome.before_submit, posts(log)) == ("failed", False, 1)
    assert "Please enter digits only" in outcome.error
    assert plain_words(outcome.error) == "The page refused the phone number"


def test_a_listing_that_is_not_accepted_is_failed(practice: Any) -> None:
    outcome, _, _ = practice(mode="fail")
    assert outcome.status == "failed"
    assert "not accepted" in outcome.error


def test_a_dropped_connection_is_unknown_and_sent_once(practice: Any) -> None:
    outcome, _, log = practice(mode="drop")
    assert (outcome.status, outcome.before_submit) == ("unknown", False)
    assert posts(log) == 1


def test_a_changed_form_fails_before_anything_is_sent(practice: Any) -> None:
    outcome, events, log = practice(mode="changed", more={"step_seconds": 0.5})
    assert (outcome.status, outcome.before_submit, posts(log)) == ("failed", True, 0)
    assert plain_words(outcome.error) == "The form has changed: a field is missing"
    assert events.of("step")[-1]["status"] == "failed"


def test_an_answer_that_does_not_come_in_time_is_unknown(run_page: RunPage) -> None:
    html = "<form method=post action=/never><input id=a name=a><button id=go>Go</button></form>"
    steps = [Step("fill", selector="#a", value="Blue Door"), Step("click", selector="#go")]
    outcome, _ = run_page(html, steps, total_seconds=6.0)
    assert (outcome.status, outcome.before_submit) == ("unknown", False), outcome


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("file:///etc/passwd", "Only http and https"),
        ("http://user@shop.localhost/", "Only http and https"),
        ("http://127.0.0.1:9/", "ERR_"),
        ("/500", "HTTP 500"),
    ],
)
def test_pages_that_cannot_be_opened_fail_before_anything_is_sent(url: str, words: str, run_page: RunPage) -> None:
    outcome, _ = run_page("", [Step("click", selector="#go")], path=url)
    assert (outcome.status, outcome.before_submit) == ("failed", True)
    assert words in (outcome.error or "")


@pytest.mark.parametrize(
    ("action", "words"),
    [("teleport", "This console can't do “teleport”"), ("upload", "The plan names no field for “upload”")],
)
def test_an_action_that_cannot_be_done_fails_its_step(action: str, words: str, run_page: RunPage) -> None:
    steps = [Step(action, value="/etc/passwd"), Step("click", selector="#go")]
    outcome, events = run_page("<button id=go>Go</button>", steps)
    assert (outcome.status, outcome.before_submit) == ("failed", True)
    assert events.of("step")[-1]["error"] == words


def test_a_form_within_the_page_is_seen_through(run_page: RunPage) -> None:
    html = """<form onsubmit="event.preventDefault();
      fetch('/api', {method: 'POST', body: JSON.stringify({n: a.value})})
      .then(() => this.outerHTML = '<p>Your listing was received.</p>')"><input id=a>
      <select id=c><option>-<option value=b>Bakery</select><input type=checkbox id=k required>
      <button id=go>Go</button></form>"""
    fills = [Step("fill", selector="#a", value="Blue Door"), Step("select", selector="#c", value="Bakery")]
    steps = [*fills, Step("check", selector="#k"), Step("click", selector="#go")]
    outcome, _ = run_page(html, steps)
    assert outcome.status == "submitted", outcome
    outcome, _ = run_page(html, [*fills, steps[-1]])
    assert outcome.status == "failed", outcome
    assert "did not send the form" in outcome.reasons[0]


def test_a_page_that_hangs_is_given_up(run_page: RunPage) -> None:
    html = "<button id=go onclick='while (true) {}'>Go</button>"
    outcome, _ = run_page(html, [Step("click", selector="#go")], total_seconds=4.0)
    assert (outcome.status, outcome.before_submit) == ("unknown", False)


def test_without_a_sandbox_only_practice_sites_are_opened(
    ground: Ground, practice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "may_sandbox", lambda: False)
    seen = ground.run_plan("places.example", request_for("http://places.example/", [], Path()).plan)
    assert (seen.outcome.status, seen.outcome.before_submit) == ("failed", True)
    assert seen.outcome.error == browser.NO_SANDBOX
    assert [event["kind"] for event in seen.events] == ["started", "verdict"]
    assert practice(dry=True)[0].status == "dry"


class Child:
    """The role as a process of its own."""

    def __init__(self, request: RunRequest, **environment: str) -> None:
        code = "import sys; from services.submission.process import run; sys.exit(run([]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PRACTICE_URL": request.submission_url, **environment},
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(request) + b"\n")
        self.process.stdin.flush()

    def events(self, until: Callable[[dict[str, Any]], bool] | None = None) -> Log:
        assert self.process.stdout is not None
        log = Log()
        for line in self.process.stdout:
            event = decode(line.decode())
            assert event is not None, line
            log.append(event)
            if until is not None and until(event):
                break
        return log

    def close(self) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        code = self.process.wait(15)
        self.process.stdout.close()
        return code


def _tree(pid: int) -> list[int]:
    """The process and all that it started, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _alive(pids: list[int]) -> list[int]:
    alive = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                alive.append(pid)
    return alive


def _page(html: str) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", partial(show, {"/": html}))
    return app


def with_child(html: str, steps: list[Step], folder: Path, act: Callable[[Child], None], **more: Any) -> None:
    async def go() -> None:
        async with serve(_page(html)) as port:
            child = Child(request_for(f"http://shop.localhost:{port}/", steps, folder, **more))
            try:
                await asyncio.to_thread(act, child)
            finally:
                await asyncio.to_thread(child.close)

    asyncio.run(go())


def test_the_process_tells_all_and_ends_with_ended(tmp_path: Path) -> None:
    html = "<form method=post><input id=a name=a><button id=go>Go</button></form>"

    def act(child: Child) -> None:
        log = child.events()
        assert [event["kind"] for event in log if event["kind"] != "beat"][-2:] == ["verdict", "ended"]
        assert log[-1]["status"] == "done"
        assert log.of("beat")
        assert isinstance(log.of("started")[0]["sandbox"], bool)
        assert child.close() == 0

    with_child(
        html, [Step("fill", selector="#a", value="Blue"), Step("click", selector="#go")], tmp_path, act, dry=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="reads /proc, sends SIGTERM")
@pytest.mark.parametrize("how", ["end of input", "SIGTERM", "SIGKILL"])
def test_a_stopped_process_takes_its_browser_along(how: str, tmp_path: Path) -> None:
    def act(child: Child) -> None:
        child.events(lambda event: event["kind"] == "step" and event.get("index") == 1)
        pids = _tree(child.process.pid)
        assert len(pids) > 2
        if how == "end of input":
            assert child.process.stdin is not None
            child.process.stdin.close()
        else:
            os.kill(child.process.pid, signal.SIGTERM if how == "SIGTERM" else signal.SIGKILL)
        if how != "SIGKILL":
            log = child.events()
            assert log[-1]["status"] == "stopped"
            assert log.of("verdict")[0]["before_submit"] is True
        child.process.wait(15)
        for _ in range(100):
            if not _alive(pids):
                break
            threading.Event().wait(0.1)
        assert _alive(pids) == []

    steps = [Step("wait", seconds=60), Step("click", selector="#go")]
    with_child("<button id=go>Go</button>", steps, tmp_path, act)


def test_a_browser_that_is_missing_is_said(tmp_path: Path) -> None:
    request = request_for("http://shop.localhost/", [Step("click", selector="#go")], tmp_path)
    child = Child(request, BROWSER_PATH=str(tmp_path / "none"))
    last = child.events()[-1]
    assert (last["kind"], last["status"], child.close()) == ("ended", "crashed", 1)
    assert last["error"].startswith(f"The browser does not start: {tmp_path / 'none'}")


def test_a_request_that_cannot_be_read_is_refused() -> None:
    code = "import sys; from services.submission.process import run; sys.exit(run([]))"
    ended = subprocess.run([sys.executable, "-c", code], input=b'{"run_id": 1}\n', capture_output=True, timeout=60)
    assert ended.returncode == 2
    event = decode(ended.stdout.decode())
    assert event is not None
    assert (event["kind"], event["status"]) == ("ended", "crashed")
    assert "can't be read" in event["error"]
