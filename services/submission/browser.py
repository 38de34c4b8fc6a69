"""Starts the browser, and gives each run a context of its own that keeps nothing."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from playwright.async_api import Browser as Chromium
from playwright.async_api import Error, Playwright, async_playwright

from services.ports.wishes import RunRequest
from services.settings import child_environment, temporary_files_below
from services.submission.choice import find_browser, may_sandbox, why_no_window
from services.submission.control import Control
from services.submission.events import Report
from services.submission.gate import Gate, practice_port
from services.submission.opening import refused
from services.submission.outcome import Outcome
from services.submission.pictures import VIEWPORT
from services.submission.run import run_plan
from services.submission.trace import traced
from services.temporary import RunFolder
from services.to_the_end import to_the_end

FLAGS: Final = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Ways around the gate.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
_WINDOW_FLAGS: Final = (
    # What a page may ask a person for beside the form, it is refused unasked, as without a window.
    "--deny-permission-prompts",
    "--ozone-platform-hint=auto",
)
_CLOSE_SECONDS: Final = 5.0
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
NO_SANDBOX: Final = "The browser has no sandbox for root, and opens only practice sites: use another account"


class NoBrowser(Exception):
    """No browser could be started; the text says what to do."""


class Browser:
    """One browser process, an async context manager; runs may follow each other or overlap.

    `path` and `data_dir` as `find_browser` takes them; `practice_url` is where the practice sites are, "" for nowhere.
    Raises NoBrowser on entering when none starts.
    """

    def __init__(
        self, *, path: str = "", headless: bool = True, practice_url: str = "", data_dir: Path | None = None
    ) -> None:
        self._path = path
        self._data_dir = data_dir
        self._headless = headless
        self._practice_url = practice_url
        self._playwright: Playwright | None = None
        self._chromium: Chromium | None = None
        self._folder: RunFolder | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> Browser:
        await self._started()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def run(self, request: RunRequest, report: Report, control: Control | None = None) -> Outcome:
        """One run in a fresh context, which a person may hold by `control`.

        Reports `started` to `verdict`, and what is kept. Raises only NoBrowser and cancellation.
        """
        chromium = await self._started()
        about = {
            "browser": f"{chromium.browser_type.name} {chromium.version}", "sandbox": may_sandbox(),
            "window": not self._headless,
        }  # fmt: skip
        port = practice_port(request.submission_url, self._practice_url)
        if port is None and not may_sandbox():
            return refused(request, report, about, NO_SANDBOX)
        async with Gate(port, most_bytes=request.most_bytes) as gate:
            try:
                context = await chromium.new_context(
                    viewport=VIEWPORT,  # type: ignore[arg-type]
                    accept_downloads=False,
                    service_workers="block",
                    proxy={"server": gate.address, "bypass": "<-loopback>"},
                )
            except Error as error:
                raise NoBrowser(f"The browser opens no page: {error.message.splitlines()[0]}") from error
            try:
                async with traced(context, request.artifacts if request.trace else "", report):
                    return await run_plan(context, gate, request, report, about, control)
            finally:
                # A page may send what was typed when it is closed.
                gate.shut(lambda *_: None)
                with contextlib.suppress(Error, TimeoutError):
                    async with asyncio.timeout(_CLOSE_SECONDS):
                        await context.close()

    async def _started(self) -> Chromium:
        async with self._starting:
            if self._chromium is None or not self._chromium.is_connected():
                await self._end()
                try:
                    self._chromium = await self._begun()
                except BaseException:
                    await self._end()
                    raise
            return self._chromium

    async def _begun(self) -> Chromium:
        if not self._headless and (refusal := why_no_window(self._path, data_dir=self._data_dir)):
            raise NoBrowser(refusal)
        path = find_browser(self._path, headless=self._headless, data_dir=self._data_dir)
        try:
            # Each whole, or nobody would know of what is half there; a driver that hangs goes with its folder. The wait
            # for its turn is none of that: who is called off before it begins goes at once.
            folder = await to_the_end(self._foldered())
            async with driver_turn():
                playwright = await to_the_end(self._driven(folder), within=_CLOSE_SECONDS)
            return await playwright.chromium.launch(
                executable_path=path,
                headless=self._headless,
                chromium_sandbox=may_sandbox(),
                args=[*FLAGS, *(() if self._headless else _WINDOW_FLAGS)],
                env=dict(child_environment(folder.environment() if self._headless else folder.short_environment())),
            )
        except (Error, OSError) as error:
            what = path or "No Chrome, Edge or Chromium was found; install one, or fetch one in Settings"
            raise NoBrowser(f"The browser does not start: {what} ({str(error).splitlines()[0]})") from error

    async def _foldered(self) -> RunFolder:
        """Where the browser and its driver write."""
        folder = self._folder = await asyncio.to_thread(RunFolder)
        return folder

    async def _driven(self, folder: RunFolder) -> Playwright:
        """The browser's driver."""
        # It makes the browser's profile.
        with temporary_files_below(folder.path):
            playwright = self._playwright = await async_playwright().start()
        return playwright

    async def _end(self) -> None:
        """Whoever is called off meanwhile waits for it: nobody else would know of what is left."""
        await to_the_end(self._ended())

    async def _ended(self) -> None:
        """The driver ends the browser's whole tree when it goes, so a hang in one of them can't keep it; then what
        they wrote goes."""
        for part in (
            self._chromium.close if self._chromium is not None else None,
            self._playwright.stop if self._playwright is not None else None,
        ):
            if part is not None:
                with contextlib.suppress(Error, TimeoutError):
                    async with asyncio.timeout(_CLOSE_SECONDS):
                        await part()
        folder, self._folder = self._folder, None
        self._chromium = self._playwright = None
        if folder is not None:
            await asyncio.to_thread(folder.remove)


def driver_turn() -> asyncio.Lock:
    """Whoever starts a driver holds it: each takes its place for temporary files from the environment of us all."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
