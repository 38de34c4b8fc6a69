"""The browser that runs on this machine are made with: which it is, and fetching one where there is none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from app import tasks
from app.actions.operations import Operations, State
from app.actions.registry import FETCH_BROWSER, why_not
from services.domain.errors import ConsoleError
from services.ports.wishes import BrowserSource

_log = logging.getLogger(__name__)
_CANCELLED: Final = "Cancelled; nothing of it was kept."


class Fetching(msgspec.Struct, frozen=True):
    """How far it is. `done`, `total`: bytes, 0 for a total that nobody knows. `words`: how it ended, a sentence."""

    phase: Literal["idle", "fetching", "failed"] = "idle"
    done: int = 0
    total: int = 0
    words: str = ""


class BrowserActs:
    """`find` and `why_no_window` look for the browser on the disk and block the thread; `version` grows with each
    change."""

    def __init__(
        self,
        source: BrowserSource,
        operations: Operations,
        find: Callable[[], str | None],
        *,
        actor: str,
        role: Callable[[], str | None],
        why_no_window: Callable[[], str] = lambda: "",
    ) -> None:
        self._source = source
        self._operations = operations
        self._find = find
        self._actor = actor
        self._role = role
        self._cancelled = False
        self._why_no_window = why_no_window
        self.no_window = ""
        """Why a run can't show its browser's window here, once `found` was asked; "" when it can."""
        self.path: str | None = None
        """The browser in use, once `found` was asked; None for none."""
        self.looked = False
        self.state = Fetching()
        self.version = 0

    def why_not(self) -> str:
        """Why a browser can't be fetched now; "" when it can."""
        if refusal := why_not(FETCH_BROWSER, self._role()):
            return refusal
        return "It is being fetched." if self.state.phase == "fetching" else ""

    def found(self) -> str | None:
        """Look which browser is in use; blocks the thread."""
        self.path, self.no_window = self._find(), self._why_no_window()
        self.looked = True
        self.version += 1
        return self.path

    async def fetch(self) -> None:
        """Fetch one; how it ended is in `state` and in the Operations list. Raises ConsoleError when it is off."""
        if refusal := self.why_not():
            raise ConsoleError(refusal)
        self._cancelled = False
        self._show(Fetching("fetching"))
        key = ""
        try:
            label = "Fetch a browser for runs here"
            key = (await asyncio.to_thread(self._operations.plan, FETCH_BROWSER.name, label, "", actor=self._actor)).id
            ended = await self._fetched(key)
        except ConsoleError as error:
            ended = Fetching("failed", words=str(error))
        except BaseException:
            self._show(Fetching("failed", words=_CANCELLED))
            raise
        await asyncio.to_thread(self.found)
        self._show(ended)
        if key:
            done = ended.phase == "idle"
            state: State = "done" if done else "undone" if self._cancelled else "failed"
            await self._note(key, state, ended.words or "It is in place.", int(done))

    def cancel(self) -> None:
        """Stop fetching: nothing is left of it."""
        if self.state.phase == "fetching":
            self._cancelled = True
            self._source.cancel()

    async def settle(self) -> None:
        """Say of a fetch that an earlier start was cut off in that nothing came of it."""
        for wish in self._operations.left_behind(FETCH_BROWSER.name):
            await self._note(wish.id, "failed", "The program ended before the browser was whole. Fetch it again.", 0)

    async def _fetched(self, key: str) -> Fetching:
        tenth = -1
        async for event in self._source.fetch():
            if event["kind"] == "ended":
                error = _CANCELLED if self._cancelled else str(event.get("error") or "")
                return Fetching("failed", words=error) if error else Fetching()
            done, total = int(event.get("done") or 0), int(event.get("total") or 0)
            self._show(Fetching("fetching", done, total))
            if total and done * 10 // total != tenth:
                tenth = done * 10 // total
                await self._note(key, "running", amount(self.state), 0)
        return Fetching("failed", words="Fetching ended without a word.")

    async def _note(self, key: str, state: State, words: str, done: int) -> None:
        try:
            await asyncio.to_thread(self._operations.move, key, state, words, done=done)
        except ConsoleError as error:
            _log.error("How far fetching the browser is could not be written down: %s", error.raw or error)

    def _show(self, state: Fetching) -> None:
        self.state = state
        self.version += 1


def amount(state: Fetching) -> str:
    """How much has come, such as "41 of 165 MB"."""
    done = f"{state.done / 1_048_576:,.0f}"
    return f"{done} of {state.total / 1_048_576:,.0f} MB" if state.total else f"{done} MB"


def start_fetch(acts: BrowserActs) -> None:
    """Start fetching as a task, where it may be pressed."""
    if not acts.why_not():
        tasks.spawn("fetch a browser", acts.fetch())
