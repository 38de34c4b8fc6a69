"""Raw errors in plain words: the right rule wins, and hostile text costs little."""

from __future__ import annotations

import time

import pytest

from services.domain.faults import PERSON_NEEDED, Person, person_needed, plain_words, platform_fault


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("Page.goto: net::ERR_CONNECTION_REFUSED at http://phone-book.localhost/add", "The site does not answer"),
        ("net::ERR_NAME_NOT_RESOLVED", "The site's name is not known"),
        ("net::ERR_EMPTY_RESPONSE", "The connection broke"),
        ("net::ERR_TOO_MANY_REDIRECTS at http://a.localhost/", "The site sends its visitors round in a circle"),
        ("net::ERR_BLOCKED_BY_CLIENT: the address 10.0.0.1 is", "The address leads to a place that is not opened"),
        ("net::ERR_UNSAFE_REDIRECT", "The address leads to a place that is not opened"),
        ("Download is starting at http://a.localhost/", "The address is a file, not a page"),
        ("The site sent more than 64 MB", "The site sends too much"),
        ("The page crashed", "The page crashed the browser"),
        ("The page opens one window after another", "The page opens one window after another"),
        ("Target page, context or browser has been closed", "The browser broke down"),
        ("Page.goto: Timeout 30000ms exceeded.", "The page did not load in time"),
        ("Timeout 10000ms exceeded: waiting for locator('#phone')", "The form has changed: a field is missing"),
        ("no field named phone", "The form has changed: a field is missing"),
        ("Please enter a valid phone number.", "The page refused the phone number"),
        ("HTTP 503 from yellow.phone.localhost", "The site had an error of its own"),
        ("captcha at phone.localhost", "The page asks for a captcha"),
        ("phone: Please fill out this field.", "The form asks for a field that the plan does not fill"),
        (
            "terms: Please check this box if you want to proceed.",
            "The form asks for a field that the plan does not fill",
        ),
        ("phone.localhost timed out", "It took too long"),
        ("POST /plan: connection reset", "No plan: Brain did not answer"),
        ("brainstorming", "brainstorming"),
        ("The listing exists already.", "The listing exists already."),
        ("", ""),
        (None, ""),
    ],
)
def test_words(raw: str | None, words: str) -> None:
    assert plain_words(raw) == words


@pytest.mark.parametrize("person", ["captcha", "login", "email_code"])
def test_what_needs_a_person_says_so(person: Person) -> None:
    words = PERSON_NEEDED[person]
    assert words.endswith("; a person is needed")
    assert plain_words(words) == words
    assert plain_words(f"Nothing was sent: {words} at http://phone.localhost/") == words
    assert person_needed(f"Nothing was sent: {words}") == person
    assert person_needed("captcha") is None
    assert person_needed(None) is None


def test_a_fault_of_the_platform_is_not_blamed_on_the_directory() -> None:
    raw = "AttributeError: 'NoneType' object has no attribute 'data' (timeout)"
    assert platform_fault(raw) == "the database gave no answer"
    assert plain_words(raw) == "Platform fault: the database gave no answer"
    assert platform_fault("timeout") is None
    assert platform_fault(None) is None


def test_unknown_text_becomes_one_short_line() -> None:
    words = plain_words("<b>No</b>\n\u202egnihton " + "x" * 10_000)
    assert words.startswith("<b>No</b> gnihton xxx")
    assert len(words) == 200


def test_a_megabyte_of_half_matches_is_quick() -> None:
    began = time.thread_time()
    plain_words("goto" * 250_000)
    assert time.thread_time() - began < 1
