"""What a person types into a page in a real browser, wherever in it, is heard."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from playwright.async_api import Frame, Page, Route

from services.submission import browser as browsers
from services.submission import typed_by_hand
from services.submission.typed_by_hand import TypedByHand
from tests.waiting import until

pytestmark = pytest.mark.browser

FRAMED = """<div id=shut></div><p><input id=a name=a><iframe src=http://one.example/inner></iframe><script>
shut.attachShadow({mode: 'closed'}).innerHTML = '<input style="position:fixed;top:0;left:0">';</script>"""


def test_what_is_typed_by_hand_is_heard_in_every_frame_and_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without it a small machine's browser keeps the frames of other sites with the page.
    monkeypatch.setattr(browsers, "FLAGS", (*browsers.FLAGS, "--site-per-process"))
    monkeypatch.setattr(typed_by_hand, "_ANSWER_SECONDS", 30.0)
    by_hand = TypedByHand()

    async def serve(route: Route) -> None:
        inner = route.request.url.endswith("/inner")
        await route.fulfill(body="<input id=b name=b>" if inner else FRAMED, content_type="text/html")

    async def types(place: Page | Frame, selector: str, text: str) -> None:
        """Until it is heard; what came before a frame could be listened to is typed again."""
        for _ in range(50):
            await place.click(selector)
            await place.press(selector, "ControlOrMeta+a")
            await place.locator(selector).press_sequentially(text)
            with contextlib.suppress(AssertionError):
                await until(lambda: by_hand.in_text(text), seconds=0.2)
                break
        assert by_hand.in_text(text)

    async def act(page: Page) -> None:
        await page.context.route("**/*", serve)
        await page.goto("http://shop.example/")
        await by_hand.listen(page)
        await types(page, "#a", "Red Door")
        assert not by_hand.in_text("Red Do"), "only what stands there"
        assert by_hand.in_address("http://shop.example/suggest?q=Red+D"), "asked while it was typed"
        await types(page.frames[1], "#b", "In a frame")
        await page.frames[1].goto("http://two.example/inner")
        await types(page.frames[1], "#b", "Of another site")
        await page.goto("http://elsewhere.example/")
        await types(page, "#a", "Next page")
        await types(page.frames[1], "#b", "Its frame")
        beside = await page.context.new_page()
        await beside.goto("http://shop.example/")
        await types(beside, "#a", "Beside it")
        await beside.close()
        assert not by_hand.in_text("anything")
        # A page gets the keyboard some time after the one beside it was closed.
        for _ in range(50):
            await page.mouse.click(9, 9)
            await page.keyboard.type("x")
            with contextlib.suppress(AssertionError):
                await until(lambda: by_hand.in_text("anything"), seconds=0.2)
                break
        assert by_hand.in_text("anything")

    async def go() -> None:
        async with browsers.Browser() as browser:
            context = await (await browser._started()).new_context()
            await act(await context.new_page())

    asyncio.run(go())
