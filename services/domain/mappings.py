"""Which field of a directory's form takes what of a business, proposed anew for a form that has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from services.domain.forms import Form, FormField, matched

_LISTS: Final = {"select": "select", "check": "checkbox", "upload": "file"}
"""The lists of a mapping, and the kind of field that belongs in each."""
_MEANS: Final = {
    "business_name": ("business name", "company name", "business", "company", "listing title", "name"),
    "phone": ("phone", "telephone", "tel", "mobile"),
    "email": ("e mail", "email", "mail"),
    "website": ("website", "web site", "homepage", "url", "web address"),
    "address": ("street", "address"),
    "city": ("city", "town"),
    "state": ("state", "region", "province"),
    "zip": ("zip", "postcode", "postal code", "zip code"),
    "country": ("country",),
    "category": ("category", "industry", "kind of business", "type of business"),
    "description": ("description", "about", "summary"),
}  # fmt: skip
"""Words beside a field, or its name, that say what of a business goes in."""
_BY_ID: Final = re.compile(r"#((?:[\w-]|\\.)+)$")
_BY_NAME: Final = re.compile(r"\[name=[\"']?([^\"'\]]+)[\"']?\]$")


class Proposal(msgspec.Struct, frozen=True):
    """`selectors`: the new `directories.field_selectors`; `changes`: what is other than before, in words; `open`: what
    a person has to see to, since nobody knows what goes in."""

    selectors: dict[str, Any]
    changes: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def corrected(mapping: Mapping[str, Any], edits: Sequence[tuple[str, str]]) -> Proposal:
    """The mapping with what a person said is elsewhere: pairs of a selector as it was and as it is, in their order."""
    selectors = {**mapping}
    fields = mapping.get("fields")
    found: dict[str, Any] = dict(fields) if isinstance(fields, Mapping) else {}
    changes: list[str] = []
    for old, new in edits:
        for place in (found, selectors):
            for name, selector in list(place.items()):
                if selector == old and isinstance(selector, str):
                    place[name] = new
                    changes.append(f"{_said(name)}: a person found {new}, not {old}")
    return Proposal({**selectors, **({"fields": found} if found else {})}, tuple(changes))


def propose(mapping: Mapping[str, Any], before: Form | None, now: Form) -> Proposal:
    """A mapping for the form as it is now. What can't be told from what was seen stays as it is."""
    fields = mapping.get("fields")
    old: dict[str, Any] = dict(fields) if isinstance(fields, Mapping) else {}
    taken: dict[str, FormField] = {}
    lost: list[str] = []
    for name, selector in old.items():
        found = _hit(str(selector), now)
        if found is not None:
            taken[name] = found
        elif _is_missing(str(selector), now):
            lost.append(name)
    changes: list[str] = []
    for name in list(lost):
        free = [field for field in now.fields if field not in taken.values()]
        heir = _heir(str(old[name]), before, now) or _meant(name, free)
        if heir is not None and heir in free and heir.selector:
            taken[name] = heir
            lost.remove(name)
            changes.append(f"{_said(name)} goes into {heir.words}, found by {heir.selector}")
    for name in _MEANS if now.whole else ():
        free = [field for field in now.fields if field.required and field not in taken.values()]
        fresh = _meant(name, free) if name not in old else None
        if fresh is not None and fresh.selector:
            taken[name] = fresh
            changes.append(f"{_said(name)} goes into the new field {fresh.words}")
    changes += [f"{_said(name)} is left out: no field takes it any more" for name in lost]
    used = {field.key for field in taken.values()}
    unmet = [f"{field.words} is required, and nobody knows what goes in" for field in now.fields
             if field.required and field.key not in used and field.kind != "password"]  # fmt: skip
    selectors = _written(mapping, old, taken, lost, now)
    changes += _kinds(mapping, selectors, taken)
    return Proposal(selectors, tuple(changes), tuple(unmet))


def _written(
    mapping: Mapping[str, Any], old: Mapping[str, Any], taken: Mapping[str, FormField], lost: list[str], now: Form
) -> dict[str, Any]:
    fields = {name: selector for name, selector in old.items() if name not in lost}
    for name, field in taken.items():
        if name not in old or _hit(str(old[name]), now) is None:
            fields[name] = field.selector
    found = {**mapping, "fields": fields}
    for name, kind in _LISTS.items():
        # Of a field that was seen its kind decides, of any other the mapping.
        names = [one for one in fields if (taken[one].kind == kind if one in taken else one in _names(mapping, name))]
        if names or name in mapping:
            found[name] = names
    places = {field.key: place for place, field in enumerate(now.fields)}
    order = _names(mapping, "order")
    if order and len(taken) == len(fields):
        found["order"] = sorted(fields, key=lambda name: places[taken[name].key])
    elif order:
        found["order"] = [name for name in order if name in fields] + [name for name in fields if name not in order]
    if isinstance(pages := mapping.get("pages"), list):
        found["pages"] = [
            {**page, "fields": [name for name in _names(page, "fields") if name in fields]}
            for page in pages if isinstance(page, Mapping)
        ]  # fmt: skip
    return found


def _kinds(mapping: Mapping[str, Any], now: Mapping[str, Any], taken: Mapping[str, FormField]) -> list[str]:
    said = {"select": "is chosen from a list now", "check": "is ticked now", "upload": "takes a file now"}
    return [
        f"{_said(name)} {words}"
        for kind, words in said.items()
        for name in _names(now, kind)
        if name in taken and name not in _names(mapping, kind)
    ]


def _hit(selector: str, form: Form) -> FormField | None:
    """The field that a selector finds; None where it finds none, or where that isn't known."""
    key = dict(form.used).get(selector)
    if key is None and (by := _BY_NAME.search(selector) or _BY_ID.search(selector)):
        for field in form.fields:
            if field.selector == selector or by[1] in (field.key, field.selector.removeprefix("#")):
                return field
    return next((field for field in form.fields if key and field.key == key), None)


def _is_missing(selector: str, now: Form) -> bool:
    """Whether it was looked for and not found, or can't be there since the whole form was seen."""
    looked_for = dict(now.used).get(selector)
    return looked_for == "" or (
        looked_for is None and now.whole and bool(_BY_NAME.search(selector) or _BY_ID.search(selector))
    )


def _heir(selector: str, before: Form | None, now: Form) -> FormField | None:
    """The field that took the place of the one that a selector found before."""
    was = _hit(selector, before) if before is not None else None
    if was is None or before is None:
        return None
    return next((new for old, new in matched(before.fields, now.fields) if old is was), None)


def _meant(name: str, fields: list[FormField]) -> FormField | None:
    """The field that takes `name` of a business by its words, then by its name on the page; None unless it is one."""
    for on_page in (False, True):
        for means in _MEANS.get(name, ()):
            fits = [field for field in fields if _folded(field.key if on_page else field.label) == means]
            if len(fits) == 1:
                return fits[0]
    return None


def _folded(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


def _names(mapping: Mapping[str, Any], name: str) -> list[str]:
    found = mapping.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _said(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
