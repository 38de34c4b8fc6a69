"""Raw error text in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from services.domain.text import one_line

_READ: Final = 2000
_SENTENCE: Final = 200
Person = Literal["captcha", "login", "email_code"]
"""What a page asks for that only a person can give."""

PERSON_NEEDED: Final[Mapping[Person, str]] = {
    "captcha": "This directory asks for a captcha; a person is needed",
    "login": "This directory asks to sign in; a person is needed",
    "email_code": "This directory asks for a code that it sent by e-mail; a person is needed",
}

_STATUS_REASONS: Final = {
    "captcha_failed": PERSON_NEEDED["captcha"],
    "2fa_required": PERSON_NEEDED["email_code"],
    "requires_manual": "A person is needed for this directory",
    "rejected": "The directory rejected the entry",
}

_PLATFORM: Final = (
    ("asyncio.run() cannot be called from a running event loop", "event loop already running"),
    ("'coroutine' object has no attribute 'get'", "a call was not awaited"),
    ("'NoneType' object has no attribute 'data'", "the database gave no answer"),
)
_RULES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"net::ERR_TOO_MANY_REDIRECTS", "The site sends its visitors round in a circle"),
        (
            r"net::ERR_(?:UNSAFE_REDIRECT|UNSAFE_PORT|BLOCKED_BY_CLIENT)",
            "The address leads to a place that is not opened",
        ),
        (r"^Download is starting", "The address is a file, not a page"),
        (r"^The site sent more than", "The site sends too much"),
        (r"^The page crashed|(?:page|target) crashed", "The page crashed the browser"),
        (r"^The page opens one window after another", "The page opens one window after another"),
        (r"browser has been closed|^The browser broke down", "The browser broke down"),
        (r"net::ERR_CONNECTION_REFUSED|ECONNREFUSED", "The site does not answer"),
        (r"net::ERR_NAME_NOT_RESOLVED|ENOTFOUND", "The site's name is not known"),
        (r"net::ERR_(CONNECTION|EMPTY|SOCKET|NETWORK)", "The connection broke"),
        (r"(?:page\.)?goto.*timeout|navigation timeout", "The page did not load in time"),
        (
            r"no (?:such )?field|waiting for (?:locator|selector)|timeout.*(?:fill|select|locator)",
            "The form has changed: a field is missing",
        ),
        (r"http (?:error )?5\d\d|status 5\d\d|internal server error", "The site had an error of its own"),
        (r"captcha", "The page asks for a captcha"),
        (
            r"please (?:fill (?:out|in) this|select an item|check this box|tick this box)|select a file",
            "The form asks for a field that the plan does not fill",
        ),
        (r"timeout|timed out", "It took too long"),
        (r"\bbrain\b|/plan\b", "No plan: Brain did not answer"),
        (r"\bphone\b", "The page refused the phone number"),
    )
)


def platform_fault(text: str | None) -> str | None:
    """The platform's own fault behind an error, in words; None when it is the directory's."""
    for needle, words in _PLATFORM:
        if text and needle in text:
            return words
    return None


@lru_cache(maxsize=256)
def status_reason(raw: str) -> str:
    """Why it failed, where a result's status as the database spells it says that; else ""."""
    return _STATUS_REASONS.get(raw.strip().lower(), "")


def person_needed(text: str | None) -> Person | None:
    """What a directory asked for that only a person can give; None when an error says nothing of that."""
    return next((person for person, words in PERSON_NEEDED.items() if text and words in text), None)


def plain_words(text: str | None) -> str:
    """One short sentence for staff. Text that no rule knows is returned as one plain line, cut where it is long."""
    if not text:
        return ""
    fault = platform_fault(text)
    if fault:
        return f"Platform fault: {fault}"
    # Pages write into errors: what they may cost is bounded.
    start = text[:_READ]
    person = person_needed(start)
    if person:
        return PERSON_NEEDED[person]
    for pattern, words in _RULES:
        if pattern.search(start):
            return words
    return one_line(start, _SENTENCE)
