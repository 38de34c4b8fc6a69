"""Takes a captcha from a page, and puts its answer in."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from typing import Any, Final, cast
from urllib.parse import urlsplit

from playwright.async_api import ElementHandle, Error, Page

from services.domain.plans import Step
from services.submission.two_captcha import Puzzle, Unsolved

_SECONDS: Final = 5.0
_LARGEST_PICTURE: Final = 400_000
_LONGEST_ANSWER: Final = 100
_SITEKEY: Final = re.compile(r"[A-Za-z0-9_-]{8,100}")
_WIDGET: Final = """() => {
  const all = selector => [...document.querySelectorAll(selector)];
  const frames = all('iframe').filter(f => !f.closest('.grecaptcha-badge'));
  const find = (kind, selector, source, key) => {
    const own = all(selector).find(e => e.dataset.sitekey);
    if (own) return [kind, own.dataset.sitekey, own.dataset.size === 'invisible'];
    const frame = frames.find(f => source.test(f.src)), found = frame && key.exec(frame.src);
    return found ? [kind, found[1], false] : null;
  };
  return find('turnstile', '.cf-turnstile', /challenges\\.cloudflare/, /\\/(0x[\\w-]+)/)
    || find('hcaptcha', '.h-captcha', /hcaptcha\\.com/, /[?&#]sitekey=([\\w-]+)/)
    || find('recaptcha', '.g-recaptcha', /\\/recaptcha\\//, /[?&]k=([\\w-]+)/);
}"""
_FIELD: Final = """selector => {
  let own = null;
  try { own = selector ? document.querySelector(selector) : null; } catch { }
  const about = e => [e.name, e.id, e.title, e.getAttribute('aria-label')].join(' ');
  return own || [...document.querySelectorAll('input:not([type]),input[type=text],input[type=number],input[type=tel]')]
    .find(e => /captcha/i.test(about(e)) && e.getClientRects().length) || null;
}"""
# The picture that calls itself one, else the last before the field.
_PICTURE: Final = """field => {
  const shown = e => { const box = e.getBoundingClientRect(); return box.width > 30 && box.height > 12; };
  const all = [...(field.closest('form') || document).querySelectorAll('img,canvas,svg')].filter(shown);
  const about = e => [e.getAttribute('src'), e.id, e.getAttribute('class'), e.getAttribute('alt')].join(' ');
  const before = e => e.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING;
  return all.find(e => /captcha/i.test(about(e))) || all.filter(before).pop() || null;
}"""
# As the widget itself would: into the fields that are sent, and to the function that waits for it.
_PUT_IN: Final = """([widget, names, answer]) => {
  const fields = names.flatMap(name => [...document.getElementsByName(name)]);
  for (const field of fields) {
    field.value = answer;
    for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true}));
  }
  const call = (document.querySelector(widget + '[data-callback]') || {dataset: {}}).dataset.callback;
  if (fields.length && call && typeof window[call] === 'function') window[call](answer);
  return fields.length;
}"""
_PLACES: Final = {
    "recaptcha": (".g-recaptcha", ["g-recaptcha-response"]),
    "hcaptcha": (".h-captcha", ["h-captcha-response", "g-recaptcha-response"]),
    "turnstile": (".cf-turnstile", ["cf-turnstile-response"]),
}


async def find_puzzle(page: Page, step: Step) -> Puzzle:
    """The captcha that the page shows before `step`; raises Unsolved where there is none that can be sent."""
    try:
        async with asyncio.timeout(_SECONDS):
            found = await page.evaluate(_WIDGET)
            if found is not None:
                return _widget(_bare(page.url), found)
            field = await _element(await page.evaluate_handle(_FIELD, _own(step)))
            picture = field and await _element(await field.evaluate_handle(_PICTURE))
            if picture is None:
                raise Unsolved("This captcha is of a kind that 2Captcha isn't asked about")
            data = await picture.screenshot(type="png", timeout=_SECONDS * 1000)
    except (Error, TimeoutError) as error:
        raise Unsolved("The captcha could not be read from the page") from error
    if len(data) > _LARGEST_PICTURE:
        raise Unsolved("The captcha's picture is too large")
    return Puzzle("image", _bare(page.url), picture=base64.b64encode(data).decode())


async def put_in(page: Page, step: Step, puzzle: Puzzle, code: str) -> None:
    """Put the answer where the page wants it; raises Unsolved."""
    try:
        async with asyncio.timeout(_SECONDS):
            if puzzle.kind != "image":
                widget, names = _PLACES[puzzle.kind]
                if not await page.evaluate(_PUT_IN, [widget, names, code]):
                    raise Unsolved("The page has no place for the captcha's answer")
                return
            field = await _element(await page.evaluate_handle(_FIELD, _own(step)))
            if field is None:
                raise Unsolved("The captcha's field is gone")
            await field.fill(code[:_LONGEST_ANSWER])
            with contextlib.suppress(Error):
                await field.evaluate("e => e.blur()")
    except (Error, TimeoutError) as error:
        raise Unsolved("The answer could not be put into the page") from error


def _bare(url: str) -> str:
    """What of an address is the page's alone: after it may stand what was typed into the form."""
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _own(step: Step) -> str:
    return (step.selector or "") if step.action == "captcha" else ""


async def _element(handle: Any) -> ElementHandle | None:
    return cast("ElementHandle | None", handle.as_element())


def _widget(url: str, found: object) -> Puzzle:
    # The page may have replaced what the look uses: believe no shape.
    match found:
        case [str(kind), str(sitekey), bool(invisible)] if kind in _PLACES and _SITEKEY.fullmatch(sitekey):
            return Puzzle(cast(Any, kind), url, sitekey, invisible)
    raise Unsolved("The captcha could not be read from the page")
