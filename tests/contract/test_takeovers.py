"""A person helps a run past what a practice site asks for, by mouse and keyboard in its picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from services.clients.submission_process import SubmissionProcess
from services.domain.run_commands import GoOn, Keys, MoreTime, Mouse, Pick
from services.local.practice import captcha
from services.local.practice.accounts import Accounts
from services.local.practice.app import build_app
from services.local.practice.sites import load_sites
from services.pipeline.planner import plan_submission
from services.ports.wishes import RunRequest
from tests.contract.running_plans import SHOP

pytestmark = pytest.mark.browser


class Helped:
    """A run of the practice site of a kind, and the places of its page by the selectors that were found for them."""

    def __init__(self) -> None:
        self.runner = SubmissionProcess()
        self.told: list[dict[str, Any]] = []
        self.places: dict[str, tuple[float, float]] = {}
        self.control_site = ""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["kind"] == kind]

    def tell(self, *commands: Any) -> None:
        for command in commands:
            self.runner.tell("run-1", command)

    def press(self, selector: str) -> None:
        self.tell(Mouse("down", *self.places[selector]), Mouse("up", *self.places[selector]))


Help = Callable[[Helped], Awaitable[None] | None]


def run_helped(kind: str, folder: Path, help_: Help) -> tuple[Helped, list[dict[str, Any]]]:
    """`help_` is called once, when the places of the page are known. Also gives the lines of the site's log."""
    site = next(site for site in load_sites().values() if site.kind == kind)
    helped = Helped()
    scan = [(260.0, float(y)) for y in range(100, 600, 12)]

    async def go() -> None:
        served = web.AppRunner(build_app(folder / "log.jsonl"), shutdown_timeout=0.5)
        await served.setup()
        await web.TCPSite(served, "127.0.0.1", 0).start()
        port = served.addresses[0][1]
        helped.control_site = f"http://127.0.0.1:{port}"
        url = f"http://{site.host}:{port}/add"
        plan = plan_submission(SHOP, host=site.host, submission_url=url, selectors=site.field_selectors())
        helped.runner = SubmissionProcess({"PRACTICE_URL": f"http://127.0.0.1:{port}"})
        request = RunRequest("run-1", "j", site.host, url, plan, dry=False, artifacts=str(folder), helper="desk-1")
        looked: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(40):
                async for event in helped.runner.run(request):
                    helped.told.append(event)
                    if event["kind"] == "held" and not looked and len(helped.of("held")) == 1:
                        helped.tell(*(Pick(*place) for place in scan))
                    elif event["kind"] == "held" and len(looked) == len(scan):
                        helped.tell(GoOn())  # what was sent by hand had not come back yet
                    elif event["kind"] in ("picked", "refused") and len(looked) < len(scan):
                        looked.append(event)
                        helped.places.setdefault(event.get("selector", ""), scan[len(looked) - 1])
                        if len(looked) == len(scan) and (helping := help_(helped)) is not None:
                            await helping
        finally:
            await served.cleanup()

    asyncio.run(go())
    return helped, [line for line in (folder / "log.jsonl").read_text().splitlines() if '"POST"' in line]  # type: ignore[misc]


def test_a_captcha_is_solved_by_hand_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captcha, "new_text", lambda chance: "ACEFH")

    def solve(helped: Helped) -> None:
        helped.press("#captcha")
        helped.tell(Keys("ACEX"), Keys(key="Backspace"), Keys("FH"), Keys(key="Enter"))
        assert "#biz-name" in helped.places
        helped.press('role=button[name="Submit listing"]')
        helped.tell(Mouse("move", 10, 10), Mouse("wheel", 10, 10, 40), Mouse("down", -5, 1), MoreTime(), GoOn())

    helped, posts = run_helped("captcha", tmp_path, solve)
    held = helped.of("held")
    assert (held[0]["why"], held[0]["error"]) == ("captcha", "This directory asks for a captcha; a person is needed")
    assert len(held) == 2, "more time was given"
    assert [event["why"] for event in helped.of("refused")].count("The run itself sends the form: press Go on") == 2
    verdict = helped.of("verdict")[0]
    assert verdict["status"] == "submitted", helped.told
    record = verdict["log"]["held"][0]
    assert (record["why"], record["by"], record["inputs"]) == ("captcha", "desk-1", 5)
    assert len(posts) == 1


def test_a_person_signs_in_and_the_run_goes_on(tmp_path: Path) -> None:
    def sign_in(helped: Helped) -> None:
        helped.press("#account-email")
        helped.tell(Keys("hello@bluedoor.example"), Keys(key="Tab"), Keys("correct horse"), Keys(key="Enter"))
        helped.tell(GoOn())

    site = next(site for site in load_sites().values() if site.kind == "login")
    Accounts(tmp_path / "accounts.json").create(site.host, "hello@bluedoor.example", "correct horse")
    helped, posts = run_helped("login", tmp_path, sign_in)
    assert helped.of("held")[0]["why"] == "login"
    assert helped.of("verdict")[0]["status"] == "submitted", helped.told
    assert len(posts) == 2
    assert "correct horse" not in str(helped.told)


def test_a_code_from_an_e_mail_is_typed_in_and_the_run_goes_on_by_itself(tmp_path: Path) -> None:
    mails: list[dict[str, Any]] = []

    async def type_code(helped: Helped) -> None:
        async with aiohttp.ClientSession(helped.control_site) as http:
            mails.extend(await (await http.get("/_mail")).json())
        found = re.search(r"Your code is ([0-9]{6})", mails[0]["text"])
        assert found is not None
        helped.press("#code")
        helped.tell(Keys(found[1]), Mouse("down", 5, 5), Mouse("up", 5, 5))

    helped, posts = run_helped("code", tmp_path, type_code)
    held = helped.of("held")
    words = "This directory asks for a code that it sent by e-mail; a person is needed"
    assert [(event["why"], event["error"]) for event in held] == [("email_code", words)]
    assert [mail["to"] for mail in mails] == [SHOP.email], "one code was sent, and no second one"
    assert helped.of("clearing")[-1] == {"kind": "clearing", "index": held[0]["index"], "seconds": 3}
    verdict = helped.of("verdict")[0]
    assert verdict["status"] == "submitted", helped.told
    record = verdict["log"]["held"][0]
    assert (record["why"], record["by"], record["inputs"], record["by_itself"]) == ("email_code", "desk-1", 3, True)
    assert record["ms"] >= 3000
    assert len(posts) == 2, "the page before it, and the last one, in the same visit"
