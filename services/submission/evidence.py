"""Weighs what was seen around the submit step into a verdict that says why."""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from services.domain.text import one_line, slug


class Seen(msgspec.Struct, frozen=True):
    """A page at one moment. `fields`: how many of the plan's fields are shown; `links`: (address, text)."""

    url: str
    text: str = ""
    fields: int = 0
    problems: list[str] = []
    invalid: list[tuple[str, str]] = []
    links: list[tuple[str, str]] = []


class Sending(msgspec.Struct, frozen=True):
    """What the browser sent with the submit step. `status`: answer to the form, `page_status`: to the page after it."""

    sent: bool = False
    status: int | None = None
    page_status: int | None = None
    failure: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """`score` counts the signs of success; `error` is the page's own words where it refused."""

    status: Literal["submitted", "failed", "unknown"]
    reasons: list[str]
    score: int = 0
    error: str | None = None
    listing_url: str | None = None


ENOUGH: Final = 4
_OUTCOME: Final = r"accepted|received|submitted|saved|processed|added|approved|published|completed|created|listed|sent"
_CONFIRMS: Final = re.compile(
    rf"\b(?:success|successfully|successful|thank you|thanks|{_OUTCOME}|(?:pending|awaiting|under) "
    r"(?:review|approval|moderation))\b",
    re.IGNORECASE,
)
_POLITE: Final = re.compile(r"\b(?:thank you|thanks)\b", re.IGNORECASE)
_NOT: Final = re.compile(
    r"\b(?:not|never|cannot|nothing|unable|fail(?:ed|s|ure)?|without|un(?:successful|successfully)|rejected|declined)\b"
    r"|n[’']t\b|^no\b",
    re.IGNORECASE,
)
_REFUSES: Final = re.compile(
    r"(?:\b(?:not|never|cannot|unable to|fail(?:ed)? to)|n[’']t)\b.*"
    rf"\b(?:{_OUTCOME}|accept|receive|submit|save|process|add)\b"
    rf"|\b(?:could not|couldn[’']t|cannot|can[’']t) be\b"
    r"|\b(?:rejected|declined|unsuccessful|invalid|went wrong|try again|is required)\b"
    r"|\bplease (?:enter|correct|fix|check)\b"
    r"|\b(?:submission|request|form) failed\b",
    re.IGNORECASE,
)
# Words about the visitor's own listing weigh more than words about others' or about the site.
_MINE: Final = r"\b(?:your|the|this)"
_OWN: Final = (
    rf"{_MINE} (?:\w+ ){{0,2}}?"
    r"(?:listing|business|company|submission|form|entry|request|application|profile)\b"
)
_OWN_YES: Final = re.compile(
    rf"{_OWN}.*\b(?:{_OUTCOME})\b|\bwe(?: have|[’']ve)? (?:{_OUTCOME}) {_MINE}\b|\bsuccessfully (?:{_OUTCOME})\b",
    re.IGNORECASE,
)
_OWN_NO: Final = re.compile(
    rf"{_OWN}.*(?:\b(?:not|never|cannot|unable to|failed)\b|n[’']t\b).*\b(?:{_OUTCOME})\b", re.IGNORECASE
)
_PROMISES: Final = re.compile(
    r"^(?:if|once|when|unless|until|after|before)\b|\b(?:yet|will (?:not )?be|do not|don[’']t)\b", re.IGNORECASE
)
_NAMES_SUCCESS: Final = re.compile(r"\b(?:thanks?|thank-you|success|confirm(?:ed|ation)?|received|submitted)\b", re.I)
_LISTING_PATH: Final = re.compile(r"/(?:listings?|biz|business(?:es)?|compan(?:y|ies)|places?|profile)/[^/?#]+", re.I)
_LISTING_WORDS: Final = re.compile(r"\b(?:your|view|see|visit)\b.*\blisting\b", re.I)


def clauses(text: str) -> list[str]:
    """Statements of a text: split at sentence ends, commas and "but"; questions are left out."""
    found: list[str] = []
    for sentence in re.findall(r"[^.!?\n]+[.!?]*", text):
        if not sentence.rstrip().endswith("?"):
            found += re.split(r"[,;:—–]|\bbut\b", sentence)
    return [part for part in (one_line(clause).strip(" .!") for clause in found) if part]


def confirmation(text: str) -> str | None:
    """The first clause that says it worked; None when there is none."""
    return next(
        (c for c in clauses(text) if _CONFIRMS.search(c) and not _NOT.search(c) and not _PROMISES.search(c)), None
    )


def refusal(text: str) -> str | None:
    """The first clause that says it didn't work; None when there is none."""
    return next((c for c in clauses(text) if _REFUSES.search(c) and not _PROMISES.search(c)), None)


def weigh(before: Seen, after: Seen, sending: Sending, *, business: str = "", later: str | None = None) -> Verdict:
    """The verdict on a form that was sent. `later`: the error of a step after the submit step.

    A refusal needs the page's word; success needs the page's word or a listing, and another sign.
    Anything else is unknown, since a wrong "failed" is submitted again.
    """
    page_changed = _place(before.url) != _place(after.url)
    # Words that the page had before it was sent say nothing about the sending.
    old = set(before.text.splitlines())
    news = "\n".join(line for line in after.text.splitlines() if line.strip() and line not in old)
    problems = [p for p in after.problems if p not in before.problems and confirmation(p) is None]
    listing = _listing(before, after, business) if page_changed or after.links != before.links else None
    no, yes = refusal(news), confirmation(news)
    error = one_line(problems[0] if problems else no or "", 300) or None

    cut = _no_word(sending, after)
    if cut is not None:
        return cut
    if sending.status is not None and 400 <= sending.status < 500:
        return Verdict("failed", [f"The page answered HTTP {sending.status}"], error=error or f"HTTP {sending.status}")
    only_polite = yes is not None and not _CONFIRMS.search(_POLITE.sub("", yes))
    if error and (yes is None or only_polite or _only_refused(news)) and (after.fields or no):
        return Verdict("failed", [f"The page says: {error}"], error=error)
    if sending.page_status is not None and sending.page_status >= 400:
        return Verdict("unknown", [f"The page after the form answered HTTP {sending.page_status}"])

    score, reasons = 0, []
    if yes:
        score += 3
        reasons.append(f"page says “{one_line(yes, 80)}”")
    if page_changed:
        named = _NAMES_SUCCESS.search(urlsplit(after.url).path)
        score += 3 if named else 2
        reasons.append(f"address changed to {one_line(urlsplit(after.url).path or '/', 80)}")
    if before.fields and not after.fields:
        score += 2
        reasons.append("form gone")
    if listing:
        score += 2
        reasons.append("listing link found")
    if sending.status is not None and sending.status < 400:
        score += 1
    told = bool(yes or listing or (page_changed and _NAMES_SUCCESS.search(urlsplit(after.url).path)))
    words = [", ".join(reasons)[:1].upper() + ", ".join(reasons)[1:]] if reasons else []
    if later:
        words.append(f"A later step failed: {one_line(later, 120)}")
    if error:
        return Verdict("unknown", [*words, f"but the page also says: {error}"], score, error, listing)
    if told and score >= ENOUGH:
        return Verdict("submitted", words, score, None, listing)
    return Verdict("unknown", [*words, "Nothing on the page says whether it was accepted"], score, None, listing)


def _only_refused(news: str) -> bool:
    """Whether the words about the visitor's own listing are a refusal, whatever is said of success elsewhere."""
    said = [clause for clause in clauses(news) if not _PROMISES.search(clause)]
    own_yes = any(_OWN_YES.search(clause) and not _NOT.search(clause) for clause in said)
    return not own_yes and any(_OWN_NO.search(clause) for clause in said)


def _no_word(sending: Sending, after: Seen) -> Verdict | None:
    """The verdict when the site never gave a usable answer."""
    if not sending.sent:
        if after.invalid:
            name, message = after.invalid[0]
            text = one_line(f"{name}: {message}", 300)
            return Verdict("failed", [f"The page did not send the form; it marks {text}"], error=text)
        return None
    if sending.status is None:
        why = one_line(sending.failure or "no answer in time", 120)
        return Verdict("unknown", [f"The form was sent and no answer came ({why})"], error=f"No answer: {why}")
    if sending.status >= 500:
        text = f"HTTP {sending.status}"
        return Verdict("unknown", [f"The form was sent and the site answered {text}"], error=text)
    return None


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path.rstrip("/"), parts.query


def _listing(before: Seen, after: Seen, business: str) -> str | None:
    """The new listing's address: a new link of the same site that names a listing or the business."""
    home = (urlsplit(before.url).hostname or "").removeprefix("www.")
    stem = slug(business).rsplit("-", 1)[0] if business.strip() else ""
    old = {href for href, _ in before.links} | {before.url}
    for href, text in [*after.links, (after.url, "")]:
        parts = urlsplit(href)
        host = (parts.hostname or "").removeprefix("www.")
        if parts.scheme not in ("http", "https") or href in old or not (host == home or host.endswith("." + home)):
            continue
        named = len(stem) > 3 and stem in parts.path.lower()
        if named or _LISTING_PATH.search(parts.path) or (text and _LISTING_WORDS.search(text)):
            return href
    return None
