"""Weighs what was seen around the submit step into a verdict that says why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from services.domain.signs import ENOUGH, SURE, Sign
from services.domain.text import one_line, slug
from services.submission.wording import confirmation, is_polite, only_refused, refusal


class Seen(msgspec.Struct, frozen=True):
    """A page at one moment. `fields`: how many of the plan's fields are shown; `links`: (address, text).

    `near`: the part of `text` at the form and in the places for messages; None when that isn't known.
    """

    url: str
    text: str = ""
    fields: int = 0
    problems: list[str] = []
    invalid: list[tuple[str, str]] = []
    links: list[tuple[str, str]] = []
    near: str | None = None


class Sending(msgspec.Struct, frozen=True):
    """What the browser sent with the submit step. `status`: answer to the form, `page_status`: to the page after it."""

    sent: bool = False
    status: int | None = None
    page_status: int | None = None
    failure: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """`score`: the weights of `signs` added up; `error` is the page's own words where it refused.

    `doubt`: why a person should look at a verdict that stands all the same; "" for none.
    """

    status: Literal["submitted", "failed", "unknown"]
    reasons: list[str]
    score: int = 0
    signs: tuple[Sign, ...] = ()
    error: str | None = None
    listing_url: str | None = None
    doubt: str = ""


WEIGHTS: Final = {
    # The page's own word: at the form, or somewhere else on the page; thanks alone may be for the visit.
    "word": 3, "word_elsewhere": 2, "thanks": 2, "thanks_elsewhere": 1,
    # An address such as /thanks says more than another one.
    "thanks_address": 3, "address": 2, "form_gone": 2, "listing": 2, "answered": 1,
    "later_step": -1,
    # All that speaks for success together is less than one of these: with one, nothing is submitted.
    "refused_too": -8, "page_gone": -8, "no_answer": -8, "site_error": -8,
    # And with one of these it failed.
    "refused": -12, "rejected": -12, "held": -12,
}  # fmt: skip
"""Points of each kind of sign. At most one of the words, one of the addresses and one of the last seven comes in."""
_TELLING: Final = frozenset({"word", "word_elsewhere", "thanks", "thanks_elsewhere", "thanks_address", "listing"})
_FAILS: Final = frozenset({"refused", "rejected", "held"})
_NOBODY_KNOWS: Final = frozenset({"no_answer", "site_error"})
"""The site may have taken the form in, whatever the page says of it."""
_BARS: Final = frozenset({"refused_too", "page_gone", *_NOBODY_KNOWS})
_SAID: Final = frozenset({"word", "word_elsewhere", "listing"})
"""What doesn't go with a refusal."""
_SILENT: Final = "Nothing on the page says whether it was accepted"
_PLACES: Final = {kind: place for place, kind in enumerate(WEIGHTS)}

_NAMES_SUCCESS: Final = re.compile(r"\b(?:thanks?|thank-you|success|confirm(?:ed|ation)?|received|submitted)\b", re.I)
_LISTING_PATH: Final = re.compile(r"/(?:listings?|biz|business(?:es)?|compan(?:y|ies)|places?|profile)/[^/?#]+", re.I)
_LISTING_WORDS: Final = re.compile(r"\b(?:your|view|see|visit)\b.*\blisting\b", re.I)


def weigh(before: Seen, after: Seen, sending: Sending, *, business: str = "", later: str | None = None) -> Verdict:
    """The verdict on a form that was sent. `later`: the error of a step after the submit step.

    A refusal needs the page's word; success needs the page's word or a listing, and another sign.
    Anything else is unknown, since a wrong "failed" is submitted again.
    """
    if not sending.sent and after.invalid:
        name, message = after.invalid[0]
        text = one_line(f"{name}: {message}", 300)
        return judge([_sign("held", f"the page did not send the form; it marks {text}")], text)
    page_changed = _place(before.url) != _place(after.url)
    listing = _listing(before, after, business) if page_changed or after.links != before.links else None
    signs = []
    if page_changed:
        path = urlsplit(after.url).path
        kind = "thanks_address" if _NAMES_SUCCESS.search(path) else "address"
        signs.append(_sign(kind, f"address changed to {one_line(path or '/', 80)}"))
    if before.fields and not after.fields:
        signs.append(_sign("form_gone", "form gone"))
    if listing:
        signs.append(_sign("listing", "listing link found"))
    if later:
        signs.append(_sign("later_step", f"a later step failed: {one_line(later, 120)}"))
    answer, fault = _answer(sending)
    words, error = _words(before, after, undecided=answer is None or answer.weight > 0)
    signs += [sign for sign in (answer, *words) if sign is not None]
    # Of a page that answers with an error of its own, the words say nothing of this form.
    return judge(signs, fault if answer is not None and answer.kind in _NOBODY_KNOWS else error or fault, listing)


def judge(signs: Iterable[Sign], error: str | None = None, listing_url: str | None = None) -> Verdict:
    """The verdict that signs come to, in whichever order they are given."""
    found = tuple(sorted(set(signs), key=lambda sign: (_PLACES.get(sign.kind, -1), sign.words)))
    kinds = {sign.kind for sign in found}
    score = sum(sign.weight for sign in found)
    status: Literal["submitted", "failed", "unknown"] = "unknown"
    if kinds & _FAILS and not kinds & _NOBODY_KNOWS:
        status = "failed"
    elif kinds & _TELLING and not kinds & _BARS and score >= ENOUGH:
        status = "submitted"
    return Verdict(status, _reasons(status, found), score, found, error, listing_url, _doubt(status, found, score))


def evidence_log(verdict: Verdict | None) -> dict[str, Any]:
    """The weights and the doubt, as the log keeps them; nothing where nothing was weighed."""
    if verdict is None:
        return {}
    doubt = {"doubt": verdict.doubt} if verdict.doubt else {}
    return {"score": verdict.score, "signs": [msgspec.to_builtins(sign) for sign in verdict.signs], **doubt}


def _reasons(status: str, signs: tuple[Sign, ...]) -> list[str]:
    """The signs as sentences."""
    if status == "failed":
        return [_capital(sign.words) for sign in signs if sign.kind in _FAILS]
    decisive = [_capital(sign.words) for sign in signs if sign.kind in _NOBODY_KNOWS]
    if decisive:
        return decisive
    told = _capital(", ".join(sign.words for sign in signs if sign.weight > 0 and sign.kind != "answered"))
    against = [_capital(sign.words) for sign in signs if sign.weight < 0]
    if status == "unknown" and not any(sign.kind in _BARS for sign in signs):
        said = any(sign.kind in _TELLING for sign in signs)
        against.append("That alone does not say that it was accepted" if said else _SILENT)
    return [*([told] if told else []), *against]


def _doubt(status: str, signs: tuple[Sign, ...], score: int) -> str:
    if status == "submitted":
        if any(sign.kind == "later_step" for sign in signs):
            return "Counted as submitted, though a later step of the plan failed"
        if score < SURE:
            return f"Counted as submitted on little: {score} points, where {SURE} leave no doubt"
    if status == "failed" and (said := [sign.words for sign in signs if sign.kind in _SAID]):
        return f"Counted as failed, though there is a sign of success: {said[0]}"
    return ""


def _sign(kind: str, words: str) -> Sign:
    return Sign(kind, WEIGHTS[kind], words)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _answer(sending: Sending) -> tuple[Sign | None, str | None]:
    """What the site's answer to the form says, and the error that it is."""
    status = sending.status
    if not sending.sent:
        return None, None
    if status is None:
        why = one_line(sending.failure or "no answer in time", 120)
        return _sign("no_answer", f"the form was sent and no answer came ({why})"), f"No answer: {why}"
    text = f"HTTP {status}"
    if status >= 500:
        return _sign("site_error", f"the form was sent and the site answered {text}"), text
    if status >= 400:
        return _sign("rejected", f"the page answered {text}"), text
    if sending.page_status is not None and sending.page_status >= 400:
        return _sign("page_gone", f"the page after the form answered HTTP {sending.page_status}"), None
    return _sign("answered", f"the site took the form in with {text}"), None


def _words(before: Seen, after: Seen, *, undecided: bool) -> tuple[list[Sign], str | None]:
    """What the page says of it, and its own words where it refuses. `undecided`: the site's answer leaves it open."""
    # Words that the page had before it was sent say nothing about the sending.
    old = set(before.text.splitlines())
    news = _news(after.text, old)
    problems = [p for p in after.problems if p not in before.problems and confirmation(p) is None]
    no, yes = refusal(news), _confirmed(news, None if after.near is None else _news(after.near, old))
    error = one_line(problems[0] if problems else no or "", 300) or None
    if error is None:
        return [yes] if yes else [], None
    refuses = yes is None or yes.kind.startswith("thanks") or only_refused(news)
    if refuses and (after.fields or no) and undecided:
        return [_sign("refused", f"the page says: {error}")], error
    signs = [_sign("refused_too", f"the page also says: {error}")] if undecided else []
    return [*signs, *([yes] if yes else [])], error


def _confirmed(news: str, near: str | None) -> Sign | None:
    """The page's word that it was taken in: the one that weighs most."""
    found = []
    for text, elsewhere in ((news if near is None else near, ""), (news, "_elsewhere")):
        if (clause := confirmation(text)) is not None:
            kind = ("thanks" if is_polite(clause) else "word") + elsewhere
            place = " away from the form" if elsewhere else ""
            found.append(_sign(kind, f"page says “{one_line(clause, 80)}”{place}"))
    return max(found, key=lambda sign: sign.weight, default=None)


def _news(text: str, old: set[str]) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip() and line not in old)


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
