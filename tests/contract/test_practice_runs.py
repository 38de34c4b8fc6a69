"""Each kind of practice directory through the real planner and a real browser, up to the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from services.domain.faults import plain_words
from services.domain.forms import Form, differences, form_of
from services.domain.mappings import propose
from services.domain.plans import Step
from services.domain.signs import weighed
from services.local.practice.app import build_app
from services.local.practice.sites import Kind, Site, load_sites
from services.local.practice.switches import Mode
from tests.contract.running_plans import SHOP, Ground, Seen

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("practice")
    with asyncio.Runner() as runner, Ground(folder, runner, build_app(folder / "log.jsonl")) as made:
        yield made


def site_of(kind: Kind) -> Site:
    return next(site for site in load_sites().values() if site.kind == kind)


def weights(seen: Seen) -> dict[str, int]:
    """The evidence of a run: kind and points of each sign."""
    found = weighed(seen.outcome.response_log)
    assert found is not None, seen
    assert found.score == sum(sign.weight for sign in found.signs)
    return {sign.kind: sign.weight for sign in found.signs}


def test_three_pages_are_filled_and_sent_as_one_listing(ground: Ground) -> None:
    seen = ground.run(site_of("steps"))
    form = form_of(seen.outcome.response_log["form"])
    assert form is not None
    assert ([field.page for field in form.fields], form.whole) == ([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], True)
    assert [field.kind for field in form.fields if field.page != 1] == [
        "text", "select", "textarea", "text", "text", "text", "checkbox",
    ]  # fmt: skip
    assert seen.outcome.status == "submitted", seen
    assert seen.posts() == ["/add/1", "/add/2", "/add"]
    [listed] = seen.listings()
    assert (listed["business_name"], listed["zip"], listed["phone"], listed["terms"]) == (
        "Blue Door Bakery", "12207", "2125550123", "yes",
    )  # fmt: skip


def test_a_dry_run_sends_the_marked_pages_and_says_so(ground: Ground) -> None:
    seen = ground.run(site_of("steps"), dry=True)
    assert (seen.outcome.status, seen.outcome.before_submit) == ("dry", True), seen
    assert seen.posts() == ["/add/1", "/add/2"]
    assert [event["method"] for event in seen.of("passed")] == ["POST", "POST"]
    assert "Blue+Door+Bakery" in seen.of("passed")[0]["body"]
    assert "2125550123" in seen.of("blocked")[0]["body"]
    assert any(reason.startswith("Sent on the way") for reason in seen.outcome.reasons)


def test_without_a_mark_a_dry_run_sends_no_page(ground: Ground) -> None:
    site = site_of("steps")
    plan = ground.plan(site)
    bare = [msgspec.structs.replace(step, value=None) if step.value == "next" else step for step in plan.plan]
    seen = ground.run(site, plan=msgspec.structs.replace(plan, plan=bare), dry=True, step_seconds=1.5)
    assert seen.posts() == []
    assert (seen.outcome.status, seen.outcome.before_submit) == ("failed", True)
    assert seen.of("blocked")[0]["url"].endswith("/add/1")


def test_a_page_that_refuses_is_told_in_its_words(ground: Ground) -> None:
    site = site_of("steps")
    plan = ground.plan(site)
    nameless = [step for step in plan.plan if step.value != SHOP.name]
    seen = ground.run(site, plan=msgspec.structs.replace(plan, plan=nameless))
    assert (seen.outcome.status, seen.outcome.before_submit, seen.listings()) == ("failed", True, [])
    assert "Please enter the name of your business." in (seen.outcome.error or "")


def test_a_logo_is_made_and_uploaded(ground: Ground) -> None:
    site = site_of("upload")
    seen = ground.run(site)
    assert seen.outcome.status == "submitted", seen
    [listed] = seen.listings()
    assert "bytes" in listed["logo"]
    assert listed["terms"] == "yes"


@pytest.mark.parametrize(
    ("kind", "mode", "person"),
    [
        ("captcha", "ok", "captcha"),
        ("plain", "captcha", "captcha"),  # the plan knows nothing of it
        ("login", "ok", "login"),
        ("code", "ok", "email_code"),
    ],
)
def test_what_needs_a_person_is_said_before_anything_is_submitted(
    ground: Ground, kind: Kind, mode: Mode, person: str
) -> None:
    seen = ground.run(site_of(kind), mode)
    assert (seen.outcome.status, seen.outcome.before_submit, seen.outcome.person) == ("failed", True, person), seen
    assert (seen.outcome.error or "").endswith("a person is needed")
    assert plain_words(seen.outcome.error) == seen.outcome.error
    assert seen.outcome.response_log["person_needed"] == person
    assert seen.of("verdict")[0]["person"] == person
    assert seen.posts() == (["/add/1"] if kind == "code" else [])
    unsent = "The last page of the form was not sent" if kind == "code" else "Nothing was sent"
    assert seen.outcome.reasons == [f"{unsent}: {seen.outcome.error}"]


def test_a_login_that_nobody_knew_of_is_seen(ground: Ground) -> None:
    site = site_of("login")
    seen = ground.run(site, plan=ground.plan(site, login=None), step_seconds=1.5)
    assert (seen.outcome.status, seen.outcome.person) == ("failed", "login"), seen


def test_pop_ups_are_put_away_and_the_question_is_answered(ground: Ground) -> None:
    seen = ground.run(site_of("popups"))
    assert seen.outcome.status == "submitted", seen
    assert len(seen.listings()) == 1
    assert seen.outcome.response_log["pop_ups_closed"] == 1


def test_a_question_that_the_plan_does_not_know_is_answered_by_no(ground: Ground) -> None:
    site = site_of("popups")
    seen = ground.run(site, plan=ground.plan(site, confirm=False))
    assert (seen.outcome.status, seen.posts()) == ("unknown", []), seen
    assert "Send your listing to us now?" in " ".join(seen.outcome.reasons)


def test_not_received_is_failed_for_all_its_words_of_success(ground: Ground) -> None:
    site = next(site for site in load_sites().values() if site.mode == "not_received")
    seen = ground.run(site, "not_received")
    assert (seen.outcome.status, seen.outcome.before_submit, seen.listings()) == ("failed", False, []), seen
    assert "your listing was not received" in (seen.outcome.error or "")
    assert weights(seen) == {"refused": -12, "form_gone": 2, "answered": 1}


def test_an_outage_now_and_then_is_a_failure_that_can_be_repeated(ground: Ground) -> None:
    seen = ground.run(site_of("plain"), "sometimes500")
    assert (seen.outcome.status, seen.outcome.before_submit, seen.outcome.person) == ("failed", True, None)
    assert plain_words(seen.outcome.error) == "The site had an error of its own"


@pytest.fixture(scope="module")
def known(ground: Ground) -> Form:
    """The form of the plain site as its mapping knows it."""
    seen = ground.run(site_of("plain"), dry=True)
    form = form_of(seen.outcome.response_log["form"])
    assert form is not None
    assert (form.whole, form.captcha, len(form.fields)) == (True, False, 8)
    assert all(key for _, key in form.used), form
    return form


_HOURS = "“Opening hours” is required, and nobody knows what goes in"


@pytest.mark.parametrize(
    ("mode", "words", "sent", "differs", "opens"),
    [
        ("renamed", "The form has changed: a field is missing", True,
         ["The field “Business name” is called entry_2 on the page, not company"], ()),
        ("removed", "The form has changed: a field is missing", True, ["The field “Phone” is gone"], ()),
        ("required", "The form asks for a field that the plan does not fill", False,
         ["A field “Opening hours” is new and required"], (_HOURS,)),
    ],
)  # fmt: skip
def test_a_form_that_drifted_is_told(
    ground: Ground, known: Form, mode: Mode, words: str, sent: bool, differs: list[str], opens: tuple[str, ...]
) -> None:
    site = site_of("plain")
    seen = ground.run(site, mode, step_seconds=1.5)
    assert (seen.outcome.status, seen.outcome.before_submit, seen.posts()) == ("failed", sent, []), seen
    assert plain_words(seen.outcome.error) == words
    now = form_of(seen.outcome.response_log["form"])
    assert now is not None
    said = [one.words for one in differences(known, now) if one.serious]
    assert said[:1] == differs
    found = propose(site.field_selectors(), known, now)
    assert found.open == opens
    if not opens:
        again = ground.run(site, mode, plan=ground.plan(site, **found.selectors))
        assert again.outcome.status == "submitted", (found, again)


def test_a_page_that_never_stops_loading_is_filled_all_the_same(ground: Ground) -> None:
    seen = ground.run(site_of("plain"), "restless")
    assert seen.outcome.status == "submitted", seen
    assert "/live" in [request["path"] for request in seen.requests]


def test_a_slow_directory_is_waited_for(ground: Ground) -> None:
    assert ground.run(site_of("strict"), "slow").outcome.status == "submitted"


def test_a_dry_run_holds_back_what_is_sent_while_typing(ground: Ground) -> None:
    site = site_of("plain")
    seen = ground.run(site, "autosave", dry=True)
    assert (seen.outcome.status, seen.posts()) == ("dry", []), seen
    held = [event["url"].rsplit("/", 1)[1] for event in seen.of("blocked")]
    assert held[0] == "draft"
    assert "add" in held
    assert any(reason.startswith("Held back before the submit step: POST") for reason in seen.outcome.reasons)
    real = ground.run(site, "autosave")
    assert real.outcome.status == "submitted", real
    assert real.posts()[-1] == "/add"
    assert "/draft" in real.posts()


def test_a_check_of_the_outcome_follows_the_submit_step(ground: Ground) -> None:
    site = site_of("plain")
    plan = ground.plan(site)
    checks = [Step("verify"), *(Step("verify", selector=".done", value=text) for text in ("number", "nonsense"))]
    seen = ground.run(site, plan=msgspec.structs.replace(plan, plan=[*plan.plan, *checks]), step_seconds=1.5)
    assert seen.outcome.status == "submitted", seen
    assert [event["index"] - len(plan.plan) for event in seen.of("step") if event["status"] == "failed"] == [2]
    assert seen.outcome.reasons[-1] == "A later step failed: The page did not show “nonsense” within 1.5 s"
    assert seen.outcome.response_log["doubt"] == "Counted as submitted, though a later step of the plan failed"
