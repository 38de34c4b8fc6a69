"""The verdict on what was seen around the submit step."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.faults import plain_words
from services.submission.evidence import Seen, Sending, clauses, confirmation, refusal, weigh

FORM = Seen(url="https://places.example/add", text="Add your business\nWe never share your data.", fields=5)
SENT = Sending(sent=True, status=200)


def after(text: str = "", **more: object) -> Seen:
    return Seen(**{"url": FORM.url, "text": text, "fields": 5, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Thank you! Your listing was received.",
        "Success",
        "Your business has been submitted.",
        "Don't close this page, your listing was saved.",
        "Your listing is pending review",
    ],
)
def test_words_of_success_are_found(text: str) -> None:
    assert confirmation(text) is not None
    assert refusal(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Your listing was not received.",
        "Your listing was NOT submitted",
        "We could not save your listing.",
        "Your business couldn’t be added.",
        "Failed to process the form",
        "Your submission was unsuccessful",
        "Sorry, this listing was not accepted. Please check it or contact us.",
    ],
)
def test_negated_words_are_a_refusal(text: str) -> None:
    assert confirmation(text) is None
    assert refusal(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "Was your listing received?",
        "Once approved, it appears on the map",
        "If your listing is not accepted, write to us",
        "Your listing has not been approved yet",
        "Unsuccessfully",
        "We will not share your e-mail",
    ],
)
def test_conditions_questions_and_promises_say_nothing(text: str) -> None:
    assert confirmation(text) is None or text.startswith("Once")
    assert refusal(text) is None


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


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_split(text: str) -> None:
    assert all(clause.strip() == clause and clause for clause in clauses(text))
