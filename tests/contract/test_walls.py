"""Pages that ask for a person, or only look as if, and pages that send before they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp import web

from services.domain.plans import Plan, Step
from tests.contract.running_plans import Ground, Seen

pytestmark = pytest.mark.browser

HOST = "shop.localhost"
FORM = "<form method=post action=/send><input name=shop id=shop>{}<button id=go>Send</button></form>"
FRAME = '<iframe title="reCAPTCHA" src="/frame" width=304 height=78></iframe>'
ANSWER = "<textarea name=g-recaptcha-response hidden>{}</textarea>"
OVERLAY = """<div {} style="position:fixed;inset:0;background:#0008"><p>We use cookies.</p>
<button onclick="this.parentNode.remove()">Accept all</button>
<button onclick="this.parentNode.remove(); fetch('/refused')">Reject all</button></div>"""
PAGES = {
    "/plain": FORM.format(""),
    "/frame": "<p>I am not a robot</p>",
    "/v2": FORM.format(FRAME + ANSWER.format("")),
    "/v2-done": FORM.format(FRAME + ANSWER.format("03AGdBq")),
    "/badge": FORM.format(f"<div class=grecaptcha-badge>{FRAME}{ANSWER.format('')}</div>"),
    "/hidden": FORM.format("<input name=captcha hidden><input name=captcha_trap style='visibility:hidden'>"
        "<input name=captcha_two style='position:absolute;left:-5000px'>"),
    "/typed": FORM.format("<input name=captcha_code>"),
    "/code": "<form><label>Code<input autocomplete=one-time-code></label></form>",
    "/login": "<form><input type=password></form>",
    "/join": FORM.format("<input id=field_7 name=f7 type=password>"
        "<input id=field_8 name=pin_code><input id=field_9 name=f9>"),
    "/echo": "<form method=post action=/said><input id=field_7 type=password><button id=go>Send</button></form>",
    "/said": "<form method=post action=/said><input id=field_7 type=password><button id=go>Send</button></form>"
        "<p role=alert>Not accepted: correct horse</p>",
    "/header": "<form><input type=password></form>" + FORM.format(""),
    "/cookies": FORM.format("") + OVERLAY.format("id=cookie-consent"),
    "/terms": FORM.format("") + OVERLAY.format("id=terms"),
    "/ad": FORM.format("").replace("<form", """<form onsubmit="window.open('/offer')" """),
    "/offer": "<p>Buy now!</p>",
    "/window": FORM.format("").replace("<form", "<form target=_blank"),
    "/early": FORM.format("") + """<script>
        navigator.sendBeacon('/beacon', 'b'); fetch('/put', {method: 'PUT', body: 'p'}).catch(() => {});
        new SharedWorker('/worker.js');
        fetch('/asked').then(() => { document.body.id = 'ready'; });</script>""",
    "/worker.js": "fetch('/from-shared', {method: 'POST', body: 's'}).catch(() => {});",
}  # fmt: skip


class Site(Ground):
    """The pages above, and every request that they saw."""

    asked: list[tuple[str, str]]

    def visit(self, path: str, *steps: Step, dry: bool = False, **more: float) -> Seen:
        self.asked.clear()
        fill = [Step("fill", selector="#shop", value="Blue Door Bakery"), Step("click", selector="#go")]
        plan = Plan([Step("goto", url=f"http://{HOST}:{self.port}{path}"), *(steps or fill)])
        return self.run_plan(HOST, plan, dry=dry, **more)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    asked: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.method, request.path))
        kind = "text/javascript" if request.path.endswith(".js") else "text/html"
        return web.Response(text=PAGES.get(request.path, "<p>Your listing was received.</p>"), content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    with asyncio.Runner() as runner, Site(tmp_path_factory.mktemp("walls"), runner, app) as made:
        assert isinstance(made, Site)
        made.asked = asked
        yield made


@pytest.mark.parametrize(
    ("path", "person"), [("/v2", "captcha"), ("/typed", "captcha"), ("/code", "email_code"), ("/login", "login")]
)
def test_a_wall_that_the_plan_does_not_know_is_seen(site: Site, path: str, person: str) -> None:
    seen = site.visit(path, step_seconds=1.0)
    assert (seen.outcome.status, seen.outcome.before_submit, seen.outcome.person) == ("failed", True, person), seen
    assert ("POST", "/send") not in site.asked


@pytest.mark.parametrize("path", ["/v2-done", "/badge", "/hidden"])
def test_what_only_looks_like_a_captcha_is_passed(site: Site, path: str) -> None:
    seen = site.visit(path)
    assert (seen.outcome.status, seen.outcome.person) == ("submitted", None), seen
    assert ("POST", "/send") in site.asked


def test_a_sign_in_beside_the_form_is_no_wall(site: Site) -> None:
    steps = [Step("fill", selector=selector, value="Blue") for selector in ("#shop", "#gone")]
    seen = site.visit("/header", *steps, Step("click", selector="#go"), step_seconds=1.0)
    assert (seen.outcome.status, seen.outcome.person) == ("failed", None), seen
    assert seen.outcome.error == "No such field within 1 s: #gone"


def test_a_captcha_step_where_there_is_none_is_passed(site: Site) -> None:
    steps = [Step("captcha"), Step("captcha", selector="#none"), Step("verify", selector="#none", value="login")]
    seen = site.visit("/plain", *steps, Step("fill", selector="#shop", value="Blue"), Step("click", selector="#go"))
    assert seen.outcome.status == "submitted", seen


@pytest.mark.parametrize("path", ["/ad", "/window"])
def test_the_answer_is_looked_for_in_the_window_that_has_it(site: Site, path: str) -> None:
    seen = site.visit(path)
    assert seen.outcome.status == "submitted", seen
    assert seen.outcome.response_log["final_url"].endswith("/send")
    assert (("GET", "/offer") in site.asked) == (path == "/ad")


def test_a_dry_run_holds_a_window_of_its_own_too(site: Site) -> None:
    seen = site.visit("/window", dry=True)
    assert (seen.outcome.status, seen.of("blocked")[0]["method"]) == ("dry", "POST"), seen
    assert ("POST", "/send") not in site.asked


def test_a_cookie_banner_is_refused_and_no_other_dialog_is_touched(site: Site) -> None:
    assert site.visit("/cookies").outcome.status == "submitted"
    assert ("GET", "/refused") in site.asked
    seen = site.visit("/terms", step_seconds=2.0)
    assert (seen.outcome.status, seen.outcome.before_submit) == ("failed", True), seen
    assert seen.outcome.error == "The field can't be used: #go"


def test_nothing_is_sent_before_the_submit_step_of_a_dry_run(site: Site) -> None:
    wait = Step("wait", until="#ready", seconds=20)
    seen = site.visit(
        "/early", wait, Step("fill", selector="#shop", value="Blue"), Step("click", selector="#go"), dry=True
    )
    assert seen.outcome.status == "dry", seen
    assert [entry for entry in site.asked if entry[0] != "GET"] == []
    assert ("GET", "/asked") in site.asked, "what only asks goes through"
    held = [event["url"].rsplit("/", 1)[1] for event in seen.of("blocked")]
    assert set(held) == {"beacon", "put", "send"}, "what a shared worker sends could not be shown: none is started"
    assert sum(reason.startswith("Held back before the submit step") for reason in seen.outcome.reasons) == 2


def test_what_goes_into_a_field_for_passwords_is_told_to_nobody(site: Site) -> None:
    words = {7: "correct horse", 8: "battery staple", 9: "open daily"}
    steps = [
        Step("fill", selector="#shop", value="Blue Door Bakery"),
        *(Step("fill", selector=f"#field_{number}", value=value) for number, value in words.items()),
        Step("click", selector="#go"),
    ]
    for dry in (True, False):
        seen = site.visit("/join", *steps, dry=dry)
        assert seen.outcome.status == ("dry" if dry else "submitted"), seen.outcome
        assert seen.of("verdict")[0]["log"]["plain_steps"] == [1, 4]
        told = str([seen.of("blocked"), seen.of("verdict"), seen.outcome]).replace("+", " ")
        assert words[7] not in told
        assert words[8] not in told
        assert {event["index"] for event in seen.of("step") if event.get("value") == "•••"} == {2, 3}
        assert (words[9] in told) is dry


def test_a_page_that_answers_with_the_password_is_not_quoted(site: Site) -> None:
    steps = [Step("fill", selector="#field_7", value="correct horse"), Step("click", selector="#go")]
    seen = site.visit("/echo", *steps)
    assert seen.outcome.status == "failed"
    assert "correct horse" not in str([seen.outcome, seen.of("verdict"), seen.of("step")])
    assert any("•••" in reason for reason in seen.outcome.reasons)
