"""A person's mouse and keyboard in the page of a held run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from playwright.async_api import BrowserContext, Error, Page, Request

from services.domain.run_commands import Keys, Mouse
from services.submission.edits import EditRefused
from services.submission.picking import outside
from services.submission.walls import find_walls

_LONGEST_TEXT: Final = 2000
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

    `typed` gives the values of the form, to see whether it was sent; None where nothing leaves the page.
    """

    def __init__(
        self, context: BrowserContext, submit: Callable[[], str], typed: Callable[[], Sequence[str]] | None
    ) -> None:
        self._submit = submit
        self._typed = typed
        self._page: Page | None = None
        self.used = 0
        """How many times the mouse was pressed and something typed."""
        self.sent = False
        """Something left the page meanwhile that may have been the form."""
        self._forgiving = False
        context.on("request", self._on_request)

    def begin(self, page: Page, *, forgiving: bool) -> None:
        """A person may use them from now on. `forgiving`: what is sent meanwhile is a sign-in, not the form."""
        self._page = page
        self.used = 0
        self._forgiving = forgiving

    def end(self) -> None:
        """The run has its page for itself again."""
        self._page = None

    async def use(self, command: Mouse | Keys) -> None:
        """Do in the page what a person does in its picture; raises EditRefused."""
        page = self._page
        if page is None:
            raise EditRefused("The page is the run’s")
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
        # A page to sign in may have a button of the same kind.
        return not (self._forgiving and "login" in await find_walls(page))

    def _on_request(self, request: Request) -> None:
        if self._page is None or self._typed is None or request.method in ("GET", "HEAD", "OPTIONS"):
            return
        try:
            own = request.is_navigation_request() and request.frame == self._page.main_frame
        except Error:
            own = False
        if self._forgiving:
            own = False
        body = request.post_data_buffer or b""
        carried = sum(1 for value in self._typed() if len(value) > 4 and value.encode() in body.replace(b"+", b" "))
        self.sent = self.sent or own or carried > 1
