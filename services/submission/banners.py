"""Puts cookie banners away that lie over a form and that no plan knows of."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from playwright.async_api import Error, Locator

_COVERED_MS: Final = 1000.0
_LOOK_SECONDS: Final = 3.0
# Refuse where that is offered. Only what calls itself cookies or consent: another dialog may ask for more.
_PUT_AWAY: Final = """() => {
  const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const named = ['id', 'class', 'aria-label'].flatMap(a => [`[${a}*=cookie i]`, `[${a}*=consent i]`]).join(',');
  const banners = [...document.querySelectorAll(named)].filter(e => e !== document.body && shown(e));
  const words = [/reject|refuse|decline|deny|necessary|needed|essential/i, /close|dismiss|no,? thanks|^[×✕x]$/i,
    /accept|agree|allow|got it|^ok(ay)?$/i];
  const inside = e => [...e.querySelectorAll('button,[role=button],input[type=button]')].filter(shown);
  const buttons = banners.flatMap(inside);
  for (const word of words) {
    const found = buttons.find(b => word.test((b.innerText || b.value || b.ariaLabel || '').trim()));
    if (found) { found.click(); return true; }
  }
  return false;
}"""


async def uncover(target: Locator) -> bool:
    """Whether the target could be pressed. When a cookie banner lies over it, that banner's button is pressed first."""
    try:
        await target.click(trial=True, timeout=_COVERED_MS)
    except Error:
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await target.page.evaluate(_PUT_AWAY)
        return False
    return True
