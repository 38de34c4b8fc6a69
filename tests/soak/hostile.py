"""Hostile pages in a real browser: each run ends in words, and nothing of it is left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from services.domain.faults import plain_words
from services.domain.plans import Plan, Step
from services.ports.wishes import RunRequest
from services.submission.browser import Browser
from services.submission.outcome import Outcome
from tests.soak.hostile_page import Page, answered
from tests.soak.hostile_pages import KINDS, page_of

_AT_ONCE: Final = 4
_HANGS_SECONDS: Final = 120.0
_LIMITS: Final[dict[str, Any]] = {
    "goto_seconds": 4.0, "step_seconds": 0.7, "total_seconds": 10.0, "most_bytes": 4 * 1024 * 1024,
}  # fmt: skip
_LATE: Final = ("timeout after", "took longer than")
PAGES: Final = 300


class Visit(msgspec.Struct):
    """One run: its page, its outcome, what it reported, and what arrived there beside questions."""

    name: str
    page: Page
    dry: bool
    outcome: Outcome
    events: list[dict[str, Any]]
    arrived: list[str]

    def wrong(self) -> list[str]:
        """What doesn't hold of it."""
        found = []
        said = " ".join([*self.outcome.reasons, self.outcome.error or ""])
        if self.outcome.status not in ("failed", "unknown", "dry"):
            found.append(f"is {self.outcome.status}")
        if not self.outcome.reasons or not all(reason.strip() for reason in self.outcome.reasons):
            found.append("gives no reason")
        if self.outcome.error and not plain_words(self.outcome.error):
            found.append("has no words")
        # On a busy machine a limit of time may come first.
        if self.page.words not in said and not any(late in said for late in _LATE):
            found.append(f"does not say “{self.page.words}”")
        if self.dry and self.arrived:
            found.append(f"sent {self.arrived}")
        if self.arrived.count("POST /send") > 1:
            found.append("sent the form more than once")
        if self.outcome.before_submit and self.outcome.status != "failed" and not self.dry:
            found.append("did not press, yet did not fail")
        if [event["kind"] for event in self.events].count("verdict") != 1:
            found.append("told no verdict, or more than one")
        return [f"{self.name} ({'dry' if self.dry else 'real'}): {what}: {said[:300]}" for what in found]


class Den:
    """Serves hostile pages, each on a host of its own, and sends a browser there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pages: dict[str, Page] = {}
        self._arrived: dict[str, list[str]] = {}
        self._dying: set[str] = set()

    async def __aenter__(self) -> Den:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]
        self.browser = Browser(practice_url=f"http://127.0.0.1:{self.port}")
        await self.browser.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.browser.__aexit__(None, None, None)
        self._server.close()

    async def visit(self, kind: str, seed: int, *, dry: bool) -> Visit:
        """A run on the page of a kind."""
        host = f"{kind.replace(' ', '-')}-{seed}.localhost"
        page = self._pages[host] = page_of(kind, seed)
        arrived = self._arrived[host] = []
        url, events = f"http://{host}:{self.port}/", list[dict[str, Any]]()
        plan = Plan([Step("goto", url=url), *page.steps], idempotency_factors={"name": "Blue Door"})
        request = RunRequest("run", "job", host, url, plan, dry=dry, artifacts=str(self._folder / host), **_LIMITS)
        async with asyncio.timeout(_HANGS_SECONDS):
            outcome = await self.browser.run(request, events.append)
        return Visit(f"{kind} {seed}", page, dry, outcome, events, arrived)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError, ValueError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            host = next(line[6:] for line in head.decode("latin-1").split("\r\n") if line.lower().startswith("host: "))
            page = self._pages[host.split(":")[0]]
            method, path = await answered(page, head.decode("latin-1"), reader, writer)
            if method != "GET":
                self._arrived[host.split(":")[0]].append(f"{method} {path}")
            if path == "/die" and page.kills and host not in self._dying:
                self._dying.add(host)
                kill_part(page.kills)
        writer.close()


def kill_part(part: str) -> None:
    """End the renderers of this process's browser, or the browser itself."""
    for pid, command in browser_processes().items():
        if ("--type=renderer" in command) if part == "renderer" else ("--type=" not in command):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def browser_processes() -> dict[int, str]:
    """Chromium's processes below this one, by pid, with their command lines."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    found, todo = {}, [os.getpid()]
    while todo:
        one = todo.pop()
        todo += (below := [pid for pid, parent in parents.items() if parent == one])
        found.update({pid: commands[pid] for pid in below if "chrom" in commands.get(pid, "").split(" ")[0]})
    return found


async def visit_all(folder: Path, pages: Sequence[tuple[str, int]], chance: random.Random) -> list[Visit]:
    """Visit pages, some at once, in an order that the seed gives; those that kill the browser come alone and last."""
    async with Den(folder) as den:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(kind: str, seed: int, dry: bool) -> Visit:
            async with gate:
                return await den.visit(kind, seed, dry=dry)

        calm = [page for page in pages if not page_of(*page).kills]
        visits = await asyncio.gather(*(one(*page, chance.random() < 0.5) for page in calm))
        for page in pages:
            if page_of(*page).kills:
                visits.append(await den.visit(*page, dry=chance.random() < 0.5))
    return visits


@contextmanager
def temporary_files() -> Iterator[Path]:
    """A folder for what the browser writes, empty at the end."""
    with tempfile.TemporaryDirectory(prefix="db-") as name:
        folder = Path(name)
        before, tempfile.tempdir = tempfile.tempdir, name
        kept = {key: os.environ.get(key) for key in ("TMPDIR",)}
        os.environ["TMPDIR"] = name
        try:
            yield folder
        finally:
            tempfile.tempdir = before
            for key, value in kept.items():
                os.environ.pop(key) if value is None else os.environ.__setitem__(key, value)


def run(minutes: float, seed: int) -> Mapping[str, int | float | str]:
    """Opens hostile pages in a real browser: each run ends in words, sends once at most, and leaves nothing."""
    chance, end = random.Random(seed), time.monotonic() + minutes * 60
    visits: list[Visit] = []
    names = list(KINDS)
    while len(visits) < PAGES and time.monotonic() < end:
        pages = [(names[(len(visits) + n) % len(names)], chance.randrange(10**6)) for n in range(2 * len(names))]
        with temporary_files() as folder:
            visits += asyncio.run(visit_all(folder / "pictures", pages, chance))
            left = [path.name for path in folder.iterdir() if path.name != "pictures"]
        assert not left, left
        assert not browser_processes()
    wrong = [line for visit in visits for line in visit.wrong()]
    assert not wrong, "\n".join(wrong)
    counted = Counter(visit.outcome.status for visit in visits)
    slowest = max(visits, key=lambda visit: visit.outcome.duration_ms)
    statuses = {str(status): many for status, many in counted.items()}
    return {"pages": len(visits), **statuses, "slowest_ms": slowest.outcome.duration_ms, "slowest": slowest.name}
