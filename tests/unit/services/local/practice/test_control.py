"""The control site: what people see and set, and who else may not."""

from __future__ import annotations

import re

import httpx
import pytest

from services.local.practice.sites import load_sites
from services.local.practice.switches import MODE_WORDS, MODES, Switch
from tests.unit.services.local.practice.conftest import Visitor

HOST = "memberlist.localhost"
EVIL = '"><script>alert(1)</script>'


def press(visitor: Visitor, order: dict[str, str], **headers: str) -> httpx.Response:
    """What a browser sends when "Set" is pressed on a page of the control site."""
    origin = str(visitor.client.base_url).rstrip("/")
    return visitor.client.post("/switch", data=order, headers={"Origin": origin, **headers})


def test_the_overview_names_every_directory_with_its_switch(visitor: Visitor) -> None:
    answer = visitor.client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    for site in load_sites().values():
        assert f'href="/directory/{site.host}"' in answer.text
        assert f'id="{site.host}"' in answer.text
    assert answer.text.count("<form") == len(load_sites())
    assert "<script" not in answer.text
    assert re.findall(r'(?:src|href)="(?!/|#|data:|http://[a-z]+\.localhost:\d+/")', answer.text) == []
    assert "prefers-color-scheme:dark" in answer.text


def test_a_person_sets_a_switch(visitor: Visitor) -> None:
    for mode in MODES:
        answer = press(visitor, {"host": HOST, "mode": mode})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/?changed={HOST}#{HOST}")
        state = next(site for site in visitor.client.get("/_sites").json() if site["host"] == HOST)
        assert state["mode"] == mode
    page = visitor.client.get(f"/?changed={HOST}").text
    assert f'id="{HOST}" class="misbehaves changed"' in page
    back = press(visitor, {"host": HOST, "mode": "slow", "seconds": "0.5", "back": "directory"})
    assert back.headers["location"] == f"/directory/{HOST}"
    assert 'value="0.5"' in visitor.client.get(back.headers["location"]).text


def test_what_a_form_does_not_ask_for_stays(visitor: Visitor) -> None:
    visitor.switch(HOST, "sometimes500", share=0.9, seed=7)
    press(visitor, {"host": HOST, "mode": "sometimes500"})
    state = next(site for site in visitor.client.get("/_sites").json() if site["host"] == HOST)
    assert (state["share"], state["seed"]) == (0.9, 7)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{HOST}:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Host": "rebound.example"},
    ],
)
def test_no_page_of_another_site_can_set_a_switch(visitor: Visitor, headers: dict[str, str]) -> None:
    assert press(visitor, {"host": HOST, "mode": "fail"}, **headers).status_code in (403, 404)
    json_too = visitor.client.post("/_switch", json={"host": HOST, "mode": "fail"}, headers=headers)
    assert json_too.status_code in (403, 404, 415)
    assert visitor.client.post("/switch", data={"host": HOST, "mode": "fail"}).status_code == 403, "without an origin"
    state = next(site for site in visitor.client.get("/_sites").json() if site["host"] == HOST)
    assert state["mode"] == "ok"


def test_orders_that_make_no_sense_are_refused(visitor: Visitor) -> None:
    assert press(visitor, {"host": "nobody.localhost", "mode": "ok"}).status_code == 404
    assert press(visitor, {"host": HOST, "mode": "explode"}).status_code == 400
    assert press(visitor, {"host": HOST, "mode": "slow", "seconds": "soon"}).status_code == 400
    assert visitor.switch(HOST, "sometimes500", share=2).status_code == 400
    assert visitor.client.get("/directory/nobody.localhost").status_code == 404
    assert visitor.client.delete("/").status_code == 404


def test_a_directory_shows_its_requests_and_listings_as_plain_text(visitor: Visitor) -> None:
    host = "mapnook.localhost"
    assert "Nobody has been here yet." in visitor.client.get(f"/directory/{host}").text
    visitor.post(host, {"biz_name": EVIL, EVIL: EVIL})
    visitor.get(host, "/x?" + "y" * 100)
    for path in ("/", f"/directory/{host}", "/mail"):
        assert "<script" not in visitor.client.get(path).text
    page = visitor.client.get(f"/directory/{host}").text
    assert page.count("&lt;script&gt;") == 4
    assert "POST /add" in page
    assert "No business has been added yet." not in page
    assert "No e-mail has been sent." in visitor.client.get("/mail").text


def test_every_mode_has_words() -> None:
    assert set(MODE_WORDS) == set(MODES)


def test_errors_now_and_then_come_from_the_seed() -> None:
    switch = Switch(mode="sometimes500", share=0.3, seed=4)
    broken = [switch.breaks("a.localhost", visit) for visit in range(1000)]
    assert broken == [switch.breaks("a.localhost", visit) for visit in range(1000)]
    assert 250 < sum(broken) < 350
    assert broken != [Switch(mode="sometimes500", seed=5).breaks("a.localhost", visit) for visit in range(1000)]
    assert broken != [switch.breaks("b.localhost", visit) for visit in range(1000)]
    assert not any(Switch(mode="sometimes500", share=0).breaks("a.localhost", visit) for visit in range(50))
