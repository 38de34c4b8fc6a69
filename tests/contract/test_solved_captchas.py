"""Captchas of real pages that are solved for money: put in, paid for once, and left to a person when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.async_api import Page

from services.domain.plans import Step
from services.domain.run_commands import AskSolver
from services.local.practice import captcha
from services.local.practice.app import build_app
from services.local.practice.sites import load_sites
from services.ports.wishes import CaptchaTerms, RunRequest
from services.submission import solving, two_captcha
from services.submission.captcha_page import find_puzzle, put_in
from services.submission.control import Control
from services.submission.outcome import Outcome
from services.submission.solving import Solving
from services.submission.two_captcha import Puzzle, Unsolved
from services.submission.walls import still_asks
from tests.contract.running_plans import Ground
from tests.fakes.two_captcha import KEY, FakeTwoCaptcha

pytestmark = pytest.mark.browser

SITE = next(site for site in load_sites().values() if site.kind == "captcha")
NOBODY = "This directory asks for a captcha; a person is needed"
WIDGET = """<form>{} <textarea name={} hidden></textarea></form><p id=said></p>
<script>function done(answer) {{ document.getElementById('said').textContent = 'heard ' + answer; }}</script>"""


class Place(Ground):
    """The practice directories, a browser, and 2Captcha."""

    runner: asyncio.Runner
    solver: FakeTwoCaptcha
    folder: Path

    def visit(
        self, *, dry: bool = False, helper: str = "", commands: tuple[Any, ...] = ()
    ) -> tuple[Outcome, list[Any]]:
        """A run on the directory that asks for letters; `commands` are given when it waits for a person."""
        told: list[dict[str, Any]] = []
        url = f"http://{SITE.host}:{self.port}/add"
        request = RunRequest(
            "run-1", "job-1", SITE.host, url, self.plan(SITE), dry=dry, artifacts="", helper=helper,
            captchas=self.solver.terms,
        )  # fmt: skip

        def report(event: dict[str, Any]) -> None:
            told.append(event)
            if event["kind"] == "held" and len([one for one in told if one["kind"] == "held"]) == 1:
                for command in commands:
                    asyncio.get_running_loop().call_soon(control.take, command)

        control = Control(report, helper=helper)
        before = len(self.posts())
        outcome = self.runner.run(asyncio.wait_for(self._browser.run(request, report, control), 60))
        assert KEY not in str(told)
        self.sent = len(self.posts()) - before
        return outcome, told

    def posts(self) -> list[str]:
        log = self.folder / "log.jsonl"
        return [line for line in log.read_text().splitlines() if '"POST"' in line] if log.exists() else []

    def on_page(self, html: str, act: Callable[[Page], Awaitable[None]]) -> None:
        """Do something on a page of these words; nothing is loaded into it."""

        async def go() -> None:
            context = await (await self._browser._started()).new_context()
            try:
                await context.route("**/*", lambda route: route.abort())
                page = await context.new_page()
                await page.set_content(html, wait_until="commit")
                await act(page)
            finally:
                await context.close()

        self.runner.run(go())


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("solved")
    with asyncio.Runner() as runner:
        solver = FakeTwoCaptcha(folder)
        runner.run(solver.start())
        with Place(folder, runner, build_app(folder / "log.jsonl")) as made:
            assert isinstance(made, Place)
            made.runner, made.solver, made.folder = runner, solver, folder
            yield made
        runner.run(solver.stop())


@pytest.fixture
def place(ground: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(captcha, "new_text", lambda chance: "ACEFH")
    monkeypatch.setattr(two_captcha, "POLL_SECONDS", 0.01)
    monkeypatch.setenv("SSL_CERT_FILE", str(ground.solver.certificate))
    solver = ground.solver
    solver.answer, solver.refusals = "ACEFH", []
    solver.asked.clear()
    solver.wrong.clear()
    return ground


def test_a_captcha_is_solved_and_the_record_says_what_it_cost(place: Place) -> None:
    outcome, told = place.visit()
    assert outcome.status == "submitted", told
    assert place.sent == 1
    [record] = outcome.response_log["captchas"]
    assert {**record, "ms": 0} == {
        "index": record["index"], "by": "admin@example.com", "kind": "image", "id": "70001", "cost": 0.00299, "ms": 0,
    }  # fmt: skip
    assert "2Captcha solved the captcha in" in str(outcome.reasons)
    assert "s for $0.0030" in str(outcome.reasons)
    assert place.solver.picture(0).startswith(b"\x89PNG")
    assert [event["kind"] for event in told if event["kind"] in ("asking", "asked", "held")] == ["asking", "asked"]
    assert place.solver.wrong == []


def test_a_wrong_answer_is_reported_and_nothing_is_sent_twice(place: Place) -> None:
    place.solver.answer = "WRONG"
    outcome, _ = place.visit()
    assert (outcome.status, outcome.before_submit) == ("failed", False)
    assert place.sent == 1
    [record] = outcome.response_log["captchas"]
    assert (record["wrong"], record["reported"]) == (True, True)
    assert place.solver.wrong == [record["id"]]


def test_without_an_answer_a_person_is_called_and_may_have_it_tried_again(place: Place) -> None:
    place.solver.refusals = ["ERROR_ZERO_BALANCE"]
    outcome, _ = place.visit()
    assert (outcome.status, outcome.person, outcome.error) == ("failed", "captcha", NOBODY)
    no_money = "2Captcha: there is no money left on the account"
    assert outcome.reasons == [f"Nothing was sent: {NOBODY}", no_money]
    assert [entry["error"] for entry in outcome.response_log["captchas"]] == [no_money]
    assert place.sent == 0
    place.solver.refusals = ["ERROR_ZERO_BALANCE", "ERROR_NO_SLOT_AVAILABLE"]
    outcome, told = place.visit(helper="desk-1", commands=(AskSolver(), AskSolver()))
    assert outcome.status == "submitted", told
    entries = outcome.response_log["captchas"]
    assert [entry["by"] for entry in entries] == ["admin@example.com", "desk-1", "desk-1"]
    assert ["error" in entry for entry in entries] == [True, True, False]
    [held] = [event for event in told if event["kind"] == "held"]
    assert held["solver"]


def test_a_page_does_not_spend_money_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "MOST_ASKED", 0)
    told: list[dict[str, Any]] = []
    words: list[str] = []
    made = Solving(CaptchaTerms(KEY, "admin@example.com"), told.append, words)
    assert not asyncio.run(made.alone(cast("Page", None), 2, Step("captcha")))
    assert words == ["2Captcha was asked 0 times in this run already"] == [told[-1]["error"]]
    assert Solving(None, told.append, words).on_request(cast("Page", None), [], "") is None


def test_a_dry_run_asks_only_when_told_to(place: Place) -> None:
    outcome, told = place.visit(dry=True, helper="desk-1", commands=(AskSolver(),))
    assert outcome.status == "dry", told
    kinds = [event["kind"] for event in told if event["kind"] in ("held", "asking", "asked")]
    assert kinds == ["held", "asking", "asked"]
    assert [entry["by"] for entry in outcome.response_log["captchas"]] == ["desk-1"]
    assert len(place.solver.asked) == 1
    assert place.sent == 0


WIDGETS = [
    ("<div class=g-recaptcha data-sitekey=6Le-wvkSAAAA data-callback=done></div>", "g-recaptcha-response",
     "recaptcha", "6Le-wvkSAAAA"),
    ("<iframe src='https://www.google.com/recaptcha/api2/anchor?ar=1&k=6Le-wvkSBBBB&co=a'></iframe>",
     "g-recaptcha-response", "recaptcha", "6Le-wvkSBBBB"),
    ("<div class=h-captcha data-sitekey=10000000-ffff data-size=invisible data-callback=done></div>",
     "h-captcha-response", "hcaptcha", "10000000-ffff"),
    ("<div class=cf-turnstile data-sitekey=0x4AAAAAAA data-callback=done></div>", "cf-turnstile-response",
     "turnstile", "0x4AAAAAAA"),
]  # fmt: skip


def test_widgets_are_known_by_their_key_and_get_their_answer(place: Place) -> None:
    step = Step("captcha")

    async def act(page: Page) -> None:
        await page.goto("about:blank?phone=5550148#sent")
        for widget, field, kind, sitekey in WIDGETS:
            await page.set_content(WIDGET.format(widget, field), wait_until="commit")
            puzzle = await find_puzzle(page, step)
            assert (puzzle.kind, puzzle.sitekey, puzzle.invisible) == (kind, sitekey, "invisible" in widget)
            assert puzzle.url == "about:blank", "without what stands behind it"
            await put_in(page, step, puzzle, "03AGdBq")
            assert await page.locator(f"[name={field}]").input_value() == "03AGdBq"
            heard = "heard 03AGdBq" if "data-callback" in widget else ""
            assert await page.locator("#said").text_content() == heard

    place.on_page("", act)


def test_what_can_not_be_read_is_told_in_words(place: Place) -> None:
    async def act(page: Page) -> None:
        for html, words in (
            ("<p>Drag the piece into its place</p>", "of a kind that 2Captcha isn't asked about"),
            ("<form><input name=captcha></form>", "of a kind that 2Captcha isn't asked about"),
            ("<div class=g-recaptcha data-sitekey='<key>'></div>", "could not be read"),
            ("<script>document.querySelectorAll = () => { throw 1; }</script>", "could not be read"),
        ):
            await page.set_content(html, wait_until="commit")
            with pytest.raises(Unsolved, match=words):
                await find_puzzle(page, Step("captcha"))

    place.on_page("", act)


def test_an_answer_without_a_place_is_told_in_words(place: Place) -> None:
    async def act(page: Page) -> None:
        for kind, words in (("turnstile", "no place"), ("image", "is gone")):
            with pytest.raises(Unsolved, match=words):
                await put_in(page, Step("captcha"), Puzzle(kind, "https://shop.example/"), "answer")  # type: ignore[arg-type]
        assert not await still_asks(page, "captcha", Step("captcha"))
        await page.close()
        with pytest.raises(Unsolved, match="could not be put"):
            await put_in(page, Step("captcha"), Puzzle("image", "https://shop.example/"), "answer")
        assert await still_asks(page, "captcha", Step("captcha")), "what can't be seen is believed to be there"

    place.on_page("<p>Nothing</p>", act)
