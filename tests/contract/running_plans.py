"""One browser and one served site for many runs, and what each run left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from services.domain.plans import Plan
from services.local.practice.sites import Site
from services.local.practice.switches import Mode
from services.pipeline.planner import Business, plan_submission
from services.ports.wishes import RunRequest
from services.submission.browser import Browser
from services.submission.outcome import Outcome

SHOP = Business(
    "Blue Door Bakery", phone="2125550123", email="hello@bluedoor.example", address="1 Main Street", city="Albany",
    state="NY", zip="12207", website="https://bluedoor.example", description="Bread.", categories=["Bakery"],
)  # fmt: skip


AWAY = {"/metadata": "http://169.254.169.254/latest/meta-data/", "/inside": "http://127.0.0.1:9/", "/round": "/round"}
"""Where a page of any host leads its visitors."""


async def show(pages: dict[str, str], request: web.Request) -> web.Response:
    """Answers as shop.localhost."""
    if request.path == "/500":
        return web.Response(status=500, text="broken")
    if request.path == "/never":
        await asyncio.Event().wait()
    if request.path in AWAY:
        raise web.HTTPFound(AWAY[request.path])
    if request.path == "/file":
        return web.Response(body=b"MZ", headers={"Content-Disposition": "attachment; filename=x.exe"})
    return web.Response(text=pages.get(request.path, "<p>Thank you</p>"), content_type="text/html")


class Seen(msgspec.Struct):
    """A run: its outcome, its events by kind, and the requests that the directory saw."""

    outcome: Outcome
    events: list[dict[str, Any]]
    requests: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    def posts(self) -> list[str]:
        return [request["path"] for request in self.requests if request["method"] == "POST"]

    def listings(self) -> list[dict[str, str]]:
        return [request["listed"] for request in self.requests if "listing" in request]


class Ground:
    """Serves `app` on a port of its own; runs follow each other on the loop of `runner`."""

    def __init__(self, folder: Path, runner: asyncio.Runner, app: web.Application) -> None:
        self._folder = folder
        self._runner = runner
        self._served = web.AppRunner(app, shutdown_timeout=0.5)

    def __enter__(self) -> Ground:
        self._runner.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stop())

    async def _start(self) -> None:
        await self._served.setup()
        await web.TCPSite(self._served, "127.0.0.1", 0).start()
        self.port = self._served.addresses[0][1]
        self._browser = Browser(practice_url=f"http://127.0.0.1:{self.port}")
        await self._browser.__aenter__()
        # The loop's helper thread, which reads the log, belongs to the ground and not to a run; more are not needed.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        await asyncio.to_thread(lambda: None)

    async def _stop(self) -> None:
        await self._browser.__aexit__()
        await self._served.cleanup()

    def plan(self, site: Site, **more: Any) -> Plan:
        return plan_submission(
            SHOP,
            host=site.host,
            submission_url=f"http://{site.host}:{self.port}/add",
            selectors={**site.field_selectors(), **more},
        )

    def run(self, site: Site, mode: Mode = "ok", *, plan: Plan | None = None, dry: bool = False, **more: Any) -> Seen:
        """A run on a practice site in a mode, by the planner's plan or another one."""
        return self._runner.run(self._practise(site, mode, plan or self.plan(site), dry, more))

    def run_all(self, runs: Sequence[tuple[Site, Mode, Plan]], *, dry: bool) -> list[Seen]:
        """Runs on a site each, all at once."""

        async def go() -> list[Seen]:
            return await asyncio.gather(*(self._practise(site, mode, plan, dry, {}) for site, mode, plan in runs))

        return self._runner.run(go())

    def run_plan(self, host: str, plan: Plan, *, dry: bool = False, **more: Any) -> Seen:
        """A run on any page that is served."""
        return self._runner.run(self._run(host, plan, dry, more))

    def look(self, url: str, words: str) -> tuple[str, list[str]]:
        """What a page of this machine says once it says `words`, and the addresses that it asked for."""
        return self._runner.run(self._look(url, words))

    async def _look(self, url: str, words: str) -> tuple[str, list[str]]:
        asked: list[str] = []
        context = await (await self._browser._started()).new_context()
        try:
            context.on("request", lambda request: asked.append(request.url))
            page = await context.new_page()
            await page.goto(url)
            await page.get_by_text(words).first.wait_for(timeout=30_000)
            return await page.inner_text("body"), asked
        finally:
            await context.close()

    async def _practise(self, site: Site, mode: Mode, plan: Plan, dry: bool, more: dict[str, Any]) -> Seen:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as http:
            before = len(await (await http.get("/_log", params={"host": site.host})).json())
            order = {"host": site.host, "mode": mode, "seconds": 0.2, "seed": 1, "share": 1.0}
            (await http.post("/_switch", json=order)).raise_for_status()
            seen = await self._run(site.host, plan, dry, more)
            requests = await (await http.get("/_log", params={"host": site.host})).json()
        return msgspec.structs.replace(seen, requests=requests[before:])

    async def _run(self, host: str, plan: Plan, dry: bool, more: dict[str, Any]) -> Seen:
        folder = str(self._folder / "pictures" / host) if more.pop("keep", True) else ""
        limits = {"goto_seconds": 30.0, "step_seconds": 10.0, "total_seconds": 90.0, **more}
        request = RunRequest(
            "run-1", "job-1", host, f"http://{host}:{self.port}/add", plan, dry=dry,
            artifacts=folder, **limits,
        )  # fmt: skip
        events: list[dict[str, Any]] = []
        outcome = await self._browser.run(request, events.append)
        return Seen(outcome, events, [])
