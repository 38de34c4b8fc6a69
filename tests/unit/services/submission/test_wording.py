"""What a page's words say of a form that was sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.submission.wording import clauses, confirmation, is_polite, only_refused, refusal, refuses_captcha


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


def test_the_word_that_says_more_than_thanks_is_taken() -> None:
    text = "Thank you for visiting\nYour listing was received"
    assert confirmation(text) == "Your listing was received"
    assert confirmation("Thank you for visiting") == "Thank you for visiting"
    assert [is_polite(words) for words in ("Thanks", "Thank you, it was saved")] == [True, False]


def test_only_ones_own_listing_counts_against_success_elsewhere() -> None:
    assert only_refused("10,000 shops were listed\nYour listing was not received")
    assert not only_refused("Your listing was received\nYour earlier request was not approved")
    assert not only_refused("Nothing here")


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_split(text: str) -> None:
    assert all(clause.strip() == clause and clause for clause in clauses(text))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Captcha: Incorrect, please try again", True),
        ("reCAPTCHA verification failed", True),
        ("The security code doesn't match.", True),
        ("These are not the letters in the picture. Please try the new ones.", True),
        ("Please complete the captcha", False),
        ("Captcha: This field is required", False),
        ("Phone: This number is invalid", False),
        ("Picture: This file is not valid", False),
    ],
)
def test_a_wrong_captcha_is_told_from_one_without_an_answer(text: str, wrong: bool) -> None:
    assert refuses_captcha(text) == wrong
