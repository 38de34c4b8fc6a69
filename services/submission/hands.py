"""A person's mouse and keyboard in the page of a held run, in its picture or in the browser's own window."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from urllib.parse import unquote_plus

from playwright.async_api import BrowserContext, Error, Page, Request

from services.domain.run_commands import Keys, Mouse
from services.submission.blocking import Blocker
from services.submission.edits import EditRefused
from services.submission.gate import READS
from services.submission.picking import outside
from services.submission.walls import find_walls
from services.submission.window import Window

_LONGEST_TEXT: Final = 2000
# A request comes after the press that sets it off, and some pages think before they send.
_AFTER_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 10.0
_KEYS: Final = frozenset(
    {"Enter", "Tab", "Shift+Tab", "Backspace", "Delete", "Escape", "Home", "End", "PageUp", "PageDown",
     "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "ControlOrMeta+a"}
)  # fmt: skip
_SENDS: Final = "The run itself sends the form: press Go on"
_AT: Final = """(button, [x, y]) => {
  const at = document.elementFromPoint(x, y);
  return !!at && (button === at || button.contains(at) || (at.closest('label') || {}).control === button);
}"""
_ON_IT: Final = "button => document.activeElement === button"
_IN_ITS_FORM: Final = """button => {
  const at = document.activeElement;
  return at === button || (!!at && at.tagName === 'INPUT' && !!button.form && at.form === button.form);
}"""


class Hands:
    """`submit` gives the selector of the button that sends the form: pressing it is left to the run.

    `typed` gives the values of the form, to see whether it was sent; where there is a `blocker`, nothing is.
    `window`: where a person sees the page itself.
    """

    def __init__(
        self,
        context: BrowserContext,
        submit: Callable[[], str],
        typed: Callable[[], Sequence[str]],
        window: Window | None = None,
        blocker: Blocker | None = None,
    ) -> None:
        self._submit = submit
        self._typed = typed
        self._blocker = blocker
        self.window = window
        self._page: Page | None = None
        self.used = 0
        """How many times the mouse was pressed and something typed."""
        self._sent = asyncio.Event()
        self._form: Request | None = None
        self._forgiving = False
        context.on("request", self._on_request)

    @property
    def sent(self) -> bool:
        """Something left the page meanwhile that may have been the form."""
        return self._sent.is_set()

    async def begin(self, page: Page, *, forgiving: bool) -> None:
        """A person may use them from now on. `forgiving`: what is sent meanwhile is a sign-in, not the form."""
        self._page = page
        self.used = 0
        self._forgiving = forgiving
        if self._blocker is not None:
            await self._blocker.by_hand(page)
        if self.window is not None:
            await self.window.lend(self._leaves_button)

    async def end(self) -> None:
        """The run has its page for itself again, and what was done last has shown whether it sends something."""
        if self.window is not None:
            await self.window.take_back()
        if self.used or self.window is not None:
            await self._listen_on(_AFTER_SECONDS)
        self._page, self._forgiving = None, False

    @contextlib.asynccontextmanager
    async def watching(self, page: Page, seconds: float) -> AsyncIterator[None]:
        """Around what is put into the page in a person's stead: `sent` is known after it. Within a hold too.

        For so many seconds the page may think before it sends.
        """
        before, self._page = self._page, page
        try:
            yield
            await self._listen_on(seconds)
        finally:
            self._page = before

    async def _listen_on(self, seconds: float) -> None:
        if self._blocker is not None or self._page is None or self._page.is_closed():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._sent.wait()
        if self._form is not None:
            # The end of the run would cut it off on its way.
            with contextlib.suppress(Error, TimeoutError):
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await self._form.response()

    async def use(self, command: Mouse | Keys) -> None:
        """Do in the page what a person does in its picture; raises EditRefused."""
        page = self._page
        if page is None:
            raise EditRefused("The page is the run's")
        try:
            if isinstance(command, Mouse):
                await self._mouse(page, command)
            else:
                await self._keys(page, command)
        except Error as error:
            raise EditRefused("The page does not react") from error

    async def _mouse(self, page: Page, command: Mouse) -> None:
        if outside(page, command.x, command.y):
            return
        if command.what == "down" and await self._is_submit(page, _AT, [command.x, command.y]):
            raise EditRefused(_SENDS)
        await page.mouse.move(command.x, command.y)
        if command.what == "down":
            self.used += 1
            await page.mouse.down()
        elif command.what == "up":
            await page.mouse.up()
        elif command.what == "wheel":
            await page.mouse.wheel(0, command.scroll)

    async def _keys(self, page: Page, command: Keys) -> None:
        self.used += 1
        asks = _IN_ITS_FORM if command.key == "Enter" else _ON_IT if command.text == " " else ""
        if asks and await self._is_submit(page, asks, None):
            raise EditRefused(_SENDS)
        if command.key in _KEYS:
            await page.keyboard.press(command.key)
        elif command.text:
            await page.keyboard.type(command.text[:_LONGEST_TEXT])

    async def _is_submit(self, page: Page, asks: str, argument: list[float] | None) -> bool:
        selector = self._submit()
        button = page.locator(selector)
        if not selector or await button.count() == 0 or not await button.first.evaluate(asks, argument):
            return False
        return not await self._leaves_button()

    async def _leaves_button(self) -> bool:
        """A page to sign in may have a button of the same kind."""
        return self._forgiving and self._page is not None and "login" in await find_walls(self._page)

    def _on_request(self, request: Request) -> None:
        if self._page is not None and self._blocker is None and self._may_be_form(request, self._page):
            self._form = self._form or request
            self._sent.set()

    def _may_be_form(self, request: Request, page: Page) -> bool:
        leads = request.is_navigation_request()
        if request.method in READS:
            # Only a form that leads to another page: what offers addresses as one types asks for several values too.
            return leads and self._carries_form(request.url, leads)
        try:
            own = leads and request.frame == page.main_frame
        except Error:
            own = False
        said = (request.post_data_buffer or b"").decode("utf-8", "replace")
        return (own and not self._forgiving) or self._carries_form(said, leads)

    def _carries_form(self, text: str, leads: bool) -> bool:
        """Whether several values of the form are in it: one alone may be a draft that the page keeps.

        Where it `leads` to another page it is the form by its only value too.
        """
        plain = unquote_plus(text)
        telling = {value for value in self._typed() if len(value) > 4}
        return bool(telling) and sum(value in plain for value in telling) >= (min(2, len(telling)) if leads else 2)
