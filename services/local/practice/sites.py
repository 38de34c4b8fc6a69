"""The practice directories as data: looks, kinds of form, names of fields."""

from __future__ import annotations

import re
from typing import Any, Final, Literal

import msgspec

from resources import ROOT

Kind = Literal["plain", "select", "strict"]
Control = Literal["input", "select", "textarea"]

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
    },
    "company": {
        "business_name": "@company", "phone": "@tel", "email": "@contact_email", "address": "@addr1", "city": "@town",
        "state": "@region", "zip": "@postcode", "website": "@url", "category": "@industry", "description": "@summary",
    },
    "listing": {
        "business_name": "#listing_title", "phone": "#listing_phone", "email": "#listing_email",
        "address": "#listing_address", "city": "#listing_city", "state": "#listing_state", "zip": "#listing_zip",
        "website": "#listing_site", "category": "#listing_category", "description": "#listing_text",
    },
    "form": {
        "business_name": "@name", "phone": "#phone-number", "email": "#mail", "address": "@street_address",
        "city": "@city", "state": "@state", "zip": "@zip", "website": "#homepage", "category": "#kind-of-business",
        "description": "@description",
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
}  # fmt: skip

_FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "plain": ("business_name", "phone", "email", "address", "city", "state", "zip", "website"),
    "select": ("business_name", "phone", "address", "city", "state", "website", "category", "description"),
    "strict": ("business_name", "website", "phone", "email", "city"),
}


class Field(msgspec.Struct, frozen=True):
    """One control of a form. `element_id` and `name` are those of the page."""

    key: str
    label: str
    control: Control
    element_id: str
    name: str
    selector: str
    options: tuple[str, ...] = ()


class Site(msgspec.Struct, frozen=True):
    """A practice directory. `host` has no port; tier and authority are for the directories table."""

    host: str
    brand: str
    category: str
    colour: str
    look: Literal["band", "line", "card"]
    kind: Kind
    naming: str
    tier_required: int
    domain_authority: int

    def fields(self) -> tuple[Field, ...]:
        """The controls of the form at /add, in the order of the page."""
        return tuple(self._field(key) for key in _FIELDS[self.kind])

    def submit_attribute(self) -> str:
        """The HTML attribute that the form's button has."""
        return _SUBMITS[self.naming][1]

    def field_selectors(self) -> dict[str, Any]:
        """What `directories.field_selectors` says of this form: fields, order, submit, select, rate_limit_ms."""
        return {
            "fields": {field.key: field.selector for field in self.fields()},
            "order": [field.key for field in self.fields()],
            "submit": _SUBMITS[self.naming][0],
            "select": [field.key for field in self.fields() if field.control == "select"],
            "rate_limit_ms": RATE_LIMIT_MS,
        }

    def _field(self, key: str) -> Field:
        control: Control = "input"
        options: tuple[str, ...] = ()
        if self.kind == "select" and key in ("state", "category"):
            control, options = "select", STATES if key == "state" else CATEGORIES
        elif key == "description":
            control = "textarea"
        mark, word = _NAMINGS[self.naming][key][0], _NAMINGS[self.naming][key][1:]
        by_id = mark == "#"
        tag = "" if by_id and control == "input" else control
        return Field(
            key=key,
            label=_LABELS[key],
            control=control,
            element_id=word if by_id else f"field-{word}",
            name=re.sub(r"[^a-z0-9]", "_", word),
            selector=f"{tag}#{word}" if by_id else f"{tag}[name={word}]",
            options=options,
        )


def load_sites() -> dict[str, Site]:
    """All practice directories by host."""
    rows = msgspec.json.decode((ROOT / "seed" / "directories.json").read_bytes(), type=list[Site])
    return {site.host: site for site in rows}
