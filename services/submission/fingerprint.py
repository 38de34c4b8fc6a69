"""Sees which fields a form has, page by page, as plain data."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from playwright.async_api import Error, Page

from services.domain.forms import Form, form_log, form_of
from services.domain.plans import Step, fields_of_page

_LOOK_SECONDS: Final = 3.0
# The fields of the form that the plan fills; of the largest one where it fills none.
_LOOK: Final = """selectors => {
  const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const quiet = ['hidden', 'submit', 'button', 'image', 'reset'];
  const isField = e => e.matches('input,select,textarea') && !quiet.includes(e.type);
  const find = selector => { try { return document.querySelector(selector); } catch { return null; } };
  const hits = selectors.map(find);
  const home = hits.map(e => e && e.closest('form')).find(Boolean)
    || [...document.forms].sort((a, b) => b.elements.length - a.elements.length)[0] || document.body;
  const words = e => (e && (e.innerText || '').trim()) || '';
  const labelOf = e => words(e.labels && e.labels[0]) || e.getAttribute('aria-label') || e.placeholder || '';
  const keyOf = e => e.name || e.id || '';
  const selectorOf = e => e.id && !/[0-9]{4,}/.test(e.id) ? '#' + CSS.escape(e.id)
    : e.name ? e.localName + '[name=' + JSON.stringify(e.name) + ']' : '';
  const found = new Map();
  for (const e of [...home.querySelectorAll('input,select,textarea')].slice(0, 300)) {
    // A box or a file's field is often hidden behind a picture of its own.
    if (!isField(e) || !keyOf(e) || !(shown(e) || ['checkbox', 'radio', 'file'].includes(e.type))) continue;
    const kind = e.localName === 'input' ? e.type : e.localName;
    const label = labelOf(e);
    const old = found.get(keyOf(e));
    if (old && kind === 'radio') { old.options.push(label || e.value); continue; }
    if (old || found.size >= 80) continue;
    found.set(keyOf(e), {
      key: keyOf(e), label: label.replace(/[\\s*:]+$/, ''), kind, selector: selectorOf(e),
      required: e.required || e.getAttribute('aria-required') === 'true' || /\\*\\s*:?$/.test(label),
      options: kind === 'select' ? [...e.options].filter(o => o.value).slice(0, 60).map(o => o.text.trim())
        : kind === 'radio' ? [label || e.value] : [],
    });
  }
  return {fields: [...found.values()], used: selectors.map((s, i) => [s, hits[i] ? keyOf(hits[i]) : ''])};
}"""


class FormSight:
    """What was seen of one form so far."""

    def __init__(self) -> None:
        self._pages: dict[int, Form] = {}
        self.captcha = False
        """Whether the form asks for one."""
        self._whole = False

    async def look(self, page: Page, plan: Sequence[Step], index: int, *, last: bool = False) -> None:
        """See the page of the form that step `index` is on; one that can't be read is left out. `last`: it is the
        form's last one."""
        number, selectors = fields_of_page(plan, index)
        found: Any = None
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                found = await page.evaluate(_LOOK, selectors)
        # The page may have replaced what the look uses: `form_of` believes no shape.
        form = form_of(found)
        if form is not None:
            self._pages[number] = form
            self._whole = self._whole or last

    def log(self) -> dict[str, Any]:
        """The form as the result's log keeps it; empty where none was seen."""
        if not self._pages:
            return {}
        fields = tuple(
            msgspec.structs.replace(field, page=number)
            for number, form in sorted(self._pages.items())
            for field in form.fields
        )
        used = tuple(pair for _, form in sorted(self._pages.items()) for pair in form.used)
        return {"form": form_log(Form(fields, self.captcha, self._whole, used))}
