"""Captchas of real pages that are solved for money: put in, paid for once, and left to a person when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from playwright.async_api import Page

from services.domain.plans import Plan, Step
from services.domain.run_commands import AskSolver
from services.local.practice import captcha
from services.local.practice.app import build_app
from services.local.practice.sites import load_sites
from services.ports.wishes import CaptchaTerms, RunRequest
from services.submission import solving, two_captcha
from services.submission.captcha_page import find_puzzle, put_in
from services.submission.control import Control
from services.submission.evidence import Seen, Sending, weigh
from services.submission.outcome import Outcome
from services.submission.solving import Solving
from services.submission.two_captcha import LONGEST, Puzzle, Unsolved
from services.submission.walls import still_asks
from tests.contract.running_plans import Ground
from tests.fakes.two_captcha import KEY, FakeTwoCaptcha
from tests.waiting import until

pytestmark = pytest.mark.browser

SITE = next(site for site in load_sites().values() if site.kind == "captcha")
NOBODY = "This directory asks for a captcha; a person is needed"
SENDER = "sender.localhost"
POSTED = web.AppKey("posted", list)
WIDGET = """<form>{} <textarea name={} hidden></textarea></form><p id=said></p>
<script>function done(answer) {{ document.getElementById('said').textContent = 'heard ' + answer; }}</script>"""


SENDS = """<form method=post action=/send><input name=company>
<textarea name=g-recaptcha-response hidden></textarea><button>Add</button></form>
<div class=g-recaptcha data-sitekey=6Le-wvkSAAAA data-callback=done></div>
<iframe title=captcha width=300 height=80 srcdoc=captcha></iframe>
<script>function done() { setTimeout(() => document.forms[0].submit(), 200); }</script>"""


@web.middleware
async def with_sender(request: web.Request, handler: Any) -> web.StreamResponse:
    """Beside the practice directories one whose widget sends the form as soon as it has its answer."""
    if not request.host.startswith(SENDER):
        return cast(web.StreamResponse, await handler(request))
    if request.method == "POST":
        request.app[POSTED].append((await request.post())["company"])
    return web.Response(text=SENDS if request.path == "/add" else "<p>Thank you</p>", content_type="text/html")


class Place(Ground):
    """The practice directories, one whose widget sends the form, a browser, and 2Captcha."""

    runner: asyncio.Runner
    solver: FakeTwoCaptcha
    folder: Path
    control: Control
    posted: list[str]

    def visit(
        self, *, dry: bool = False, helper: str = "", commands: tuple[Any, ...] = (), sender: bool = False,
        **more: Any,
    ) -> tuple[Outcome, list[Any]]:  # fmt: skip
        """A run on the directory that asks for letters, or on the `sender`; `commands` are given when it waits for a
        person."""
        told: list[dict[str, Any]] = []
        host = SENDER if sender else SITE.host
        url = f"http://{host}:{self.port}/add"
        steps = [Step("goto", url=url), Step("fill", selector="[name=company]", value="Blue Door Bakery")]
        plan = Plan([*steps, Step("click", selector="button")]) if sender else self.plan(SITE)
        request = RunRequest(
            "run-1", "job-1", host, url, plan, dry=dry, artifacts="", helper=helper, captchas=self.solver.terms, **more
        )

        def report(event: dict[str, Any]) -> None:
            told.append(event)
            if event["kind"] == "held" and len([one for one in told if one["kind"] == "held"]) == 1:
                for command in commands:
                    asyncio.get_running_loop().call_soon(control.take, command)

        control = self.control = Control(report, helper=helper)
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
        app = build_app(folder / "log.jsonl")
        app.middlewares.append(with_sender)
        posted: list[str] = []
        app[POSTED] = posted
        with Place(folder, runner, app) as made:
            assert isinstance(made, Place)
            made.runner, made.solver, made.folder, made.posted = runner, solver, folder, posted
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
    solver.says, solver.on_wrong = [], lambda: None
    ground.posted.clear()
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
    limits: list[Any] = []
    place.solver.on_wrong = lambda: limits.append(place.control.limit)
    outcome, _ = place.visit()
    assert limits == [None], "reported when nothing can cut the run short any more"
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
    control = Control(told.append)
    made = Solving(CaptchaTerms(KEY, "admin@example.com"), told.append, control)
    assert not asyncio.run(made.alone(cast("Page", None), 2, Step("captcha")))
    assert control.nobody == ["2Captcha was asked 0 times in this run already"] == [told[-1]["error"]]
    assert Solving(None, told.append, control).on_request(cast("Page", None), [], "") is None


def test_a_page_that_sends_the_form_once_it_has_its_answer_is_not_sent_to_again(place: Place) -> None:
    """A failed outcome with nothing sent would have the worker try it again."""
    for helper, commands in (("", ()), ("desk-1", (AskSolver(),))):
        place.solver.refusals = ["ERROR_ZERO_BALANCE"] if helper else []
        place.posted.clear()
        outcome, told = place.visit(sender=True, helper=helper, commands=commands)
        assert place.posted == ["Blue Door Bakery"]
        assert (outcome.status, outcome.before_submit) == ("unknown", False), told
        assert "something" in str(outcome.error)
        assert outcome.response_log["captchas"][-1]["cost"] == 0.00299


def test_in_a_dry_run_a_page_that_has_its_answer_sends_nothing(place: Place) -> None:
    outcome, told = place.visit(sender=True, dry=True, helper="desk-1", commands=(AskSolver(),))
    assert outcome.status == "dry", told
    assert "POST" in [event["method"] for event in told if event["kind"] == "blocked"]
    assert len(place.solver.asked) == 1
    assert place.posted == []


def test_it_is_not_asked_where_its_answer_would_come_too_late(place: Place) -> None:
    outcome, _ = place.visit(total_seconds=LONGEST)
    assert outcome.reasons == [f"Nothing was sent: {NOBODY}", "Too little time was left to ask 2Captcha"]
    assert place.solver.asked == []


def test_what_was_asked_when_the_run_was_cut_short_is_in_the_record(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(terms: CaptchaTerms, puzzle: Puzzle, began: Callable[[str], None]) -> None:
        began("70001")
        await asyncio.Event().wait()

    monkeypatch.setattr(solving, "ask", never)
    seen: list[dict[str, Any]] = []

    async def act(page: Page) -> None:
        made = Solving(place.solver.terms, seen.append, Control(seen.append))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(made.alone(page, 2, Step("captcha")))
            await until(lambda: made.record and "id" in made.record[0])
            task.cancel()
        assert (made.record[0]["id"], made.record[0]["error"]) == ("70001", "cut short")

    place.on_page(WIDGET.format(*WIDGETS[0][:2]), act)
    assert (seen[-1]["kind"], seen[-1]["id"], seen[-1]["error"]) == ("asked", "70001", "cut short")


def test_only_an_answer_that_the_page_calls_wrong_is_wrong() -> None:
    before = Seen("https://shop.example/add", problems=["Captcha: wrong (from last time)"])
    for problem, wrong in (("Phone: This field is required", None), ("Captcha: wrong", True)):
        made = Solving(CaptchaTerms(KEY, "admin@example.com"), print, Control(print))
        made.record.append({"index": 2, "id": "70001"})
        after = Seen("https://shop.example/add", fields=1, problems=[*before.problems, problem])
        made.judged(weigh(before, after, Sending(sent=True, status=200)), before, after)
        assert made.record[0].get("wrong") is wrong


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
