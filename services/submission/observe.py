"""Sees what a page shows, as plain data."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import msgspec
from playwright.async_api import Error, Page

from services.domain.text import one_line
from services.submission.evidence import Seen

_LOOK_SECONDS: Final = 5.0
_FIELDS: Final = 2
_ADDRESS: Final = 2000
_LOOK: Final = """() => {
  const shown = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden';
  const text = e => (e.innerText || '').trim().slice(0, 300);
  const marks = '[role=alert],[aria-live=assertive],[class*=error i],[class*=invalid i],[class*=danger i]';
  const fields = 'input:not([type=hidden]),select,textarea';
  const nameOf = e => {
    let field = e.id ? document.querySelector('[aria-describedby~="' + CSS.escape(e.id) + '"]') : null;
    for (let box = e.parentElement, up = 0; !field && box && up < 3; box = box.parentElement, up++) {
      const inside = box.querySelectorAll(fields);
      if (inside.length > 1) break;
      field = inside[0];
    }
    return field ? (field.labels && field.labels[0] && text(field.labels[0])) || field.name || field.id || '' : '';
  };
  const all = (selector, most) => [...document.querySelectorAll(selector)].slice(0, most);
  // What an answer to the form is likely to stand in: around the form, else in the middle of the page, and in messages.
  const margins = 'header,footer,nav,aside,[role=banner],[role=contentinfo],[role=navigation],[role=complementary]';
  const messages = '[role=status],[role=alert],[aria-live],[role=dialog],dialog[open],output,'
    + '[class*=success i],[class*=thank i],[class*=confirm i],[class*=message i],[class*=notice i]';
  const near = () => {
    const margin = e => e.closest(margins) !== null;
    const form = [...document.forms].filter(f => f.elements.length > 2 && shown(f) && !margin(f))[0];
    const middle = document.querySelector('main,[role=main]') || document.body;
    const place = form ? form.closest('main,article,section,[role=main]') || form.parentElement : middle;
    const lines = e => ((e && e.innerText) || '').slice(0, 20000).split('\\n');
    const aside = new Set(all(margins, 20).flatMap(lines));
    const said = all(messages, 50).filter(e => shown(e) && !e.matches(fields)).flatMap(lines);
    return [...lines(place).filter(line => !aside.has(line)), ...said].join('\\n').slice(0, 20000);
  };
  return {
    near: near(),
    text: (document.body ? document.body.innerText : '').slice(0, 20000),
    problems: all(marks, 200).filter(e => shown(e) && text(e) && !e.querySelector(fields) && !e.matches(fields))
      .slice(0, 20).map(e => [nameOf(e), text(e)]),
    invalid: all(fields, 500).filter(e => e.willValidate && !e.validity.valid)
      .slice(0, 10).map(e => [e.name || e.id || e.type, e.validationMessage]),
    links: all('a[href]', 500).map(a => [a.href, text(a)]),
  };
}"""


async def look(page: Page, selectors: list[str]) -> Seen:
    """The page as it is now; an address alone when the page can't be read (gone, or its scripts hang).

    `selectors` are the plan's fields, to see whether the form is still there.
    """
    found: Any = None
    fields = 0
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_LOOK_SECONDS):
            found, *shown = await asyncio.gather(
                page.evaluate(_LOOK), *(page.locator(selector).first.is_visible() for selector in selectors[:_FIELDS])
            )
            fields = sum(shown)
    if not isinstance(found, dict):
        return Seen(url=page.url[:_ADDRESS])
    return Seen(
        url=page.url[:_ADDRESS],
        text=str(found.get("text") or ""),
        fields=fields,
        problems=[_named(name, text) for name, text in _pairs(found.get("problems"))],
        invalid=_pairs(found.get("invalid")),
        links=_pairs(found.get("links")),
        near=near if isinstance(near := found.get("near"), str) else None,
    )


def with_dialogs(seen: Seen, said: list[str]) -> Seen:
    """What the page said in dialogs belongs to its text, and to what is said at the form."""
    near = None if seen.near is None else "\n".join([seen.near, *said])
    return msgspec.structs.replace(seen, text="\n".join([seen.text, *said]), near=near)


def _pairs(value: object) -> list[tuple[str, str]]:
    # The page may have replaced any function that the look used: believe no shape.
    rows = value if isinstance(value, list) else []
    return [(one_line(r[0], 2000), one_line(r[1])) for r in rows if isinstance(r, list) and len(r) == 2]


def _named(name: str, text: str) -> str:
    """A message beside a field seldom says which field it means."""
    return text if not name or name.lower() in text.lower() else f"{name}: {text}"
