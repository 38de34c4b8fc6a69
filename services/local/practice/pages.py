"""HTML of the practice directories. Every word from outside is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from string import Template
from typing import Final

import msgspec

from resources import ROOT
from services.local.practice import ways
from services.local.practice.captcha import HEIGHT, WIDTH
from services.local.practice.request_log import Listing
from services.local.practice.sites import CAPTCHA_ID, CODE_ID, NEXT, Field, Site
from services.local.practice.switches import Mode

REFUSED: Final = "Sorry, this listing was not accepted. Please check it or contact us."
_TITLES: Final = {
    "steps": ("Your business", "Where to find it", "How to reach it"),
    "code": ("Your business", "Confirm your e-mail address"),
}
_AUTOSAVE: Final = """<script>
document.querySelector('form.listing').addEventListener('input', event => {
  fetch('/draft', {method: 'POST', body: new URLSearchParams(new FormData(event.currentTarget))});
});
</script>"""
_RESTLESS: Final = "<script>fetch('/live')</script>"


class Draft(msgspec.Struct, frozen=True):
    """What a form shows. `page` counts from 0; `values` and `errors` are by field key."""

    page: int = 0
    values: Mapping[str, str] = {}
    errors: Mapping[str, str] = {}
    notice: str = ""
    mode: Mode = "ok"


@cache
def template(name: str) -> Template:
    """A file of resources/practice."""
    return Template((ROOT / "practice" / name).read_text(encoding="utf-8"))


def home_page(site: Site, latest: Sequence[Listing]) -> str:
    """The entrance of a directory with its newest listings."""
    rows = "".join(f'<li><a href="/listing/{one.number}">{escape(_name(one))}</a></li>' for one in latest)
    return _page(
        site, "Find local businesses", "home.html", listings=rows or '<li class="none">Be the first one here.</li>'
    )


def form_page(site: Site, draft: Draft) -> str:
    """One page of the form below /add."""
    pages = site.pages(draft.mode)
    last = draft.page == len(pages) - 1
    controls = [_row(field, draft.values.get(field.key, ""), draft.errors) for field in pages[draft.page]]
    if last and asks_captcha(site, draft.mode):
        picture = f'<img class="captcha" src="/captcha.png" width="{WIDTH}" height="{HEIGHT}" alt="Letters to copy">'
        controls.append(_text_row(CAPTCHA_ID, "Letters in the picture", draft.errors, picture))
    if last and site.kind == "code":
        controls.append(_text_row(CODE_ID, "Code we sent you", draft.errors))
    button = "Send me a code" if site.kind == "code" else "Continue"
    submit = f"{site.submit_attribute()}>Submit listing" if last else f"{NEXT[1]}>{button}"
    title, free = "Add your business", ", it’s free"
    if len(pages) > 1 and draft.page:
        title, free = _TITLES[site.kind][draft.page], ""
    extra = template("popups.html").substitute(brand=escape(site.brand)) if site.kind == "popups" else ""
    extra += {"autosave": _AUTOSAVE, "restless": _RESTLESS}.get(draft.mode, ways.script(draft.mode) if last else "")
    return _page(
        site,
        title,
        "form.html",
        free=free,
        progress=_progress(site, draft.page) if len(pages) > 1 else "",
        notice=f'<p class="notice" role="alert">{escape(draft.notice)}</p>' if draft.notice else "",
        action="/add" if last else f"/add/{draft.page + 1}",
        encoding=' enctype="multipart/form-data"' if site.kind == "upload" else "",
        controls="".join(controls),
        submit=f'<button type="submit" {submit}</button>',
        extra=extra,
    )


def asks_captcha(site: Site, mode: Mode) -> bool:
    """Whether the last page of the form has a picture of letters to copy."""
    return site.kind == "captcha" or mode == "captcha"


def thanks_page(site: Site, listing: Listing) -> str:
    """What follows an accepted form."""
    return _page(site, "Thank you", "thanks.html", name=escape(_name(listing)), number=str(listing.number))


def not_received_page(site: Site) -> str:
    """What follows a form that was thrown away; it has every word that a hasty reader takes for success."""
    return _page(site, "Thank you", "result.html")


def listing_page(site: Site, listing: Listing) -> str:
    """One listed business."""
    rows = "".join(_listed(field, listing) for field in site.fields()[1:] if listing.values.get(field.key))
    return _page(site, _name(listing), "listing.html", rows=rows)


def notice_page(site: Site, title: str, text: str) -> str:
    """A page that only says something, such as "page not found"."""
    return _page(site, title, "notice.html", text=escape(text))


def sign_page(site: Site, *, new: bool, email: str = "", notice: str = "") -> str:
    """Sign in, or (`new`) make an account."""
    title = f"Sign up for {site.brand}" if new else f"Sign in to {site.brand}"
    other = (
        'Have an account already? <a href="/sign-in">Sign in</a>'
        if new
        else 'New here? <a href="/sign-up">Make an account, it’s free</a>'
    )
    return _page(
        site,
        title,
        "sign.html",
        text="Only businesses with an account can add a listing.",
        notice=f'<p class="notice" role="alert">{escape(notice)}</p>' if notice else "",
        action="/sign-up" if new else "/sign-in",
        email=escape(email),
        autocomplete="new-password" if new else "current-password",
        button="Sign up" if new else "Sign in",
        otherwise=other,
    )


def _page(site: Site, title: str, body: str, **words: str) -> str:
    """`words` are HTML already."""
    heading = escape(title)
    return template("page.html").substitute(
        style=template("style.css").template,
        brand=escape(site.brand),
        category=escape(site.category),
        colour=escape(site.colour),
        look=site.look,
        title=heading,
        body=template(body).substitute(words, title=heading, brand=escape(site.brand)),
    )


def _progress(site: Site, page: int) -> str:
    titles = _TITLES[site.kind]
    return f'<p class="progress">Step <b>{page + 1}</b> of {len(titles)}: {titles[page]}</p>'


def _row(field: Field, text: str, errors: Mapping[str, str]) -> str:
    value = escape(text)
    error = errors.get(field.key, "")
    attributes = f'id="{field.element_id}" name="{field.name}"' + (" required" if field.required else "")
    attributes += ' aria-invalid="true" class="invalid"' if error else ""
    if field.control == "checkbox":
        checked = " checked" if text else ""
        box = f'<input type="checkbox" {attributes} value="yes"{checked}>'
        return _cell("", f'<label class="tick" for="{field.element_id}">{box}{field.label}</label>', error)
    if field.control == "select":
        options = "".join(_option(word, text) for word in field.options)
        control = f'<select {attributes}><option value="">Choose…</option>{options}</select>'
    elif field.control == "textarea":
        control = f'<textarea {attributes} rows="3">{value}</textarea>'
    elif field.control == "file":
        control = f'<input type="file" {attributes} accept="image/png,image/jpeg,image/gif,image/webp">'
    else:
        control = f'<input type="text" {attributes} value="{value}" autocomplete="off">'
    return _cell(f'<label for="{field.element_id}">{field.label}</label>', control, error)


def _text_row(name: str, label: str, errors: Mapping[str, str], above: str = "") -> str:
    control = f'{above}<input type="text" id="{name}" name="{name}" autocomplete="off">'
    return _cell(f'<label for="{name}">{label}</label>', control, errors.get(name, ""))


def _cell(label: str, control: str, error: str) -> str:
    if error:
        control += f'<span class="error" role="alert">{escape(error)}</span>'
    return f'<div class="row">{label or "<span class=label></span>"}<div class="cell">{control}</div></div>'


def _option(word: str, chosen: str) -> str:
    selected = " selected" if word == chosen else ""
    shown = "Other" if word == "other" else word
    return f'<option value="{escape(word)}"{selected}>{escape(shown)}</option>'


def _listed(field: Field, listing: Listing) -> str:
    if field.control == "checkbox":
        return ""
    if field.control == "file":
        shown = f'<img class="logo" src="/listing/{listing.number}/picture" alt="">'
    else:
        shown = escape(listing.values[field.key])
    return f"<dt>{field.label}</dt><dd>{shown}</dd>"


def _name(listing: Listing) -> str:
    return listing.values.get("business_name") or f"Listing {listing.number}"
