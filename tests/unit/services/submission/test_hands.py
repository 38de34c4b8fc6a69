"""What leaves a page while somebody else than the run has it is noticed, also a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from playwright.async_api import BrowserContext, Error, Page, Request

from services.domain.plans import Plan, Step
from services.ports.wishes import RunRequest
from services.submission import hands as hands_module
from services.submission.control import Control
from services.submission.hands import Hands
from services.submission.run import run_plan


class Tab:
    """A page of one frame, and how it sends its form."""

    def __init__(self) -> None:
        self.main_frame = object()
        self._tell: Callable[[Request], None] = lambda _: None

    def on(self, _: str, tell: Callable[[Request], None]) -> None:
        self._tell = tell

    def is_closed(self) -> bool:
        return False

    def send(self) -> None:
        self._tell(cast(Request, Sent(self.main_frame)))


class Sent:
    method, url, post_data_buffer = "POST", "http://a.example/send", b""

    def __init__(self, frame: object) -> None:
        self.frame = frame

    def is_navigation_request(self) -> bool:
        return True

    async def response(self) -> None:
        """It is answered at once."""


def watched(tab: Tab, *typed: str) -> Hands:
    return Hands(cast(BrowserContext, tab), lambda: "", lambda: typed)


async def put_in(hands: Hands, tab: Tab, later: float | None, seconds: float = 0.01) -> bool:
    async with hands.watching(cast(Page, tab), seconds):
        if later is not None:
            asyncio.get_running_loop().call_later(later, tab.send)
    return hands.sent


@pytest.mark.parametrize("later", [0.0, 0.05])
def test_an_answer_that_sends_the_form_is_noticed(later: float) -> None:
    tab = Tab()
    assert asyncio.run(put_in(watched(tab), tab, later, 30.0))


def test_what_the_run_itself_sends_afterwards_is_not() -> None:
    tab = Tab()
    hands = watched(tab)
    assert not asyncio.run(put_in(hands, tab, None))
    tab.send()
    assert not hands.sent


def test_within_a_hold_it_goes_on_watching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands_module, "_AFTER_SECONDS", 0.01)

    async def go() -> None:
        tab: Any = Tab()
        hands = watched(tab)
        await hands.begin(tab, forgiving=True)
        assert not await put_in(hands, tab, 0.0), "a sign-in"
        await hands.end()
        await hands.begin(tab, forgiving=False)
        assert not await put_in(hands, tab, None)
        tab.send()
        assert hands.sent

    asyncio.run(go())


@pytest.mark.parametrize(
    ("typed", "leads", "is_form"),
    [
        ((), True, False),
        (("NY",), True, False),
        (("Bakery",), True, True),
        (("Bakery", "NY"), True, True),
        (("Bakery", "5550148"), True, False),
        (("Bakery", "Albany"), True, True),
        (("Bakery",), False, False),
        (("Bakery", "Albany"), False, True),
    ],
)
def test_a_form_of_one_value_is_known_by_it_where_it_leads_to_another_page(
    typed: tuple[str, ...], leads: bool, is_form: bool
) -> None:
    tab = Tab()

    class Asked(Sent):
        method, url = "GET" if leads else "POST", "http://a.example/?name=Bakery&city=Albany&state=NY"
        post_data_buffer = b"name=Bakery&city=Albany&state=NY"

        def is_navigation_request(self) -> bool:
            return leads

    async def go() -> None:
        hands = watched(tab, *typed)
        async with hands.watching(cast(Page, tab), 0.0):
            tab._tell(cast(Request, Asked(tab.main_frame)))
        assert hands.sent == is_form

    asyncio.run(go())


def test_a_run_that_breaks_once_something_was_sent_does_not_say_that_nothing_was() -> None:
    """A failed outcome with nothing sent would have the worker try it again."""

    class Broken:
        async def new_page(self) -> None:
            async with hands.watching(cast(Page, tab), 30.0):
                tab.send()
            raise Error("Target crashed")

    tab, told = Tab(), list[dict[str, Any]]()
    hands, control = watched(tab), Control(told.append)
    control.lend(cast(Page, tab), hands)
    plan = Plan([Step("click", selector="button")])
    request = RunRequest("run-1", "job-1", "a.example", "http://a.example/", plan, dry=False, artifacts="")
    outcome = asyncio.run(run_plan(cast(Any, Broken()), cast(Any, None), request, told.append, {}, control))
    assert (outcome.status, outcome.before_submit) == ("unknown", False)
    assert outcome.reasons == ["The browser broke down: Target crashed after the form may have been sent"]
