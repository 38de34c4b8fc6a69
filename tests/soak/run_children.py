"""Runs in child processes, some of them killed: no process and no file of theirs is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web

from services.clients.submission_process import SubmissionProcess
from services.domain.plans import Plan, Step
from services.local.practice.app import build_app
from services.local.practice.sites import load_sites
from services.pipeline.planner import Business, plan_submission
from services.ports.wishes import RunRequest
from tests.screen import have_programs, screen

RUNS: Final = 100
KILLS: Final = 20
_AT_ONCE: Final = 2
_SEEN: Final = 5
"""Each fifth run shows its window, where there is a screen."""
_GONE_SECONDS: Final = 30.0
_VICTIMS: Final = ("child", "driver", "browser", "stop")
# The role itself, past main.py: no start of a test may set a checkout up.
_COMMAND: Final = (sys.executable, "-c", "import sys; from services.submission.process import run; sys.exit(run([]))")
_SHOP: Final = Business("Blue Door Bakery", phone="2125550123", email="hello@bluedoor.example", city="Albany")


class Ended(msgspec.Struct, frozen=True):
    """How a run ended: its last event, its verdict or "", and whom it lost on the way ("" for nobody)."""

    last: dict[str, Any]
    verdict: str
    victim: str


def processes_below(folder: Path) -> dict[int, str]:
    """Processes that write their temporary files below `folder`, by pid, with their command lines."""
    mark, found = f"TMP={folder}/".encode(), {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            if mark in (place / "environ").read_bytes():
                found[int(place.name)] = (place / "cmdline").read_text().replace("\0", " ")
    return found


async def children(folder: Path, orders: list[str], seed: int, display: str = "") -> list[Ended]:
    """Runs on a practice site, one an order: first those of "", some at once; then those that lose what they name.

    `display`: the screen for those with a window, "" for none.
    """
    chance, turn = random.Random(seed), asyncio.Semaphore(_AT_ONCE)
    site = next(site for site in load_sites().values() if site.kind == "plain")
    served = web.AppRunner(build_app(folder / "log" / "log.jsonl"), shutdown_timeout=0.5)
    await served.setup()
    await web.TCPSite(served, "127.0.0.1", 0).start()
    port = served.addresses[0][1]
    runner = SubmissionProcess({"PRACTICE_URL": f"http://127.0.0.1:{port}", "DISPLAY": display}, command=_COMMAND)
    url = f"http://{site.host}:{port}/add"
    plan = plan_submission(_SHOP, host=site.host, submission_url=url, selectors=site.field_selectors())

    async def one(number: int, victim: str, at: int) -> Ended:
        steps = [*plan.plan[:3], Step("wait", seconds=30.0), *plan.plan[3:]] if victim else plan.plan
        request = RunRequest(
            f"run-{number}", "job", site.host, url, Plan(steps, idempotency_factors={}), dry=number % 2 == 0,
            artifacts=str(folder / "pictures" / str(number)), step_seconds=20.0,
            headless=not display or number % _SEEN != 0,
        )  # fmt: skip
        last, verdict = {}, ""
        async with turn:
            async for event in runner.run(request):
                last, verdict = event, event["status"] if event["kind"] == "verdict" else verdict
                if victim and event["kind"] == "step" and event["index"] == at and event["status"] == "running":
                    if victim == "stop":
                        runner.stop(request.run_id)
                    else:
                        await asyncio.to_thread(_lose, victim, folder)
        return Ended(last, verdict, victim)

    try:
        whole = [one(n, "", 0) for n, victim in enumerate(orders) if not victim]
        ended = await asyncio.gather(*whole)
        for number, victim in enumerate(orders):
            if victim:
                ended.append(await one(number, victim, chance.randrange(4)))
        deadline = time.monotonic() + _GONE_SECONDS
        while _left(folder) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert not _left(folder), _left(folder)
    finally:
        runner.close()
        await served.cleanup()
    return ended


def _lose(victim: str, folder: Path) -> None:
    """End a part of the run that is going on."""
    marks = {"child": "services.submission.process", "driver": "run-driver", "browser": "--remote-debugging-pipe"}
    for pid, command in processes_below(folder).items():
        if marks[victim] in command and "--type=" not in command:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _left(folder: Path) -> list[str]:
    files = [str(place) for place in folder.glob("directory-bolt-run-*")]
    return [*processes_below(folder).values(), *files]


def check(ended: list[Ended]) -> None:
    """Raises AssertionError unless each run ended in words."""
    for one in ended:
        assert one.last.get("kind") == "ended", one
        assert one.last["status"] in ("done", "failed", "stopped", "crashed"), one
        if one.last["status"] == "crashed":
            assert one.last.get("error"), one
        assert (one.last["status"] == "done") is not bool(one.victim), one
        assert one.verdict or one.last["status"] in ("crashed", "stopped"), one


def run(minutes: float, seed: int) -> Mapping[str, int | float | str]:
    """Runs a hundred forms in child processes and kills twenty more: no process, no temporary file is left."""
    have_programs()
    orders = [""] * RUNS + [_VICTIMS[n % len(_VICTIMS)] for n in range(KILLS)]
    with tempfile.TemporaryDirectory(prefix="db-") as name:
        before, tempfile.tempdir = tempfile.tempdir, name
        try:
            with screen() as shown:
                ended = asyncio.run(children(Path(name), orders, seed, shown.display))
        finally:
            tempfile.tempdir = before
    check(ended)
    counted = Counter(one.last["status"] for one in ended)
    return {"runs": len(ended), **{str(status): many for status, many in counted.items()}}
