"""Reads from a page's words whether they say that a form was taken in, or refused."""

from __future__ import annotations

import re
from typing import Final

from services.domain.text import one_line

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

_CAPTCHA: Final = re.compile(
    r"captcha|\bsecurity code\b|\brobot\b|\b(?:letters|characters|text|words?|code) (?:\w+ )?(?:in|on|from|of) the "
    r"(?:picture|image)\b",
    re.IGNORECASE,
)
_WRONG: Final = re.compile(
    r"\b(?:wrong|incorrect(?:ly)?|invalid|mismatch|fail(?:ed|s|ure)?)\b"
    r"|(?:\bnot|n[’']t) (?:correct(?:ly)?|valid|right|match\w*|the (?:letters|characters|text|words?|code))\b",
    re.IGNORECASE,
)


def clauses(text: str) -> list[str]:
    """Statements of a text: split at sentence ends, commas and "but"; questions are left out."""
    found: list[str] = []
    for sentence in re.findall(r"[^.!?\n]+[.!?]*", text):
        if not sentence.rstrip().endswith("?"):
            found += re.split(r"[,;:—–]|\bbut\b", sentence)
    return [part for part in (one_line(clause).strip(" .!") for clause in found) if part]


def confirmation(text: str) -> str | None:
    """The clause that says it worked: the first that says more than thanks, else the thanks; None for none."""
    said = [c for c in clauses(text) if _CONFIRMS.search(c) and not _NOT.search(c) and not _PROMISES.search(c)]
    return next((clause for clause in said if not is_polite(clause)), said[0] if said else None)


def is_polite(clause: str) -> bool:
    """Whether a confirmation has no word of success but thanks: a page may thank for a visit."""
    return not _CONFIRMS.search(_POLITE.sub("", clause))


def refusal(text: str) -> str | None:
    """The first clause that says it didn't work; None when there is none."""
    return next((c for c in clauses(text) if _REFUSES.search(c) and not _PROMISES.search(c)), None)


def only_refused(news: str) -> bool:
    """Whether the words about the visitor's own listing are a refusal, whatever is said of success elsewhere."""
    said = [clause for clause in clauses(news) if not _PROMISES.search(clause)]
    own_yes = any(_OWN_YES.search(clause) and not _NOT.search(clause) for clause in said)
    return not own_yes and any(_OWN_NO.search(clause) for clause in said)


def refuses_captcha(problem: str) -> bool:
    """Whether a problem that a page tells is that the captcha's answer was wrong; not that there was none."""
    return bool(_CAPTCHA.search(problem) and _WRONG.search(problem))
