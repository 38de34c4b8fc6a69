"""The practice directories as a browser and the control API's user see them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from services.local.practice.app import build_app
from services.local.practice.sites import load_sites
from tests.local_http import serve
from tests.unit.services.local.practice.conftest import Visitor

PLAIN, SELECT, STRICT = "localpages.localhost", "mapnook.localhost", "tradeboard.localhost"
GOOD = {"biz_name": "Harbor & Pine <Bakery>", "phone": "5035550142"}


def test_a_sent_form_leads_to_a_thank_you_page_and_a_listing(visitor: Visitor) -> None:
    answer = visitor.post(SELECT, GOOD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks?id=1")
    thanks = visitor.get(SELECT, "/thanks?id=1")
    assert thanks.status_code == 200
    assert "Thank you" in thanks.text
    assert "We have received your listing" in thanks.text
    assert 'href="/listing/1"' in thanks.text
    assert "<form" not in thanks.text
    assert "5035550142" in visitor.get(SELECT, "/listing/1").text
    assert 'href="/listing/1"' in visitor.get(SELECT, "/").text


def test_what_a_visitor_typed_is_never_markup(visitor: Visitor) -> None:
    evil = '"><script>alert(1)</script>'
    visitor.post(SELECT, dict.fromkeys(("biz_name", "phone", "street", "state", "cat", "about"), evil))
    pages = [visitor.get(SELECT, path).text for path in ("/thanks?id=1", "/listing/1", "/")]
    pages.append(visitor.post(STRICT, {"biz_name": evil, "phone": evil}).text)
    for page in pages:
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_strict_refuses_a_phone_that_is_not_ten_digits_and_keeps_what_was_typed(visitor: Visitor) -> None:
    for phone in ("+1 (555) 0142 ext. 7", "503555014", "50355501422", "", "５０３５５５０１４２"):
        answer = visitor.post(STRICT, {**GOOD, "phone": phone})
        assert answer.status_code == 422
        assert "Please enter digits only, 10 characters." in answer.text
        assert "Harbor &amp; Pine" in answer.text
    assert visitor.post(STRICT, GOOD).status_code == 303
    assert visitor.post(SELECT, {**GOOD, "phone": "anything"}).status_code == 303


def test_a_form_without_a_name_is_refused(visitor: Visitor) -> None:
    assert visitor.post(PLAIN, {"company": " "}).status_code == 422


def test_unknown_hosts_and_pages_are_not_found(visitor: Visitor) -> None:
    visitor.post(SELECT, GOOD)
    assert visitor.get("nobody.localhost", "/add").status_code == 404
    assert visitor.get("evil.example", "/_sites").status_code == 404
    for path in ("/nothing", "/listing/2", "/listing/x", "/thanks?id=", "/thanks?id=99999999999999999999"):
        assert visitor.get(SELECT, path).status_code == 404
    assert visitor.get(PLAIN, "/listing/1").status_code == 404
    assert visitor.post(SELECT, GOOD, "/").status_code == 405


def test_every_site_has_a_page_of_its_own_with_its_own_fields(visitor: Visitor) -> None:
    for site in load_sites().values():
        page = visitor.get(site.host, "/add").text
        assert f"<title>Add your business · {site.brand}</title>" in page
        for field in site.fields():
            assert f'id="{field.element_id}" name="{field.name}"' in page
        assert site.submit_attribute() in page
        # Loads without anything from elsewhere, and without a script.
        assert "<script" not in page
        assert "src=" not in page
        assert "http" not in page


def test_control_answers_on_the_bare_loopback_host_only(visitor: Visitor) -> None:
    assert len(visitor.client.get("/_sites").json()) >= 60
    assert visitor.client.get("/_sites", headers={"Host": "localhost:1"}).status_code == 200
    for path in ("/_sites", "/_log"):
        assert visitor.get(SELECT, path).status_code == 404
    refused = visitor.client.post("/_switch", json={"host": SELECT, "mode": "fail"}, headers={"Host": SELECT})
    assert refused.status_code == 405
    assert visitor.post(SELECT, GOOD).status_code == 303


def test_control_refuses_orders_that_make_no_sense(visitor: Visitor) -> None:
    assert visitor.switch("nobody.localhost", "fail").status_code == 404
    assert visitor.switch(SELECT, "explode").status_code == 400
    assert visitor.switch(SELECT, "slow", seconds=-1).status_code == 400
    assert visitor.switch(SELECT, "slow", color="red").status_code == 400
    assert visitor.client.get("/_log?since=now").status_code == 400
    # What a page in a browser could send without being asked.
    plain = visitor.client.post("/_switch", content=json.dumps({"host": SELECT, "mode": "fail"}))
    assert plain.status_code == 415


def test_fail_says_that_the_listing_was_not_accepted(visitor: Visitor) -> None:
    visitor.switch(SELECT, "fail")
    answer = visitor.post(SELECT, GOOD)
    assert answer.status_code == 200
    assert "was not accepted" in answer.text
    assert visitor.get(SELECT, "/listing/1").status_code == 404
    assert visitor.post(PLAIN, {"company": "A"}).status_code == 303


def test_drop_takes_the_form_in_and_hangs_up(visitor: Visitor) -> None:
    visitor.switch(SELECT, "drop")
    assert visitor.get(SELECT, "/add").status_code == 200
    with pytest.raises(httpx.TransportError):
        visitor.post(SELECT, GOOD)
    sent = visitor.log(SELECT)[-1]
    assert (sent["method"], sent["answer"], sent["form"], sent["listing"]) == ("POST", None, GOOD, 1)


def test_an_outage_answers_500_to_everything(visitor: Visitor) -> None:
    visitor.switch(SELECT, "error500")
    assert visitor.get(SELECT, "/add").status_code == 500
    assert visitor.post(SELECT, GOOD).status_code == 500
    visitor.switch(SELECT, "ok")
    assert visitor.post(SELECT, GOOD).status_code == 303


def test_slow_waits_before_it_answers(visitor: Visitor) -> None:
    visitor.switch(SELECT, "slow", seconds=0.3)
    began = time.monotonic()
    assert visitor.get(SELECT, "/add").status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_changed_form_has_lost_its_phone_field(visitor: Visitor) -> None:
    visitor.switch(SELECT, "changed")
    page = visitor.get(SELECT, "/add").text
    assert 'name="phone"' not in page
    assert 'id="biz-name"' in page


def test_the_log_tells_every_request(visitor: Visitor) -> None:
    before = time.time()
    visitor.get(PLAIN, "/add?from=tests")
    visitor.post(STRICT, {**GOOD, "phone": "x"})
    visitor.switch(PLAIN, "ok")
    first, second = visitor.log()
    assert before <= first["time"] <= second["time"] <= time.time()
    assert {**first, "time": 0} == {
        "time": 0, "host": PLAIN, "method": "GET", "path": "/add?from=tests", "form": {}, "answer": 200,
    }  # fmt: skip
    assert (second["form"]["phone"], second["answer"]) == ("x", 422)
    assert visitor.log(STRICT) == [second]
    assert visitor.log(since=second["time"]) == [second]


def test_log_listings_and_switches_outlive_the_process(visitor: Visitor, log_file: Path) -> None:
    visitor.post(SELECT, GOOD)
    visitor.switch(SELECT, "fail")
    with open(log_file, "ab") as torn:
        torn.write(b'{"time": 1, "host"')
    with serve(lambda _: build_app(log_file)) as origin:
        later = Visitor(origin)
        assert "5035550142" in later.get(SELECT, "/listing/1").text
        assert "was not accepted" in later.post(SELECT, GOOD).text
        assert later.post(PLAIN, {"company": "B"}).headers["location"] == "/thanks?id=2"
        assert [entry["answer"] for entry in later.log()] == [303, 200, 200, 303]
        later.client.close()
