"""Has a captcha solved by 2Captcha, through its own client."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec

from services.domain.redaction import keep_out
from services.ports.wishes import CaptchaTerms

SECONDS: Final = 120
POLL_SECONDS: Final = 5
_CALL_SECONDS: Final = 15.0
LONGEST: Final = SECONDS + _CALL_SECONDS
"""Seconds within which there is an answer, or none."""
_CODE: Final = re.compile(r"ERROR_[A-Z0-9_]{1,60}|IP_BANNED")
_WORDS: Final = {
    "ERROR_WRONG_USER_KEY": "it does not know the key of the account",
    "ERROR_KEY_DOES_NOT_EXIST": "it does not know the key of the account",
    "ERROR_ZERO_BALANCE": "there is no money left on the account",
    "ERROR_NO_SLOT_AVAILABLE": "nobody there is free, or the account's highest price is too low",
    "ERROR_CAPTCHA_UNSOLVABLE": "nobody there could solve it",
    "ERROR_METHOD_CALL": "it does not take this kind of captcha",
    "ERROR_WRONG_METHOD": "it does not take this kind of captcha",
    "IP_BANNED": "it has shut this computer out for a while",
    "ERROR_IP_NOT_ALLOWED": "the account does not allow this computer's address",
}


class Unsolved(Exception):
    """It has no answer; the text says why, for staff."""


class Puzzle(msgspec.Struct, frozen=True):
    """What is to be solved on the page at `url`: a `picture` (PNG, in base64), or the widget of a `sitekey`."""

    kind: Literal["image", "recaptcha", "hcaptcha", "turnstile"]
    url: str
    sitekey: str = ""
    invisible: bool = False
    picture: str = ""


class Answer(msgspec.Struct, frozen=True):
    """`id`: 2Captcha's own; `code`: the letters of a picture, or a widget's token; `cost` in US dollars."""

    id: str
    code: str
    cost: float | None = None


async def ask(terms: CaptchaTerms, puzzle: Puzzle, began: Callable[[str], None]) -> Answer:
    """The answer, which costs money; raises Unsolved within `LONGEST`.

    `began` is told 2Captcha's own id as soon as there is one: from then on it may have to be paid for.
    """
    client = _client(terms, began)
    try:
        async with asyncio.timeout(LONGEST):
            found = await _solved(client, puzzle)
            answer = Answer(str(found["captchaId"]), str(found["code"]))
    except Exception as error:  # its own errors, those of its HTTP library, and what an odd answer leads to
        # Not as the cause: it may quote the address that was called, and the key is in it.
        raise Unsolved(_words(error)) from None
    return msgspec.structs.replace(answer, cost=await _cost(client, answer.id))


async def report_wrong(terms: CaptchaTerms, captcha_id: str) -> bool:
    """Say that an answer was wrong, so that it need not be paid for; whether 2Captcha has taken that."""
    return await _in_time(_client(terms).report(captcha_id, False)) is not None


def _client(terms: CaptchaTerms, began: Callable[[str], None] = lambda _: None) -> Any:
    from twocaptcha import AsyncTwoCaptcha, NetworkException  # few runs need it
    from twocaptcha.exceptions.api import NetworkException as NoNetwork

    class Patient(AsyncTwoCaptcha):  # type: ignore[misc]
        """The client gives up at the first question that fails on its way: the answer would be paid for in vain."""

        async def wait_result(self, id_: str, timeout: float, polling_interval: float) -> Any:
            began(str(id_))
            # Looked at between two questions: one that is cut off would leave its connection open.
            end = time.monotonic() + timeout
            while time.monotonic() < end:
                with contextlib.suppress(NetworkException, NoNetwork):
                    return await self.get_result(id_)
                await asyncio.sleep(POLL_SECONDS)
            raise TimeoutError

    keep_out(terms.key)
    return Patient(terms.key, server=terms.server, defaultTimeout=SECONDS, recaptchaTimeout=SECONDS)


async def _solved(client: Any, puzzle: Puzzle) -> dict[str, Any]:
    if puzzle.kind == "image":
        found = await client.normal(puzzle.picture)
    elif puzzle.kind == "turnstile":
        found = await client.turnstile(sitekey=puzzle.sitekey, url=puzzle.url)
    else:
        solve = client.recaptcha if puzzle.kind == "recaptcha" else client.hcaptcha
        hidden = {"invisible": 1} if puzzle.invisible else {}
        found = await solve(sitekey=puzzle.sitekey, url=puzzle.url, **hidden)
    assert isinstance(found, dict)
    return found


async def _cost(client: Any, captcha_id: str) -> float | None:
    """What the answer cost; its client has no call of its own for that."""
    said = await _in_time(client.api_client.res(key=client.API_KEY, action="get2", id=captcha_id))
    try:
        return float(str(said).rsplit("|", 1)[1])
    except (IndexError, ValueError):
        return None


async def _in_time(call: Awaitable[Any]) -> Any:
    """What a call gives; None when it fails or takes long."""
    try:
        async with asyncio.timeout(_CALL_SECONDS):
            return await call
    except Exception:
        return None


def _words(error: Exception) -> str:
    kind = type(error).__name__
    if kind == "TimeoutError":
        return f"2Captcha had no answer within {SECONDS} s"
    found = _CODE.search(str(error))
    if found is not None:
        return f"2Captcha: {_WORDS.get(found[0], found[0])}"
    return "2Captcha does not answer" if kind == "NetworkException" else "2Captcha gave an answer that can't be read"
