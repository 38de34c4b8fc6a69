"""The practice directories as a browser and the control API's user see them."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import httpx
import pytest

from services.local.practice.app import build_app
from services.local.practice.sites import load_sites
from tests.leaks.logs import Logged
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
        if site.kind == "login":
            continue
        visitor.switch(site.host, "ok")
        page = visitor.get(site.host, "/add").text
        assert f"<title>Add your business · {site.brand}</title>" in page
        for field in site.pages()[0]:
            assert f'id="{field.element_id}" name="{field.name}"' in page
        if len(site.pages()) == 1:
            assert site.submit_attribute() in page
        # Loads without anything from elsewhere, and without a script unless that is its kind.
        assert ("<script" in page) == (site.kind == "popups")
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


def test_an_outage_now_and_then_starts_anew_with_its_switch(visitor: Visitor) -> None:
    def visits() -> list[int]:
        visitor.switch(SELECT, "sometimes500", share=0.5, seed=3)
        return [visitor.get(SELECT, "/add").status_code for _ in range(12)]

    first = visits()
    assert set(first) == {200, 500}
    assert visits() == first


@pytest.mark.parametrize("host", [PLAIN, SELECT])
@pytest.mark.parametrize("mode", ["changed", "renamed", "removed", "required"])
def test_a_form_that_drifted_still_takes_what_it_asks_for(visitor: Visitor, host: str, mode: str) -> None:
    visitor.switch(host, mode)
    site = load_sites()[host]
    before = {field.name for field in site.fields()}
    page = visitor.get(host, "/add").text
    names = set(re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', page))
    assert names != before
    fields = site.fields(mode)  # type: ignore[arg-type]
    assert names == {field.name for field in fields}
    name = next(field.name for field in fields if field.key == "business_name")
    if mode == "required":
        assert "required" in page
        assert visitor.post(host, {name: "Blue Door"}).status_code == 422
    assert visitor.post(host, {field.name: "Blue Door" for field in fields}).status_code == 303
    assert "Blue Door" in visitor.get(host, "/listing/1").text


def test_not_received_says_so_among_words_of_success(visitor: Visitor) -> None:
    host = next(site.host for site in load_sites().values() if site.mode == "not_received")
    page = visitor.post(host, {"company": "Blue Door"})
    assert page.status_code == 200
    for word in ("was not received", "Success", "Thank you", "Submitted"):
        assert word in page.text
    assert not any("listing" in entry for entry in visitor.log(host))
    visitor.switch(host, "ok")
    assert visitor.post(host, {"company": "Blue Door"}).status_code == 303


def test_drafts_are_taken_in_that_mode_only(visitor: Visitor) -> None:
    assert visitor.post(SELECT, GOOD, "/draft").status_code == 405
    visitor.switch(SELECT, "autosave")
    assert "fetch('/draft'" in visitor.get(SELECT, "/add").text
    assert visitor.post(SELECT, GOOD, "/draft").status_code == 204
    assert visitor.log(SELECT)[-1]["form"] == GOOD


def test_any_directory_can_ask_for_a_captcha(visitor: Visitor) -> None:
    visitor.switch(SELECT, "captcha")
    assert "/captcha.png" in visitor.get(SELECT, "/add").text
    assert visitor.post(SELECT, GOOD).status_code == 422


def test_a_restless_page_never_ends_and_keeps_nobody_from_ending(log_file: Path) -> None:
    with serve(lambda _: build_app(log_file)) as origin:
        visitor = Visitor(origin)
        assert visitor.get(SELECT, "/live").status_code == 404
        visitor.switch(SELECT, "restless")
        assert "fetch('/live')" in visitor.get(SELECT, "/add").text
        stream = visitor.client.send(
            visitor.client.build_request("GET", "/live", headers={"Host": SELECT}), stream=True
        )
        assert next(stream.iter_text()) == "still here\n"
        assert visitor.log(SELECT)[-1]["answer"] == 200
    # Left without a time-out of the server: the answer ended with it.
    stream.close()
    visitor.client.close()


def test_forms_that_no_browser_sends_do_no_harm(visitor: Visitor) -> None:
    for kind, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: nonsense\r\n\r\n"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"a=b"),
        ("application/json", b"{"),
    ):
        answer = visitor.client.post("/add", content=body, headers={"Host": SELECT, "Content-Type": kind})
        assert 400 <= answer.status_code < 500, (kind, answer.status_code)
    assert visitor.post(SELECT, {"biz_name": "\0\ud7ff" + "x" * 900_000}).status_code == 303
    assert len(visitor.log(SELECT)[-1]["form"]["biz_name"]) == 4000
    assert visitor.post(SELECT, {"biz_name": "x" * 1_200_000}).status_code == 413


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


def test_log_listings_and_switches_outlive_the_process(visitor: Visitor, log_file: Path, logged: Logged) -> None:
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
    assert len(logged.take_every("A line of the request log can't be read")) == 2
