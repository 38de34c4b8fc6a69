"""The practice directories as data: looks, kinds of form, names of fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from resources import ROOT
from services.local.practice.switches import Mode

Kind = Literal["plain", "select", "strict", "steps", "upload", "captcha", "login", "code", "popups"]
Control = Literal["input", "select", "textarea", "checkbox", "file"]

KIND_WORDS: Final[Mapping[Kind, str]] = {
    "plain": "One page",
    "select": "One page with choices",
    "strict": "Wants a phone number of ten digits",
    "steps": "Three pages",
    "upload": "Wants a logo",
    "captcha": "Asks for a captcha",
    "login": "Only for who is signed in",
    "code": "Sends a code by e-mail",
    "popups": "Pop-ups, a cookie banner, questions",
}

CATEGORIES: Final = (
    "Accountant", "Bakery", "Bike shop", "Bookshop", "Café", "Car repair", "Caterer", "Cleaner", "Daycare", "Dentist",
    "Electrician", "Florist", "Gardener", "Gym", "Hairdresser", "Hardware shop", "Hotel", "Lawyer", "Photographer",
    "Plumber", "Pool service", "Restaurant", "Roofer", "Veterinarian", "other",
)  # fmt: skip
"""Values of the category selects; "other" is for every business that none of them fits."""

STATES: Final = (
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN", "KS",
    "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV",
    "NY", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA", "WI", "WV", "WY",
)  # fmt: skip
"""Values of the state selects."""

RATE_LIMIT_MS: Final = 100

# "#word" is found by its id, "@word" by its name: sites differ, and so do their selectors.
_NAMINGS: Final[dict[str, dict[str, str]]] = {
    "biz": {
        "business_name": "#biz-name", "phone": "@phone", "email": "@email", "address": "#street", "city": "#city",
        "state": "#state", "zip": "#zip", "website": "@website", "category": "@cat", "description": "#about",
        "terms": "#terms", "logo": "#logo",
    },
    "company": {
        "business_name": "@company", "phone": "@tel", "email": "@contact_email", "address": "@addr1", "city": "@town",
        "state": "@region", "zip": "@postcode", "website": "@url", "category": "@industry", "description": "@summary",
        "terms": "@agree", "logo": "@logo_file",
    },
    "listing": {
        "business_name": "#listing_title", "phone": "#listing_phone", "email": "#listing_email",
        "address": "#listing_address", "city": "#listing_city", "state": "#listing_state", "zip": "#listing_zip",
        "website": "#listing_site", "category": "#listing_category", "description": "#listing_text",
        "terms": "#listing_terms", "logo": "#listing_logo",
    },
    "form": {
        "business_name": "@name", "phone": "#phone-number", "email": "#mail", "address": "@street_address",
        "city": "@city", "state": "@state", "zip": "@zip", "website": "#homepage", "category": "#kind-of-business",
        "description": "@description",
        "terms": "@accept", "logo": "@picture",
    },
}  # fmt: skip

# Selector and attribute of the button that sends the form.
_SUBMITS: Final = {
    "biz": ("button.send", 'class="send"'),
    "company": ("#submit-listing", 'id="submit-listing"'),
    "listing": ("form.listing button[type=submit]", 'class="big"'),
    "form": ("button[name=go]", 'name="go"'),
}

_LABELS: Final = {
    "business_name": "Business name", "phone": "Phone", "email": "E-mail", "address": "Street", "city": "City",
    "state": "State", "zip": "ZIP code", "website": "Website", "category": "Category", "description": "About",
    "logo": "Logo or photo", "terms": "This is my business, and I may list it", "hours": "Opening hours",
}  # fmt: skip

_SHORT: Final = ("business_name", "phone", "email", "city", "website")
_PAGES: Final[dict[Kind, tuple[tuple[str, ...], ...]]] = {
    "plain": (("business_name", "phone", "email", "address", "city", "state", "zip", "website"),),
    "select": (("business_name", "phone", "address", "city", "state", "website", "category", "description"),),
    "strict": (("business_name", "website", "phone", "email", "city"),),
    "steps": (
        ("business_name", "category", "description"),
        ("address", "city", "state", "zip"),
        ("phone", "email", "website", "terms"),
    ),
    "upload": ((*_SHORT, "logo", "terms"),),
    "captcha": (_SHORT,),
    "login": (_SHORT,),
    "code": (_SHORT, ()),
    "popups": (("business_name", "phone", "email", "address", "city", "website"),),
}

_RENAMED: Final = tuple(sorted(_LABELS))

NEXT: Final = ("button.next", 'class="next"')
"""Selector and attribute of the button that leads to the form's next page."""
CAPTCHA_ID: Final = "captcha"
CODE_ID: Final = "code"
PASSWORD_ID: Final = "password"  # noqa: S105
CLOSE_ID: Final = "cookies-needed"


class Field(msgspec.Struct, frozen=True):
    """One control of a form. `element_id` and `name` are those of the page."""

    key: str
    label: str
    control: Control
    element_id: str
    name: str
    selector: str
    options: tuple[str, ...] = ()
    required: bool = False


class Site(msgspec.Struct, frozen=True):
    """A practice directory. `host` has no port; tier and authority are for the directories table.

    `mode` is how it behaves until somebody says otherwise; `seed` chooses the visits of "sometimes500" that break.
    """

    host: str
    brand: str
    category: str
    colour: str
    look: Literal["band", "line", "card"]
    kind: Kind
    naming: str
    tier_required: int
    domain_authority: int
    mode: Mode = "ok"
    seed: int = 1

    def pages(self, mode: Mode = "ok") -> list[list[Field]]:
        """The form's pages, each with its controls in the order of the page; `mode` may change their names."""
        pages = [[self._field(key) for key in keys] for keys in _PAGES[self.kind]]
        if mode == "required":
            pages[0].append(Field("hours", _LABELS["hours"], "input", "opening-hours", "opening_hours", "", (), True))
        return [[drifted for field in page if (drifted := _drift(field, mode))] for page in pages]

    def fields(self, mode: Mode = "ok") -> list[Field]:
        """The controls of all pages of the form."""
        return [field for page in self.pages(mode) for field in page]

    def submit_attribute(self) -> str:
        """The HTML attribute that the form's last button has."""
        return _SUBMITS[self.naming][1]

    def field_selectors(self) -> dict[str, Any]:
        """What `directories.field_selectors` says of this form, as `services.pipeline.planner` reads it."""
        fields, pages = self.fields(), self.pages()
        found: dict[str, Any] = {
            "fields": {field.key: field.selector for field in fields},
            "order": [field.key for field in fields],
            "submit": _SUBMITS[self.naming][0],
            "select": [field.key for field in fields if field.control == "select"],
            "rate_limit_ms": RATE_LIMIT_MS,
        }
        for name, control in (("check", "checkbox"), ("upload", "file")):
            keys = [field.key for field in fields if field.control == control]
            if keys:
                found[name] = keys
        if len(pages) > 1:
            found["pages"] = [{"fields": [field.key for field in page], "next": NEXT[0]} for page in pages[:-1]]
        if self.kind == "captcha":
            found["captcha"] = f"#{CAPTCHA_ID}"
        if self.kind == "login":
            found["login"] = f"#{PASSWORD_ID}"
        if self.kind == "code":
            found["code"] = f"#{CODE_ID}"
        if self.kind == "popups":
            found |= {"close": [f"#{CLOSE_ID}"], "confirm": True}
        return found

    def _field(self, key: str) -> Field:
        control: Control = "input"
        options: tuple[str, ...] = ()
        if key in ("state", "category") and self.kind in ("select", "steps"):
            control, options = "select", STATES if key == "state" else CATEGORIES
        elif key == "description":
            control = "textarea"
        elif key in ("terms", "logo"):
            control = "checkbox" if key == "terms" else "file"
        mark, word = _NAMINGS[self.naming][key][0], _NAMINGS[self.naming][key][1:]
        by_id = mark == "#"
        tag: str = "input" if control in ("checkbox", "file") else control
        if by_id and control == "input":
            tag = ""
        return Field(
            key=key,
            label=_LABELS[key],
            control=control,
            element_id=word if by_id else f"field-{word}",
            name=re.sub(r"[^a-z0-9]", "_", word),
            selector=f"{tag}#{word}" if by_id else f"{tag}[name={word}]",
            options=options,
            required=key in ("terms", "logo"),
        )


def _drift(field: Field, mode: Mode) -> Field | None:
    """The field as a form has it that was changed after its directory was learnt; None when it is gone."""
    if mode == "removed" and field.key == "phone":
        return None
    if mode == "changed" and field.key == "phone":
        return msgspec.structs.replace(field, element_id="contact-2", name="contact_2")
    if mode == "renamed":
        word = f"entry_{_RENAMED.index(field.key) + 1}"
        return msgspec.structs.replace(field, element_id=word.replace("_", "-"), name=word)
    return field


def load_sites() -> dict[str, Site]:
    """All practice directories by host."""
    rows = msgspec.json.decode((ROOT / "seed" / "directories.json").read_bytes(), type=list[Site])
    return {site.host: site for site in rows}
