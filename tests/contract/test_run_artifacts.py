"""What a run in a real browser keeps of the pages that it opened."""

from __future__ import annotations

import asyncio
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from services.clients.trace_viewer import TraceViewer
from services.domain.plans import Plan, Step
from services.submission.page_log import MOST_LINES, TEXT_KEPT
from services.submission.viewer import viewer_folder
from tests.contract.running_plans import Ground, Seen

pytestmark = pytest.mark.browser

HOST = "shop.localhost"
SECRET = "hunter2-über"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl"
RunPage = Callable[..., Seen]

NOISY = f"""<form method=post action=/thanks>
<input id=a name=a><input id=pwd name=password><button id=go>Go</button></form>
<script>
  console.warn('two\\nlines', '<img src=x>');
  console.error('Authorization: Bearer {TOKEN}');
  document.querySelector('#pwd').addEventListener('input', e => {{
    console.log('typed ' + e.target.value);
    fetch('/never?' + encodeURIComponent('{TOKEN}'));
  }});
  console.log('x'.repeat(5000));
  fetch('/missing?api_key=abc123&q=1');
  setTimeout(() => {{ throw new TypeError('no such thing') }});
</script>"""
ENDLESS = """<form method=post action=/thanks><input id=a name=a><button id=go>Go</button></form>
<script>for (let n = 0; n < 2000; n++) console.log('line ' + n);
for (let n = 0; n < 1200; n++) fetch('data:,' + n); document.title = 'ready'</script>"""


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, pages: dict[str, str]) -> Iterator[Ground]:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/never":
            await asyncio.Event().wait()
        if request.path == "/missing":
            return web.Response(status=404, text="no")
        html = "<p>Thank you, we received your listing" if request.path == "/thanks" else pages["/"]
        return web.Response(text=html, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    with asyncio.Runner() as runner, Ground(tmp_path_factory.mktemp("runs"), runner, app) as made:
        yield made


@pytest.fixture
def run_page(ground: Ground, pages: dict[str, str]) -> RunPage:
    """Fills and sends a page's form."""

    def run(html: str, *, dry: bool = False, **more: Any) -> Seen:
        pages["/"] = html
        fills = [Step("fill", selector="#a", value="Blue Door Bakery")]
        if "id=pwd" in html:
            fills.append(Step("fill", selector="#pwd", value=SECRET))
        url = f"http://{HOST}:{ground.port}/"
        plan = Plan([Step("goto", url=url), *fills, Step("click", selector="#go")], idempotency_factors={"name": "B"})
        return ground.run_plan(HOST, plan, dry=dry, **more)

    return run


def test_the_console_and_each_request_are_told_without_secrets(run_page: RunPage) -> None:
    seen = run_page(NOISY)
    assert seen.outcome.status == "submitted"
    said = {(line["level"], line["text"]) for line in seen.of("console")}
    assert ("warning", "two\nlines <img src=x>") in said
    assert ("error", "Authorization: [redacted]") in said
    assert ("error", "Uncaught TypeError: no such thing") in said
    assert ("log", "typed •••") in said
    assert ("log", "x" * (TEXT_KEPT - 1) + "…") in said
    assert any(line["where"].startswith(f"http://{HOST}:") for line in seen.of("console"))
    asked = {event["url"].split(f"{HOST}:", 1)[1].split("/", 1)[1]: event for event in seen.of("network")}
    assert asked["missing?api_key=[redacted]&q=1"]["status"] == 404
    assert (asked["thanks"]["method"], asked["thanks"]["status"], asked["thanks"]["type"]) == ("POST", 200, "document")
    never = next(event for name, event in asked.items() if name.startswith("never"))
    assert "status" not in never
    assert never["error"] in ("aborted", "No answer by the end of the run")
    assert all(event["ms"] >= 0 and event["at"] >= 0 for event in asked.values())
    told = repr(seen.events)
    assert SECRET not in told
    assert TOKEN not in told
    assert "abc123" not in told


def test_what_a_dry_run_holds_back_is_a_request_without_answer(run_page: RunPage) -> None:
    seen = run_page(NOISY, dry=True)
    sent = [event for event in seen.of("network") if event["method"] == "POST"]
    assert [(event["error"], "status" in event) for event in sent] == [("aborted", False)]


def test_a_page_that_writes_without_end_is_cut_off(run_page: RunPage) -> None:
    seen = run_page(ENDLESS)
    assert seen.outcome.status == "submitted"
    lines = seen.of("console")
    assert len(lines) == MOST_LINES + 1
    assert (lines[-1]["level"], lines[-1]["text"]) == ("note", "The page wrote more, which is left out.")


def test_a_run_that_keeps_nothing_listens_to_nothing(run_page: RunPage) -> None:
    seen = run_page(NOISY, keep=False, trace=True)
    assert seen.outcome.status == "submitted"
    assert {event["kind"] for event in seen.events} == {"started", "step", "verdict"}


def test_a_trace_is_kept_for_nobody_else_to_read_and_shown(run_page: RunPage, ground: Ground) -> None:
    seen = run_page(NOISY, trace=True)
    assert seen.outcome.status == "submitted"
    (told,) = seen.of("trace")
    file = Path(told["path"])
    assert file.stat().st_size == told["bytes"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.glob("trace*")] == ["trace.zip"]
    with zipfile.ZipFile(file) as trace:
        names = trace.namelist()
        steps = trace.read("trace.trace").decode()
    assert "trace.network" in names
    assert any(name.endswith(".jpeg") for name in names), "no pictures in it"
    # It is known to hold what is typed: that is what the page says of it.
    assert SECRET in steps
    assert seen.of("picture"), "the pictures of the steps are there beside it"
    viewer = TraceViewer(viewer_folder)
    try:
        shown, asked = ground.look(viewer.show(file), "Fill")
    finally:
        viewer.close()
    assert "Blue Door Bakery" in shown
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}, "the viewer asked somebody else"
    # One that can't be written costs the trace alone.
    (file.parent / "trace.zip.part").mkdir()
    seen = run_page(NOISY, trace=True)
    assert seen.outcome.status == "submitted"
    assert seen.of("trace") == []
    (file.parent / "trace.zip.part").rmdir()
