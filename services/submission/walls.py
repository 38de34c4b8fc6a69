"""Sees whether a page asks for what only a person can give."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from playwright.async_api import Error, Page

from services.domain.faults import Person
from services.domain.plans import Step

_LOOK_SECONDS: Final = 3.0
_PERSONS: Final[tuple[Person, ...]] = ("captcha", "login", "email_code")
# A badge in a corner, an answered captcha and a trap for machines beside the page ask for nothing.
_LOOK: Final = """() => {
  const shown = e => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    const onPage = box.right > 0 && box.bottom + scrollY > 0 && box.left < document.documentElement.scrollWidth;
    return onPage && box.width > 20 && box.height > 10 && style.visibility !== 'hidden' && style.opacity !== '0';
  };
  const about = e => [e.name, e.id, e.title, e.getAttribute('aria-label')].join(' ');
  const all = selector => [...document.querySelectorAll(selector)];
  const answers = '[name=g-recaptcha-response],[name=h-captcha-response],[name=cf-turnstile-response]';
  const frames = all('iframe').filter(f => shown(f) && !f.closest('.grecaptcha-badge')
    && /captcha|challenges\\.cloudflare|arkoselabs|funcaptcha/i.test(f.src + ' ' + about(f)));
  const typed = all('input:not([type]),input[type=text],input[type=number],input[type=tel]').filter(shown);
  const found = [];
  if ((frames.length && !all(answers).some(e => e.value)) || typed.some(e => /captcha/i.test(about(e)) && !e.value))
    found.push('captcha');
  if (all('input[type=password]').some(shown)) found.push('login');
  if (typed.some(e => !e.value && (e.autocomplete === 'one-time-code'
    || /\\b(otp|one.?time.?(code|password)|verification.?code|confirmation.?code)\\b/i.test(about(e)))))
    found.push('email_code');
  return found;
}"""

# What is being typed into is not whole yet.
_TYPING: Final = """selector => {
  const at = document.activeElement;
  let own = null;
  try { own = selector ? document.querySelector(selector) : null; } catch { }
  const about = e => [e.type, e.autocomplete, e.name, e.id, e.title, e.getAttribute('aria-label')].join(' ');
  return !!at && (at === own || (at.localName === 'input' && /captcha|code|otp|password/i.test(about(at))));
}"""


async def find_walls(page: Page) -> list[Person]:
    """What the page asks a person for; empty when nothing, or when the page can't be read."""
    found: object = None
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_LOOK_SECONDS):
            found = await page.evaluate(_LOOK)
    # The page may have replaced what the look uses: believe no shape.
    return [person for person in _PERSONS if isinstance(found, list) and person in found]


async def still_asks(page: Page, person: Person, step: Step) -> bool:
    """Whether the page asks for this still, before `step`. While a person is in its field, it does;
    where that can't be seen, too."""
    selector = step.selector if step.action in ("captcha", "verify") else ""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            found, typing = await asyncio.gather(page.evaluate(_LOOK), page.evaluate(_TYPING, selector))
    except (Error, TimeoutError):
        return True
    return not isinstance(found, list) or person in found or typing is not False or await is_asked(page, selector)


async def is_asked(page: Page, selector: str | None) -> bool:
    """Whether the field of this selector is shown and empty; something that isn't a field only has to be shown."""
    if not selector:
        return False
    target = page.locator(selector).first
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            if not await target.is_visible():
                return False
            return not await target.evaluate("e => ('value' in e) ? e.value : ''")
    except (Error, TimeoutError):
        return False
