"""The practice directories as data."""

from __future__ import annotations

import re

import msgspec

from resources import ROOT
from services.local.practice.sites import CATEGORIES, KIND_WORDS, STATES, load_sites


def test_there_are_at_least_sixty_that_differ() -> None:
    sites = load_sites().values()
    assert len(sites) >= 60
    assert len({site.brand for site in sites}) == len(sites)
    assert {site.kind for site in sites} == set(KIND_WORDS)
    assert len({str(site.field_selectors()) for site in sites}) >= 10
    for site in sites:
        assert re.fullmatch(r"[a-z0-9-]+\.localhost", site.host)
        assert re.fullmatch(r"#[0-9a-f]{6}", site.colour)
        assert 1 <= site.tier_required <= 4
        assert 0 <= site.domain_authority <= 100
    assert sum(site.tier_required == 1 for site in sites) > len(sites) * 0.6


def test_selectors_name_only_fields_of_the_form() -> None:
    select = load_sites()["mapnook.localhost"].field_selectors()
    assert select["fields"]["business_name"] == "#biz-name"
    assert select["fields"]["phone"] == "input[name=phone]"
    assert select["fields"]["state"] == "select#state"
    assert select["fields"]["description"] == "textarea#about"
    assert select["submit"] == "button.send"
    assert select["select"] == ["state", "category"]
    for site in load_sites().values():
        selectors = site.field_selectors()
        assert set(selectors["select"]) <= set(selectors["fields"])
        assert set(selectors["order"]) == set(selectors["fields"])
        assert set(selectors.get("check", [])) | set(selectors.get("upload", [])) <= set(selectors["fields"])


def test_what_a_form_asks_for_besides_is_in_its_selectors() -> None:
    found = {site.kind: site.field_selectors() for site in load_sites().values()}
    assert [page["next"] for page in found["steps"]["pages"]] == ["button.next", "button.next"]
    assert found["steps"]["check"] == ["terms"]
    assert found["upload"]["upload"] == ["logo"]
    assert found["captcha"]["captcha"] == "#captcha"
    assert found["login"]["login"] == "#password"
    assert (found["code"]["code"], len(found["code"]["pages"])) == ("#code", 1)
    assert (found["popups"]["close"], found["popups"]["confirm"]) == (["#cookies-needed"], True)


def test_the_selects_know_every_seeded_customer() -> None:
    data = msgspec.json.decode((ROOT / "seed" / "customers.json").read_bytes())
    for customer in data["customers"]:
        assert customer["category"] in CATEGORIES
        assert customer["state"] in STATES
        assert customer["email"].endswith(".example")
        assert customer["website"].endswith(".example")
        digits = re.sub(r"[^0-9]", "", customer["phone"])
        assert digits == "" or "55501" in digits
