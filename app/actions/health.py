"""The self-check of the project and of each hop that can be asked: what is missing, and what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec

from app import tasks
from app.actions.dead_letters import Look
from app.store.link import Link
from app.store.parts import Parts
from app.store.store import Store
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, Refused
from services.domain.pictures import BUCKET
from services.domain.project import PICTURES_FILE, TABLES, Lack, lacking
from services.domain.setting_lines import SettingLine
from services.domain.statuses import Shape
from services.domain.times import to_iso
from services.ports.facts import Planner, Project
from services.ports.wishes import NamedQueues, PictureStore

FRESH_SECONDS: Final = 600.0
"""Older findings are shown as stale."""
_NO_RECEIPT: Final = "not-a-receipt"
_PICTURES: Final = "Pictures of runs"
_TIMES: Final = 75.0


class Hop(msgspec.Struct, frozen=True):
    """One hop. `state`: a word or two; `evidence`: what was seen; `missing`, `todo`: sentences, "" for nothing."""

    name: str
    shape: Shape
    state: str
    evidence: str = ""
    latency_ms: int | None = None
    missing: str = ""
    todo: str = ""


class LocalBrowser(msgspec.Struct, frozen=True):
    """The browser that runs on this machine are made with: its place, None for none found, and its sandbox.

    `in_window`: the one for a run whose browser is to be seen, or `no_window`: why there can be none.
    """

    path: str | None
    sandbox: bool
    in_window: str | None = None
    no_window: str = ""


class Findings(msgspec.Struct, frozen=True):
    """What the last check found. `as_of` is None before the first; `problem` is why the project could not be asked."""

    as_of: float | None = None
    checking: bool = False
    hops: tuple[Hop, ...] = ()
    lacks: tuple[Lack, ...] = ()
    unsure: str = ""
    problem: str = ""
    hint: str = ""
    raw: str = ""
    kind: Literal["", "blocked", "failed"] = ""


class HealthActs:
    """`version` grows with each change of what is shown."""

    def __init__(
        self,
        project: Project,
        planner: Planner,
        queues: NamedQueues,
        store: Store,
        look: Callable[[], Look],
        parts: Parts,
        settings: list[SettingLine],
        *,
        pictures: PictureStore,
        read_only: bool = False,
        browser: Callable[[], LocalBrowser] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`look`: how the list of dead letters stands. `read_only`: nothing is tried that could change anything.

        `browser` looks for it on the disk; None where no runs are made.
        """
        self._project = project
        self._planner = planner
        self._queues = queues
        self._pictures = pictures
        self._store = store
        self._look = look
        self._read_only = read_only
        self._browser = browser
        self._clock = clock
        self.parts = parts
        self.settings = settings
        self.found = Findings()
        self.version = 0

    def now(self) -> float:
        """Unix seconds by the clock that `as_of` is told by."""
        return self._clock()

    @property
    def stale(self) -> bool:
        """Whether the findings are too old to be believed."""
        return self.found.as_of is not None and self._clock() - self.found.as_of > FRESH_SECONDS

    async def check(self) -> None:
        """Ask everything once, side by side. A failure is a finding; nothing is raised but a cancellation."""
        before = self.found
        self._show(msgspec.structs.replace(before, checking=True))
        try:
            (database, found), stored, *others = await asyncio.gather(
                self._database(), self._storage(), self._brain(), self._queue("main"), self._queue("dlq"),
                self._rights(),
            )  # fmt: skip
            others.append(_pictures_hop(stored, found))
            if self._browser is not None:
                others.append(_browser_hop(await asyncio.to_thread(self._browser)))
            self._show(msgspec.structs.replace(found, as_of=self._clock(), hops=(database, *others)))
        except asyncio.CancelledError:
            self._show(before)
            raise

    @property
    def hops(self) -> tuple[Hop, ...]:
        """What the last check found of each hop, and the link as it is now; none before the first check."""
        database, *others = self.found.hops or (None,)
        return () if database is None else (database, self._realtime(self.found), *others)

    @property
    def link(self) -> Link:
        """The state of the link to the project's changes."""
        return self._store.link

    def report(self) -> dict[str, Any]:
        """The findings as plain data, for JSON: no secret is in it."""
        found = self.found
        return {
            "checked_at": None if found.as_of is None else to_iso(found.as_of),
            "hops": msgspec.to_builtins(self.hops),
            "lacking": msgspec.to_builtins(found.lacks),
            "not_told": found.unsure,
            "problem": found.problem,
            "parts": [{**msgspec.to_builtins(line), "since": to_iso(line.since)} for line in self.parts.lines.values()],
            "settings": [line._asdict() for line in self.settings],
        }

    def _show(self, found: Findings) -> None:
        self.found = found
        self.version += 1

    async def _database(self) -> tuple[Hop, Findings]:
        name = "Database"
        began = time.monotonic()
        try:
            async with asyncio.timeout(_TIMES):
                facts = await self._project.facts()
        except (ConsoleError, TimeoutError) as error:
            told = _told(error)
            kind: Literal["blocked", "failed"] = "blocked" if isinstance(error, NotPermitted) else "failed"
            found = Findings(problem=str(told), hint=told.hint, raw=told.raw, kind=kind)
            return _failed(name, told), found
        latency = round((time.monotonic() - began) * 1000)
        lacks = tuple(lacking(facts))
        found = Findings(lacks=lacks, unsure=facts.unsure)
        evidence = f"{sum(1 for need in TABLES if need.name in facts.tables)} of {len(TABLES)} tables can be read."
        if not lacks:
            return Hop(name, "ok", "Answers", evidence, latency), found
        missing = f"{len(lacks)} {'thing is' if len(lacks) == 1 else 'things are'} missing in the project."
        return Hop(
            name, "stale", "Incomplete", evidence, latency, missing, "See Self-check for the files to apply."
        ), found

    def _realtime(self, found: Findings) -> Hop:
        link, last = self._store.link, self._store.last_event_at
        seen = "No change has come in yet." if last is None else f"Last change at {_local(last)}."
        polled = sorted(need.name for need in TABLES if need.live and self._store.state(need.name).polled)
        unpublished = sorted({lack.name for lack in found.lacks if lack.kind == "publication"} | set(polled))
        missing = f"Not sent live: {', '.join(unpublished)}." if unpublished else ""
        if not link.live:
            todo = "It connects again by itself." if link.phase in ("reconnecting", "offline", "polling") else ""
            return Hop("Live changes", link.shape, link.word, seen, missing=link.why or missing, todo=todo)
        todo = "Apply 0002_access.sql as the owner of the publication supabase_realtime." if missing else ""
        return Hop("Live changes", "stale" if missing else "ok", link.word, seen, missing=missing, todo=todo)

    async def _storage(self) -> Hop:
        began = time.monotonic()
        try:
            async with asyncio.timeout(_TIMES):
                await self._pictures.check()
        except (ConsoleError, TimeoutError) as error:
            return _failed(_PICTURES, _told(error))
        return Hop(_PICTURES, "ok", "Answers", latency_ms=round((time.monotonic() - began) * 1000))

    async def _brain(self) -> Hop:
        try:
            async with asyncio.timeout(_TIMES):
                body = await self._planner.health()
        except (ConsoleError, TimeoutError) as error:
            return _failed("Brain", _told(error))
        status, latency = str(body.get("status", "")), body.get("latency_ms")
        note = str(body.get("note", ""))
        evidence = f"It says {status}." if status else "It answers, but not how it is."
        if status in ("healthy", ""):
            return Hop("Brain", "ok", "Answers", f"{evidence} {note}".strip(), latency)
        wrong = ", ".join(
            f"{key}: {value}" for key, value in body.items() if key not in ("status", "service", "latency_ms")
        )
        return Hop("Brain", "stale", "Degraded", evidence, latency, wrong, "Look into Brain's log.")

    async def _queue(self, which: Literal["main", "dlq"]) -> Hop:
        name = "Queue" if which == "main" else "Dead letter queue"
        began = time.monotonic()
        try:
            async with asyncio.timeout(_TIMES):
                figures = await self._queues.figures(which)
        except (ConsoleError, TimeoutError) as error:
            return _failed(name, _told(error))
        latency = round((time.monotonic() - began) * 1000)
        evidence = f"About {figures.visible:,} waiting, {figures.in_flight:,} in hand, {figures.delayed:,} delayed."
        return Hop(name, "ok", "Answers", evidence, latency)

    async def _rights(self) -> Hop:
        """The five rights that staff have. SendMessage is never tried: a trial could become a message."""
        look = self._look()
        tried = {
            "GetQueueAttributes": await _allowed(self._queues.figures("dlq")),
            "GetQueueUrl": await _allowed(self._queues.find("dlq")),
            "DeleteMessage": None if self._read_only else await _allowed(self._queues.delete_dead(_NO_RECEIPT)),
            "ReceiveMessage": True if look.as_of is not None and not look.problem else None,
        }
        has = [name for name, allowed in tried.items() if allowed]
        refused = [name for name, allowed in tried.items() if allowed is False]
        unknown = [name for name, allowed in tried.items() if allowed is None]
        evidence = f"Allowed: {', '.join(has) or 'none seen'}. SendMessage shows itself with the first replay."
        if refused:
            missing, todo = f"Refused: {', '.join(refused)}.", "Ask an administrator for these rights."
            return Hop("Rights at the queue", "blocked", "Not permitted", evidence, missing=missing, todo=todo)
        if unknown:
            missing, todo = f"Not known: {', '.join(unknown)}.", "Scan the dead letters, then check again."
            if self._read_only:
                todo = "They aren't tried in a console that was started with --read-only."
            return Hop("Rights at the queue", "waiting", "Not all known", evidence, missing=missing, todo=todo)
        return Hop("Rights at the queue", "ok", "Allowed", evidence)


def _pictures_hop(stored: Hop, found: Findings) -> Hop:
    """What the storage answered, with what the project says of the rights in it."""
    if stored.shape != "ok":
        effect = "Until then a run's last picture stays on the machine that took it." if stored.todo else ""
        return msgspec.structs.replace(stored, evidence=effect)
    told = f"The bucket “{BUCKET}” is there"
    lacks = [lack for lack in found.lacks if lack.file == PICTURES_FILE]
    if lacks:
        return msgspec.structs.replace(
            stored, shape="blocked", state="Not permitted", evidence=f"{told}.",
            missing=" ".join(lack.effect for lack in lacks), todo=f"Apply resources/schema/{PICTURES_FILE}.",
        )  # fmt: skip
    known = not found.problem and not found.unsure
    return msgspec.structs.replace(
        stored, evidence=f"{told}, staff may see and add pictures." if known else f"{told}; rights aren't told."
    )


def _browser_hop(browser: LocalBrowser) -> Hop:
    name = "Browser for runs here"
    if browser.path is None:
        todo = "Install Chrome, Edge or Chromium, or fetch one in Settings."
        return Hop(name, "skipped", "Not found", missing="No Chrome, Edge or Chromium is on this computer.", todo=todo)
    shown = "" if browser.in_window in (None, browser.path) else f" In a window: {browser.in_window}."
    shown = f" Not in a window: {browser.no_window}" if browser.no_window else shown
    if not browser.sandbox:
        missing = "As root the browser has no sandbox: runs here open practice sites only."
        found = f"{browser.path}.{shown}"
        return Hop(name, "stale", "No sandbox", found, missing=missing, todo="Start from another account.")
    return Hop(name, "ok", "Found", f"{browser.path}, sandbox on.{shown}")


def start_check(acts: HealthActs) -> None:
    """Check again, in the background; a check under way is left to end."""
    if not acts.found.checking:
        tasks.supersede("self-check", acts.check())


async def _allowed(call: Awaitable[object]) -> bool | None:
    """Whether the call is allowed; None when nobody answers. What is refused for another reason was allowed."""
    try:
        async with asyncio.timeout(_TIMES):
            await call
    except NotPermitted:
        return False
    except Refused:
        return True
    except (ConsoleError, TimeoutError):
        return None
    return True


def _told(error: ConsoleError | TimeoutError) -> ConsoleError:
    return error if isinstance(error, ConsoleError) else ConsoleError("It took too long to answer.", hint="Try again.")


def _failed(name: str, error: ConsoleError) -> Hop:
    if isinstance(error, NotInstalled):
        return Hop(name, "skipped", "Not set up", missing=str(error), todo=error.hint)
    if isinstance(error, NotPermitted):
        return Hop(name, "blocked", "Not permitted", missing=str(error), todo=error.hint)
    return Hop(name, "failed", "Not reachable", missing=str(error), todo=error.hint)


def _local(moment: float) -> str:
    """By this machine's clock, to the second, with its zone: the words go into reports too."""
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(moment))
