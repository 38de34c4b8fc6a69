"""The window of a run's browser: the run has its page for itself, but for while it is lent to a person."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from playwright.async_api import CDPSession, Error, JSHandle, Page

from services.domain.plans import CLOSE, Step
from services.submission.steps import ready
from services.to_the_end import to_the_end

_ANSWER_SECONDS: Final = 2.0
_LOOK_AGAIN_SECONDS: Final = 0.25
# The print sheet of a browser with a window holds its page.
_NO_PRINTING: Final = "self.print = () => {}"
# Enter in a field presses the button too, and so does its label.
_KEEP_BUTTON: Final = """button => {
  const owner = button.ownerDocument.defaultView;
  const stop = event => {
    const key = event.type !== 'keydown' || event.key === 'Enter' || event.key === ' ';
    if (event.isTrusted && key && event.composedPath().some(at => at === button || at.control === button)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  const kinds = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click', 'keydown'];
  for (const kind of kinds) owner.addEventListener(kind, stop, true);
  return () => { for (const kind of kinds) owner.removeEventListener(kind, stop, true); };
}"""


class Window:
    """`submit` gives the selector of the button that sends the form, "" for none: pressing it is left to the run."""

    def __init__(self, page: Page, submit: Callable[[], str]) -> None:
        self._page = page
        self._submit = submit
        self._cdp: CDPSession | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._kept: JSHandle | None = None

    @classmethod
    async def kept(cls, page: Page, submit: Callable[[], str]) -> Window:
        """From now on mouse and keyboard of a person do nothing in the page."""
        made = cls(page, submit)
        made._cdp = await page.context.new_cdp_session(page)
        await page.add_init_script(_NO_PRINTING)
        await made._cdp.send("Input.setIgnoreInputEvents", {"ignore": True})
        return made

    async def lend(self, leaves_button: Callable[[], Awaitable[bool]]) -> None:
        """A person may use the page; its button that sends the form only where the run `leaves_button` to them."""
        await self._keep_button(leaves_button)
        await self._ignore(False)
        self._keeping = asyncio.get_running_loop().create_task(self._go_on_keeping(leaves_button), name="window")

    async def open_to_the_run(self, step: Step, seconds: float) -> None:
        """Let the mouse of the run itself into the page; wait first until the step's button could be pressed.

        Raises StepFailed.
        """
        if step.action == "click" and step.value != CLOSE:
            # That wait is the longer part, and a person may press it first.
            await ready(self._page, step, seconds)
        assert self._cdp is not None
        await self._cdp.send("Input.setIgnoreInputEvents", {"ignore": False})

    async def shut(self) -> None:
        """Mouse and keyboard do nothing in the page again."""
        await self._ignore(True)

    async def take_back(self) -> None:
        """The run has the page for itself again."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            # Before anything is waited for: who calls this off would leave it behind, and nobody ends it.
            keeping.cancel()
        await self._ignore(True)
        if keeping is not None:
            await asyncio.wait([keeping])
        await self._swap(None)

    async def _ignore(self, on: bool) -> None:
        # A page that is gone has nothing to be used.
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                if self._cdp is not None:
                    await self._cdp.send("Input.setIgnoreInputEvents", {"ignore": on})

    async def _go_on_keeping(self, leaves_button: Callable[[], Awaitable[bool]]) -> None:
        """Another page may come, and pages make their buttons anew."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            # Whole: a guard of which nobody has the handle would swallow the run's own click too.
            await to_the_end(self._keep_button(leaves_button), within=_ANSWER_SECONDS)

    async def _keep_button(self, leaves_button: Callable[[], Awaitable[bool]]) -> None:
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                fresh: Any = None
                button = self._page.locator(self._submit())
                if self._submit() and await button.count() and not await leaves_button():
                    fresh = await button.first.evaluate_handle(_KEEP_BUTTON)
                await self._swap(fresh)

    async def _swap(self, fresh: JSHandle | None) -> None:
        old, self._kept = self._kept, fresh
        if old is not None:
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await old.evaluate("stop => stop()")
                    await old.dispose()


@contextlib.asynccontextmanager
async def own_input(window: Window | None, step: Step, seconds: float) -> AsyncIterator[None]:
    """Around a step of the run: where there is a window, a step that needs the mouse gets it. Raises StepFailed."""
    if window is None or step.action not in ("click", "check"):
        yield
        return
    await window.open_to_the_run(step, seconds)
    try:
        yield
    finally:
        await window.shut()
