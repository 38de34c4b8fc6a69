"""One directory by the runner beside a bare Playwright script: the same form, the same browser, the same waits."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, cast

from aiohttp import web
from playwright.async_api import Browser as Chromium
from playwright.async_api import async_playwright

from services.domain.plans import Plan, Step
from services.domain.run_commands import Watch
from services.local.practice.app import build_app
from services.local.practice.sites import Site, load_sites
from services.pipeline.planner import Business, plan_submission
from services.ports.wishes import RunRequest
from services.submission import browser as browsers
from services.submission.choice import find_browser, may_sandbox
from services.submission.control import Control
from services.submission.events import encode
from tests.bench.rows import Row, row

ROUNDS: Final = 9
SHOP: Final = Business(
    "Blue Door Bakery", phone="2125550123", email="hello@bluedoor.example", address="1 Main Street", city="Albany",
    state="NY", zip="12207", website="https://bluedoor.example", description="Bread.", categories=["Bakery"],
)  # fmt: skip
_QUIET_SECONDS: Final = 0.15
"""For so long the runner waits for a second answer to a form; the bare script does too."""


async def bare(chromium: Chromium, plan: Plan) -> None:
    """What a script does that only fills the form, sends it, and waits as the runner waits."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=False)
    page = await context.new_page()
    for step in plan.plan:
        selector, value = step.selector or "", step.value or ""
        match step.action:
            case "goto":
                await page.goto(step.url or "", wait_until="load")
                await page.wait_for_load_state("networkidle")
            case "fill":
                await page.locator(selector).first.fill(value)
            case "click":
                await page.locator(selector).first.click(no_wait_after=True)
                await page.wait_for_url("**/thanks*", wait_until="load")
                await asyncio.sleep(_QUIET_SECONDS)
            case "wait":
                await page.wait_for_load_state("load")
            case other:
                raise AssertionError(f"the plan has a step that the bare script doesn't know: {other}")
    assert "Thank you" in await page.inner_text("body")
    await context.close()


def _plan(site: Site, port: int) -> Plan:
    url = f"http://{site.host}:{port}/add"
    made = plan_submission(SHOP, host=site.host, submission_url=url, selectors=site.field_selectors())
    return Plan([*made.plan[:-1], Step("wait", until="load")], idempotency_factors=made.idempotency_factors)


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1000


async def _measure(folder: Path) -> dict[str, list[float]]:
    site = next(site for site in load_sites().values() if site.kind == "plain")
    served = web.AppRunner(build_app(folder / "log.jsonl"), shutdown_timeout=0.5)
    await served.setup()
    await web.TCPSite(served, "127.0.0.1", 0).start()
    port = served.addresses[0][1]
    plan = _plan(site, port)
    frames: list[bool] = []
    took: dict[str, list[float]] = {"bare": [], "control": [], "log": [], "picture": [], "trace": []}

    async with (
        async_playwright() as playwright,
        browsers.Browser(practice_url=f"http://127.0.0.1:{port}") as browser,
    ):
        chromium = await playwright.chromium.launch(
            executable_path=find_browser(), chromium_sandbox=may_sandbox(), args=list(browsers.FLAGS)
        )

        def tell(event: dict[str, Any]) -> None:
            encode(event)
            frames.append(event["kind"] == "frame")

        async def ours(artifacts: str, *, trace: bool = False) -> None:
            url = plan.plan[0].url or ""
            request = RunRequest("run", "job", site.host, url, plan, dry=False, artifacts=artifacts, trace=trace)
            watched = Control(tell)
            # Somebody looks the whole time: each frame goes on as it does to the window.
            watched.take(Watch(bool(artifacts) and not trace))
            outcome = await browser.run(request, tell, watched)
            assert outcome.status == "submitted", outcome

        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "bare": lambda: bare(chromium, plan),
            "log": lambda: ours(""),
            "control": lambda: bare(chromium, plan),
            "picture": lambda: ours(str(folder / "pictures")),
            "trace": lambda: ours(str(folder / "traced"), trace=True),
        }
        for turn in range(-1, ROUNDS):
            names = list(ways)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                ms = await _timed(ways[name])
                if turn >= 0:
                    took[name].append(ms)
        await chromium.close()
    assert any(frames)
    await served.cleanup()
    return took


def measure() -> list[Row]:
    """Milliseconds for a directory; the name says how many more than the bare script."""
    with tempfile.TemporaryDirectory() as name:
        took = asyncio.run(_measure(Path(name)))
    usual = statistics.median(took["bare"])
    rows = []
    for name, words, bound, goal in (
        ("control", "the bare script again", "reported", 0.0),
        ("log", "step log only", "<=", 1.05),
        ("picture", "with the live picture", "<=", 1.20),
        ("trace", "with pictures and a trace", "reported", 0.0),
    ):
        more = round(statistics.median(took[name]) - usual)
        rows.append(
            row(
                "run", f"{words} ({more:+d} ms)", ours=took[name], peer=took["bare"], peer_name="bare Playwright",
                unit="ms", bound=cast("Row", {"bound": bound})["bound"], goal=goal,
            )
        )  # fmt: skip
    return rows
