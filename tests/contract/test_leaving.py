"""How a dry run leaves its page: what is sent then is told, be it late, cut off, or over TLS."""

from __future__ import annotations

import asyncio
import functools
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Error, Page

from services.domain.plans import Plan, Step
from services.ports.wishes import RunRequest
from services.submission import blocking, leaving
from services.submission import browser as browsers
from services.submission.blocking import Blocker
from services.submission.outcome import Outcome
from tests.contract.test_dry_escapes import certificate

pytestmark = pytest.mark.browser

HOST = "shop.localhost"
ON_WINDOW = "addEventListener('pagehide', () => navigator.sendBeacon('/left', 'bye'));"
ON_DOCUMENT = "document.addEventListener('visibilitychange', () => navigator.sendBeacon('/left', 'bye'));"
THE_FORM = "addEventListener('pagehide', () => navigator.sendBeacon('/left', shop.value));"
CLEAR = {"window": ON_WINDOW, "document": ON_DOCUMENT, "silent": "", "fails": ON_WINDOW, "hangs": ON_WINDOW}
OVER_TLS = {"form": THE_FORM, "again": ON_WINDOW}
FAILS = {"go fails": 3, "go again": 2, "ask window": 3, "say form": 2}
"""Which act on which page is done with which try."""
PAGE = """<input id=shop><button id=go onclick="navigator.sendBeacon('/draft', 'd')">Send</button><script>%s</script>"""


class Left:
    """A run: how it ended, and what was held back, by path."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.outcome: Outcome | None = None

    def held(self) -> Counter[str]:
        # Of what is sent over TLS while the page goes only the host is known.
        told = [event for event in self.events if event["kind"] == "blocked" and event["method"] != "CONNECT"]
        return Counter(f"{event['url'].rpartition('/')[2]} {event['body']}".strip() for event in told)


async def leave_all(pages: dict[str, str], tls: ssl.SSLContext | None = None) -> dict[str, Left]:
    """Dry runs of these pages, side by side."""

    async def show(request: web.Request) -> web.Response:
        return web.Response(text=PAGE % pages.get(request.path[1:], ""), content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", show)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    left = {name: Left() for name in pages}
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        base = f"{'https' if tls else 'http'}://{HOST}:{runner.addresses[0][1]}/"

        async def one(name: str) -> None:
            url = f"{base}{name}"
            steps = [
                Step("goto", url=url),
                Step("fill", selector="#shop", value="Blue Door"),
                Step("click", selector="#go"),
            ]
            request = RunRequest(name, "job", HOST, url, Plan(steps), dry=True, artifacts="", total_seconds=90.0)
            told: list[dict[str, Any]] = []
            left[name].outcome = await browser.run(request, told.append)
            # What comes after the end of a run nobody hears.
            left[name].events = list(told)

        async with browsers.Browser(practice_url=base) as browser:
            await asyncio.gather(*map(one, pages))
    finally:
        await runner.cleanup()
    return left


def test_what_is_sent_on_leaving_is_told_though_it_comes_late_or_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, goto, evaluate, listens = Blocker._note, Page.goto, Page.evaluate, leaving._listens
    tries = Counter[str]()

    def late(self: Blocker, method: str, url: str, *more: Any, **named: Any) -> None:
        """As on a busy machine: what is sent while the page goes is seen a good while later."""
        wait = 0.6 if url.endswith("/left") else 0.0
        asyncio.get_running_loop().call_later(wait, lambda: note(self, method, url, *more, **named))

    async def cut_off(page: Page, act: str, again: Callable[[], Awaitable[Any]]) -> Any:
        """As by a page that goes elsewhere in that moment: now and then the browser says so, or never answers."""
        name = f"{act} {page.url.rpartition('/')[2]}"
        tries[name] += 1
        if tries[name] < FAILS.get(name, 1):
            raise Error("net::ERR_ABORTED")
        if name == "go hangs" and tries[name] == 1:
            await asyncio.Event().wait()
        return await again()

    async def go(self: Page, url: str, **named: Any) -> Any:
        again = functools.partial(goto, self, url, **named)
        return await (cut_off(self, "go", again) if url == "about:blank" else again())

    async def say(self: Page, script: str, *more: Any) -> Any:
        again = functools.partial(evaluate, self, script, *more)
        return await (cut_off(self, "say", again) if script == leaving._SAY_LEAVING else again())

    monkeypatch.setattr(Blocker, "_note", late)
    monkeypatch.setattr(Page, "goto", go)
    monkeypatch.setattr(Page, "evaluate", say)
    monkeypatch.setattr(leaving, "_listens", lambda page: cut_off(page, "ask", functools.partial(listens, page)))
    monkeypatch.setattr(leaving, "_TRY_SECONDS", 1.5)
    # Nothing is waited for in vain, but what a page sends when it is left: for that, longer than a run may take.
    for name in ("_FIRST_SECONDS", "_FORM_SECONDS", "_LEFT_SECONDS"):
        monkeypatch.setattr(blocking, name, 0.1)
    monkeypatch.setattr(blocking, "_FAREWELL_SECONDS", 600.0)
    monkeypatch.setattr(browsers, "FLAGS", (*browsers.FLAGS, "--ignore-certificate-errors"))

    async def both() -> dict[str, Left]:
        clear, tls = await asyncio.gather(leave_all(CLEAR), leave_all(OVER_TLS, certificate(tmp_path)))
        return {**clear, **tls}

    left = asyncio.run(both())
    for name, run in left.items():
        assert run.outcome is not None
        assert run.outcome.status == "dry", (name, run.outcome)
    sent = {name: dict(run.held()) for name, run in left.items()}
    bye = {"draft d": 1, "left bye": 1}
    assert sent == {
        "window": bye, "document": bye, "silent": {"draft d": 1}, "fails": bye, "hangs": bye, "again": bye,
        "form": {"draft d": 1, "left Blue Door": 1},
    }  # fmt: skip
    assert {name: count for name, count in tries.items() if count > 1} == {**FAILS, "go hangs": 2}
    assert {name for name in tries if name.startswith("say")} == {"say form", "say again"}
