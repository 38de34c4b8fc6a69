"""The verdict on what was seen around the submit step."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.faults import plain_words
from services.domain.signs import ENOUGH, Sign, Weighed, weighed
from services.submission.evidence import WEIGHTS, Seen, Sending, evidence_log, judge, weigh
from services.submission.wording import confirmation

FORM = Seen(url="https://places.example/add", text="Add your business\nWe never share your data.", fields=5)
SENT = Sending(sent=True, status=200)


def after(text: str = "", **more: object) -> Seen:
    return Seen(**{"url": FORM.url, "text": text, "fields": 5, **more})  # type: ignore[arg-type]


def test_a_thanks_page_with_a_listing_is_submitted_and_says_why() -> None:
    page = after(
        "Thank you\nYour listing was received.",
        url="https://places.example/thanks?id=7",
        fields=0,
        links=[("https://places.example/listing/7", "View your listing")],
    )
    verdict = weigh(FORM, page, Sending(sent=True, status=303, page_status=200))
    assert verdict.status == "submitted"
    assert verdict.listing_url == "https://places.example/listing/7"
    for words in ("address changed to /thanks", "form gone", "listing link found"):
        assert words in verdict.reasons[0].lower()
    assert [(sign.kind, sign.weight) for sign in verdict.signs] == [
        ("word", 3), ("thanks_address", 3), ("form_gone", 2), ("listing", 2), ("answered", 1),
    ]  # fmt: skip
    assert (verdict.score, verdict.doubt) == (11, "")


def test_an_answer_within_the_same_page_is_submitted() -> None:
    assert weigh(FORM, after("Your listing was received", fields=0), SENT).status == "submitted"


def test_words_that_were_there_before_count_for_nothing() -> None:
    before = Seen(url=FORM.url, text="Success stories\nThank you for visiting", fields=5)
    assert weigh(before, after(before.text, fields=0), SENT).status == "unknown"


def test_a_form_that_is_gone_without_a_word_is_unknown() -> None:
    login = after("Sign in", url="https://places.example/login", fields=0)
    assert weigh(FORM, login, SENT).status == "unknown"


def test_a_form_shown_again_with_an_error_is_failed_in_the_pages_words() -> None:
    page = after("Please enter digits only", problems=["Phone: Please enter digits only, 10 characters."])
    verdict = weigh(FORM, page, SENT)
    assert (verdict.status, verdict.error) == ("failed", "Phone: Please enter digits only, 10 characters.")
    assert plain_words(verdict.error) == "The page refused the phone number"


def test_polite_thanks_do_not_undo_a_refusal() -> None:
    page = after("Thank you for your interest, but your listing could not be accepted.", fields=0)
    assert weigh(FORM, page, SENT).status == "failed"


def test_words_of_success_about_others_do_not_undo_a_refusal_of_ones_own_listing() -> None:
    page = after(
        "Thank you for visiting Places\nUnfortunately your listing was not received. Nothing was added.\n"
        "Success begins here: more than 10,000 shops have been listed.\nSubmitted on Monday, published on Tuesday.",
        fields=0,
    )
    verdict = weigh(FORM, page, SENT)
    assert (verdict.status, verdict.error) == ("failed", "Unfortunately your listing was not received")
    assert verdict.reasons == ["The page says: Unfortunately your listing was not received"]


@pytest.mark.parametrize(
    "text",
    [
        "Your listing was received.\nYour earlier request was not approved.",
        "We have received your form.\nYour listing was not published.",
        "Successfully submitted\nThis listing is not published.",
    ],
)
def test_two_words_about_ones_own_listing_that_differ_are_unknown(text: str) -> None:
    assert weigh(FORM, after(text, fields=0), SENT).status == "unknown"


def test_a_page_that_says_both_is_unknown() -> None:
    page = after("Your listing was received.\nYour picture could not be saved.", fields=0)
    assert weigh(FORM, page, SENT).status == "unknown"


@pytest.mark.parametrize(
    ("sending", "status"),
    [
        (Sending(sent=True), "unknown"),
        (Sending(sent=True, failure="net::ERR_EMPTY_RESPONSE"), "unknown"),
        (Sending(sent=True, status=500), "unknown"),
        (Sending(sent=True, status=503), "unknown"),
        (Sending(sent=True, status=422), "failed"),
        (Sending(sent=True, status=403), "failed"),
        (Sending(sent=True, status=303, page_status=404), "unknown"),
    ],
)
def test_the_sites_answer_comes_first(sending: Sending, status: str) -> None:
    page = after("Thank you\nYour listing was received", url="https://places.example/thanks", fields=0)
    assert weigh(FORM, page, sending).status == status


def test_a_form_that_the_page_holds_back_is_failed() -> None:
    verdict = weigh(FORM, after(FORM.text, invalid=[("phone", "Fill out this field.")]), Sending())
    assert (verdict.status, verdict.error) == ("failed", "phone: Fill out this field.")


def test_empty_fields_of_a_form_that_was_sent_are_not_an_error() -> None:
    page = after("Your listing was received", invalid=[("phone", "Fill out this field.")])
    assert weigh(FORM, page, SENT).status == "submitted"


def test_a_later_step_that_failed_is_told_and_does_not_undo_success() -> None:
    verdict = weigh(FORM, after("Your listing was received", fields=0), SENT, later="The page did not show “#ok”")
    assert verdict.status == "submitted"
    assert "#ok" in verdict.reasons[-1]


@pytest.mark.parametrize("href", ["javascript:alert(1)", "https://elsewhere.example/listing/7", "file:///listing/7"])
def test_a_listing_is_an_address_of_the_same_site(href: str) -> None:
    page = after("Your listing was received", fields=0, links=[(href, "View your listing")])
    assert weigh(FORM, page, SENT).listing_url is None


WORDS = st.lists(
    st.sampled_from(
        ["thank you", "received", "not", "could not be", "your listing", ".", ",", "\n", "?", "saved", "if"]
    )
).map(" ".join)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(WORDS, WORDS, st.sampled_from([None, 200, 303, 404, 422, 500, 502]), st.integers(0, 5), st.booleans())
def test_success_is_never_said_without_an_answer_or_the_pages_word(
    old: str, new: str, status: int | None, fields: int, sent: bool
) -> None:
    before = Seen(url=FORM.url, text=old, fields=5)
    verdict = weigh(before, after(new, fields=fields), Sending(sent=sent, status=status if sent else None))
    assert verdict.reasons
    if verdict.status == "submitted":
        assert confirmation(new) is not None
        assert not sent or (status is not None and status < 400)
    if sent and status is None:
        assert verdict.status == "unknown"


@pytest.mark.parametrize(
    ("near", "text", "kind"),
    [
        ("Your listing was received", "Your listing was received", "word"),
        ("Add your business", "Your listing was received", "word_elsewhere"),
        ("Thank you", "Thank you", "thanks"),
        ("", "Thank you", "thanks_elsewhere"),
        ("Thank you", "Thank you\nYour listing was received", "thanks"),
        (None, "Your listing was received", "word"),
    ],
)
def test_the_word_at_the_form_weighs_more_than_one_elsewhere(near: str | None, text: str, kind: str) -> None:
    verdict = weigh(FORM, after(text, near=near, fields=0), SENT)
    assert [sign.kind for sign in verdict.signs] == [kind, "form_gone", "answered"]


def test_thanks_beside_a_form_that_stays_are_not_enough() -> None:
    verdict = weigh(FORM, after("Thank you for visiting"), SENT)
    assert (verdict.status, verdict.score) == ("unknown", ENOUGH - 1)
    assert verdict.reasons == [
        "Page says “Thank you for visiting”", "That alone does not say that it was accepted"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "sending", "later", "status", "doubt"),
    [
        (after("Your listing was received"), SENT, None, "submitted", "on little: 4 points"),
        (after("Your listing was received", fields=0), SENT, None, "submitted", ""),
        (after("Your listing was received", fields=0), SENT, "no “#ok”", "submitted", "later step"),
        (after("Your listing was received"), Sending(sent=True, status=422), None, "failed", "sign of success"),
        (after("Your listing was not received."), SENT, None, "failed", ""),
        (after("We saved nothing you can see"), SENT, None, "unknown", ""),
    ],
)
def test_a_verdict_that_rests_on_little_or_is_contradicted_is_doubted(
    page: Seen, sending: Sending, later: str | None, status: str, doubt: str
) -> None:
    verdict = weigh(FORM, page, sending, later=later)
    assert verdict.status == status
    assert doubt in verdict.doubt
    assert bool(verdict.doubt) == bool(doubt)


def test_an_error_page_after_the_form_is_unknown_whatever_it_says() -> None:
    page = after("This page cannot be found", url="https://places.example/done", fields=0)
    verdict = weigh(FORM, page, Sending(sent=True, status=303, page_status=404))
    assert (verdict.status, verdict.reasons[-1]) == ("unknown", "The page after the form answered HTTP 404")


def test_the_log_gives_the_evidence_back() -> None:
    verdict = weigh(FORM, after("Your listing was received"), SENT)
    log = evidence_log(verdict)
    assert weighed(log) == Weighed(verdict.score, verdict.signs, verdict.doubt)
    assert evidence_log(None) == {}
    assert "doubt" not in evidence_log(weigh(FORM, after("Your listing was received", fields=0), SENT))


SIGNS = st.lists(st.sampled_from([Sign(kind, weight, kind) for kind, weight in WEIGHTS.items()]), max_size=12)
GOOD = [Sign(kind, weight, kind) for kind, weight in WEIGHTS.items() if weight > 0]
BAD = [Sign(kind, weight, kind) for kind, weight in WEIGHTS.items() if weight < -1]
_RANK = {"failed": 0, "unknown": 1, "submitted": 2}


@settings(derandomize=True, max_examples=300, deadline=None)
@given(SIGNS, st.randoms(use_true_random=False))
def test_the_order_of_signs_changes_nothing(signs: list[Sign], chance: random.Random) -> None:
    mixed = list(signs)
    chance.shuffle(mixed)
    assert judge(mixed) == judge(signs)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(SIGNS, st.sampled_from(GOOD))
def test_one_more_sign_of_success_never_makes_it_worse(signs: list[Sign], more: Sign) -> None:
    before, now = judge(signs), judge([*signs, more])
    assert now.score >= before.score
    assert _RANK[now.status] >= _RANK[before.status]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(SIGNS, st.sampled_from(BAD))
def test_what_speaks_against_it_wins_over_every_sign_of_success(signs: list[Sign], bad: Sign) -> None:
    verdict = judge([*signs, *GOOD, bad])
    assert verdict.status != "submitted"
    assert judge([*signs, bad]).score < judge([sign for sign in signs if sign != bad]).score
    if bad.kind in ("refused", "rejected", "held") and not {"no_answer", "site_error"} & {s.kind for s in signs}:
        assert verdict.status == "failed"


def test_one_word_against_outweighs_all_that_comes_in_together() -> None:
    # Of the words, and of the addresses, at most one comes in.
    best = WEIGHTS["word"] + WEIGHTS["thanks_address"] + sum(WEIGHTS[k] for k in ("form_gone", "listing", "answered"))
    assert all(best + sign.weight < ENOUGH for sign in BAD)


PIECES = st.lists(
    st.sampled_from(
        ["Thank you", "Your listing was received", "Your listing was not received", "We saved nothing", "Success",
         "Please enter digits only", "Your picture could not be saved", "Was it received?", "If accepted, you get mail"]
    ),
    max_size=5,
)  # fmt: skip


@settings(derandomize=True, max_examples=200, deadline=None)
@given(PIECES, st.randoms(use_true_random=False), st.integers(0, 5))
def test_the_order_of_a_pages_lines_and_links_changes_no_verdict(
    lines: list[str], chance: random.Random, fields: int
) -> None:
    links = [("https://places.example/", "Home"), ("https://places.example/help", "Help")]
    mixed, turned = list(lines), list(links)
    chance.shuffle(mixed)
    chance.shuffle(turned)
    one = weigh(FORM, after("\n".join(lines), fields=fields, links=links), SENT)
    other = weigh(FORM, after("\n".join(mixed), fields=fields, links=turned), SENT)
    assert (one.status, one.score, [s.kind for s in one.signs]) == (
        other.status, other.score, [s.kind for s in other.signs],
    )  # fmt: skip
