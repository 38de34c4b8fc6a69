"""Finds a selector for what is at a place of the page: one that lasts, and that finds nothing else."""

from __future__ import annotations

from typing import Any, Final

from playwright.async_api import Error, Page

from services.domain.text import one_line
from services.submission.edits import EditRefused

_MOST: Final = 20
_LONGEST: Final = 300
_TARGET: Final = """([x, y]) => {
  let at = document.elementFromPoint(x, y);
  while (at && at.shadowRoot) {
    const inner = at.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === at) break;
    at = inner;
  }
  if (!at) return null;
  const label = at.closest('label');
  return (label && label.control) || at.closest('input,select,textarea,button,a,[role],[contenteditable]') || at;
}"""
# From what a site's makers mean to last to what the next change of its look breaks.
_CANDIDATES: Final = """e => {
  const tag = e.tagName.toLowerCase(), quoted = value => JSON.stringify(value), found = [];
  const text = value => (value || '').replace(/\\s+/g, ' ').trim().slice(0, 80);
  const made = value => /\\d{3,}|[0-9a-f]{8,}|^:|:r/i.test(value);
  for (const name of ['data-testid', 'data-test', 'data-test-id', 'data-qa'])
    if (e.getAttribute(name)) found.push(`[${name}=${quoted(e.getAttribute(name))}]`);
  if (e.id && !made(e.id)) found.push(`#${CSS.escape(e.id)}`);
  if (e.name && typeof e.name === 'string') {
    const named = `${tag}[name=${quoted(e.name)}]`;
    if (['radio', 'checkbox'].includes(e.type) && e.value) found.push(`${named}[value=${quoted(e.value)}]`);
    found.push(named);
  }
  const roles = {select: 'combobox', textarea: 'textbox', button: 'button', a: 'link'};
  const types = {checkbox: 'checkbox', radio: 'radio', submit: 'button', button: 'button', image: 'button'};
  const role = e.getAttribute('role') || roles[tag] || (tag === 'input' ? types[e.type] || 'textbox' : '');
  const names = [e.getAttribute('aria-label'), e.labels && e.labels[0] && e.labels[0].innerText,
    ['button', 'link'].includes(role) ? e.innerText || e.value : ''].map(text).filter(Boolean);
  if (role) for (const name of names) found.push(`role=${role}[name=${quoted(name)}]`);
  if (e.placeholder) found.push(`${tag}[placeholder=${quoted(e.placeholder)}]`);
  if (e.type === 'submit' && e.form) {
    const form = e.form.id && !made(e.form.id) ? `form#${CSS.escape(e.form.id)}` : 'form';
    found.push(`${form} ${tag}[type=submit]`);
  }
  if (e.id && made(e.id)) found.push(`#${CSS.escape(e.id)}`);
  const path = [];
  for (let at = e; at && at !== document.documentElement && path.length < 6; at = at.parentElement) {
    const own = at.tagName.toLowerCase();
    const alike = at.parentElement ? [...at.parentElement.children].filter(o => o.tagName === at.tagName) : [at];
    path.unshift(alike.length > 1 ? `${own}:nth-of-type(${alike.indexOf(at) + 1})` : own);
    found.push(path.join(' > '));
  }
  const name = names[0] || e.placeholder || e.name || tag;
  return {candidates: found, frame: tag === 'iframe' || tag === 'frame', name};
}"""


def outside(page: Page, x: float, y: float) -> bool:
    """Whether a place is outside the page that is seen."""
    size = page.viewport_size
    return size is not None and not (0 <= x < size["width"] and 0 <= y < size["height"])


async def pick(page: Page, x: float, y: float) -> dict[str, Any]:
    """{selector, name}: what finds only what is at this place, and what people call it. Raises EditRefused."""
    try:
        target = (await page.evaluate_handle(_TARGET, [x, y])).as_element()
        if target is None:
            raise EditRefused("There is nothing at this place")
        told = await target.evaluate(_CANDIDATES)
        # The page may have replaced what was asked: believe no shape.
        told = told if isinstance(told, dict) else {}
        if told.get("frame"):
            raise EditRefused("This is a page of another site within the page")
        candidates = told.get("candidates")
        for selector in candidates[:_MOST] if isinstance(candidates, list) else []:
            if isinstance(selector, str) and len(selector) <= _LONGEST and await _finds_only(page, selector, target):
                return {"selector": selector, "name": one_line(told.get("name") or "", 80)}
    except Error as error:
        raise EditRefused("The page can't be asked now") from error
    raise EditRefused("No selector finds this alone")


async def _finds_only(page: Page, selector: str, target: Any) -> bool:
    try:
        found = page.locator(selector)
        return await found.count() == 1 and bool(await found.evaluate("(one, other) => one === other", target))
    except Error:
        return False
