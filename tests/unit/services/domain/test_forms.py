"""How two sights of a form differ, and the mapping that is proposed for the new one."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.forms import Form, FormField, differences, form_log, form_of, matched
from services.domain.mappings import propose

NAME = FormField("company", "Business name", selector="#company")
PHONE = FormField("tel", "Phone", "tel", selector="input[name=tel]")
STATE = FormField("region", "State", "select", options=("NY", "OR"), selector="#region")
FORM = Form((NAME, PHONE, STATE), whole=True, used=(("#company", "company"), ("#region", "region")))
MAPPING: dict[str, Any] = {
    "fields": {"business_name": "#company", "phone": "[name=tel]", "state": "#region"},
    "order": ["business_name", "phone", "state"], "submit": "#go", "select": ["state"], "rate_limit_ms": 100,
}  # fmt: skip


def with_fields(*fields: FormField, **more: Any) -> Form:
    return msgspec.structs.replace(FORM, fields=fields, used=(), **more)


def changed(field: FormField, **more: Any) -> FormField:
    return msgspec.structs.replace(field, **more)


VAT = FormField("vat", "VAT number", required=True, selector="#vat")


@pytest.mark.parametrize(
    ("now", "said", "serious"),
    [
        (with_fields(NAME, PHONE, STATE, VAT), "A field “VAT number” is new and required", True),
        (with_fields(NAME, PHONE, STATE, changed(VAT, required=False)), "A field “VAT number” is new", False),
        (with_fields(NAME, STATE), "The field “Phone” is gone", True),
        (with_fields(NAME, changed(PHONE, key="mobile"), STATE),
         "The field “Phone” is called mobile on the page, not tel", True),
        (with_fields(NAME, changed(PHONE, label="Your phone"), STATE),
         "The field “Phone” has the words “Your phone” now", False),
        (with_fields(NAME, changed(PHONE, selector="#tel"), STATE),
         "The field “Phone” is found by #tel, not by input[name=tel]", False),
        (with_fields(NAME, changed(PHONE, required=True), STATE), "The field “Phone” is required now", True),
        (with_fields(NAME, PHONE, changed(STATE, kind="text", options=())),
         "The field “State” takes a text now, not a list", True),
        (with_fields(NAME, changed(PHONE, kind="text"), STATE),
         "The field “Phone” takes a text now, not a phone number", False),
        (with_fields(NAME, PHONE, changed(STATE, options=("NY", "WA", "CA"))),
         "The list “State” has other choices: 2 new (WA, CA) and 1 gone (OR)", True),
        (with_fields(NAME, PHONE, STATE, captcha=True), "The form asks for a captcha now", True),
    ],
)  # fmt: skip
def test_a_difference_is_said_in_words(now: Form, said: str, serious: bool) -> None:
    [found] = differences(FORM, now)
    assert (found.words, found.serious) == (said, serious)


def test_what_is_required_or_asked_no_longer_is_said_too() -> None:
    before = with_fields(NAME, changed(PHONE, required=True), captcha=True)
    assert [one.words for one in differences(before, with_fields(NAME, PHONE))] == [
        "The field “Phone” is required no longer", "The form asks for no captcha any more",
    ]  # fmt: skip


def test_pages_that_only_one_has_seen_are_not_compared() -> None:
    first = with_fields(NAME)
    both = with_fields(NAME, changed(PHONE, page=1))
    assert differences(first, both) == differences(both, first) == []


FIELDS = st.lists(
    st.builds(
        FormField, st.text("abc", min_size=1, max_size=2), st.sampled_from(["Name", "Phone", "City", ""]),
        st.sampled_from(["text", "select"]), st.booleans(), st.just(()), st.sampled_from(["#a", "#b"]),
    ),
    max_size=6, unique_by=lambda field: field.key,
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["fields", "key", "options", "page", "used", "label"]), inner)
    ),
    max_leaves=12,
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(FIELDS, FIELDS, st.booleans(), st.booleans())
def test_a_form_differs_from_others_only_and_no_field_counts_twice(
    old: list[FormField], new: list[FormField], captcha: bool, whole: bool
) -> None:
    before = Form(tuple(old), captcha, whole)
    assert differences(before, before) == []
    pairs = matched(old, new)
    assert len({id(one) for one, _ in pairs}) == len({id(one) for _, one in pairs}) == len(pairs)
    assert {(other.key, one.key) for one, other in pairs} == {(one.key, other.key) for one, other in matched(new, old)}
    if old:
        assert form_of(form_log(before)) == before


@settings(derandomize=True, max_examples=200, deadline=None)
@given(_JSON)
def test_whatever_stands_in_a_log_is_read(value: object) -> None:
    form_of(value)
    form_of({"fields": value, "used": value})
    form_of({"fields": [value, {"key": "a", "options": value, "page": value}]})


def test_a_mapping_that_fits_stays_as_it_is() -> None:
    found = propose(MAPPING, FORM, FORM)
    assert (found.selectors, found.changes, found.open) == (MAPPING, (), ())


def test_a_renamed_field_is_followed_by_its_words() -> None:
    now = with_fields(changed(NAME, key="n", selector="#n"), PHONE, STATE)
    for before in (FORM, None):
        found = propose(MAPPING, before, now)
        assert found.selectors["fields"] == {**MAPPING["fields"], "business_name": "#n"}
        assert found.changes == ("Business name goes into “Business name”, found by #n",)
    assert propose(MAPPING, FORM, with_fields(changed(NAME, key="n", label="Firm", selector="#n"))).changes == (
        "Business name is left out: no field takes it any more",
        "Phone is left out: no field takes it any more",
        "State is left out: no field takes it any more",
    )


def test_a_new_required_field_is_filled_where_it_is_known_what_with() -> None:
    city = FormField("town", "City *", required=True, selector="#town")
    found = propose(MAPPING, FORM, with_fields(NAME, city, PHONE, STATE, VAT))
    assert found.selectors["fields"]["city"] == "#town"
    assert found.selectors["order"] == ["business_name", "city", "phone", "state"]
    assert found.changes == ("City goes into the new field “City *”",)
    assert found.open == ("“VAT number” is required, and nobody knows what goes in",)


def test_lists_follow_the_kind_of_the_field_and_pages_lose_what_is_gone() -> None:
    mapping = {**MAPPING, "pages": [{"fields": ["business_name", "phone"], "next": "#next"}]}
    now = with_fields(changed(NAME, kind="select"), changed(STATE, kind="text"))
    found = propose(mapping, FORM, now)
    assert found.selectors["select"] == ["business_name"]
    assert found.selectors["pages"] == [{"fields": ["business_name"], "next": "#next"}]
    assert found.changes == (
        "Phone is left out: no field takes it any more", "Business name is chosen from a list now",
    )  # fmt: skip


def test_of_a_page_that_was_not_seen_nothing_is_said() -> None:
    part = Form((NAME,), used=(("#company", "company"),))
    found = propose(MAPPING, FORM, part)
    assert (found.selectors, found.changes) == (MAPPING, ())
    missed = Form((VAT,), used=(("#company", ""),))
    assert propose(MAPPING, FORM, missed).changes == ("Business name is left out: no field takes it any more",)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.permutations([NAME, PHONE, STATE]), st.sets(st.sampled_from(["company", "tel", "region"])))
def test_however_fields_are_renamed_and_moved_each_gets_what_it_got(order: list[FormField], keys: set[str]) -> None:
    now = with_fields(
        *(changed(one, key=f"x_{one.key}", selector=f"#x_{one.key}") if one.key in keys else one for one in order)
    )
    found = propose(MAPPING, FORM, now)
    by_label = {"business_name": NAME.label, "phone": PHONE.label, "state": STATE.label}
    for name, selector in found.selectors["fields"].items():
        word = re.sub(r"^\[name=|[#\]]", "", selector)
        [field] = [one for one in now.fields if word in (one.key, one.selector.removeprefix("#"))]
        assert field.label == by_label[name]
    assert len(found.selectors["fields"]) == 3
    assert not found.open
