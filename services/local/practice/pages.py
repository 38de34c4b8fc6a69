"""HTML of the practice directories. Every word from outside is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from string import Template
from typing import Final

from resources import ROOT
from services.local.practice.request_log import Listing
from services.local.practice.sites import Field, Site

PHONE_ERROR: Final = "Please enter digits only, 10 characters."


@cache
def _template(name: str) -> Template:
    return Template((ROOT / "practice" / name).read_text(encoding="utf-8"))


def home_page(site: Site, latest: Sequence[Listing]) -> str:
    """The entrance of a directory with its newest listings."""
    rows = "".join(f'<li><a href="/listing/{one.number}">{escape(_name(site, one.form))}</a></li>' for one in latest)
    return _page(
        site, "Find local businesses", "home.html", listings=rows or '<li class="none">Be the first one here.</li>'
    )


def form_page(
    site: Site, values: Mapping[str, str], errors: Mapping[str, str], *, refused: bool = False, changed: bool = False
) -> str:
    """The form at /add. `values` by the page's field names, `errors` by field key; `refused`: not accepted."""
    notice = ""
    if refused:
        notice = (
            '<p class="notice" role="alert">Sorry, this listing was not accepted. Please check it or contact us.</p>'
        )
    controls = "".join(_row(field, values, errors.get(field.key, ""), changed=changed) for field in site.fields())
    submit = f'<button type="submit" {site.submit_attribute()}>Submit listing</button>'
    return _page(site, "Add your business", "form.html", notice=notice, controls=controls, submit=submit)


def thanks_page(site: Site, listing: Listing) -> str:
    """What follows an accepted form."""
    return _page(site, "Thank you", "thanks.html", name=escape(_name(site, listing.form)), number=str(listing.number))


def listing_page(site: Site, listing: Listing) -> str:
    """One listed business."""
    rows = "".join(
        f"<dt>{field.label}</dt><dd>{escape(listing.form[field.name])}</dd>"
        for field in site.fields()[1:]
        if listing.form.get(field.name)
    )
    return _page(site, _name(site, listing.form), "listing.html", rows=rows)


def notice_page(site: Site, title: str, text: str) -> str:
    """A page that only says something, such as "page not found"."""
    return _page(site, title, "notice.html", text=escape(text))


def _page(site: Site, title: str, body: str, **words: str) -> str:
    """`words` are HTML already."""
    heading = escape(title)
    return _template("page.html").substitute(
        style=_template("style.css").template,
        brand=escape(site.brand),
        category=escape(site.category),
        colour=escape(site.colour),
        look=site.look,
        title=heading,
        body=_template(body).substitute(words, title=heading, brand=escape(site.brand)),
    )


def _row(field: Field, values: Mapping[str, str], error: str, *, changed: bool) -> str:
    element_id, name = field.element_id, field.name
    if changed and field.key == "phone":
        element_id, name = "contact-2", "contact_2"
    value = escape(values.get(field.name, ""))
    invalid = ' aria-invalid="true" class="invalid"' if error else ""
    attributes = f'id="{element_id}" name="{name}"{invalid}'
    if field.control == "select":
        options = "".join(_option(word, values.get(field.name, "")) for word in field.options)
        control = f'<select {attributes}><option value="">Choose…</option>{options}</select>'
    elif field.control == "textarea":
        control = f'<textarea {attributes} rows="3">{value}</textarea>'
    else:
        control = f'<input type="text" {attributes} value="{value}" autocomplete="off">'
    if error:
        control += f'<span class="error" role="alert">{escape(error)}</span>'
    label = f'<label for="{element_id}">{field.label}</label>'
    return f'<div class="row">{label}<div class="cell">{control}</div></div>'


def _option(word: str, chosen: str) -> str:
    selected = " selected" if word == chosen else ""
    shown = "Other" if word == "other" else word
    return f'<option value="{escape(word)}"{selected}>{escape(shown)}</option>'


def _name(site: Site, form: Mapping[str, str]) -> str:
    return form.get(site.fields()[0].name, "")
