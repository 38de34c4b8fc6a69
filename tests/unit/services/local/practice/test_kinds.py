"""Each kind of practice directory, as a visitor meets it."""

from __future__ import annotations

import random
import re

import pytest

from services.domain.png import encode_png
from services.local.practice import captcha
from services.local.practice.reception import picture_kind
from services.local.practice.sites import Kind, Site, load_sites
from tests.unit.services.local.practice.conftest import Visitor

EVIL = '"><script>alert(1)</script>'
PICTURE = encode_png(2, 2, bytes(4))


def site_of(kind: Kind) -> Site:
    return next(site for site in load_sites().values() if site.kind == kind)


def values(site: Site, page: int = 0, **more: str) -> dict[str, str]:
    """A filled page of a form, by the page's own field names."""
    known = {"business_name": "Blue Door", "phone": "2125550123", "email": "hello@bluedoor.example", "terms": "yes"}
    known |= more
    return {field.name: known.get(field.key, "x") for field in site.pages()[page] if field.control != "file"}


def test_three_pages_become_one_listing(visitor: Visitor) -> None:
    site = site_of("steps")
    assert "Step <b>1</b> of 3" in visitor.get(site.host, "/add").text
    for page in (0, 1):
        answer = visitor.post(site.host, values(site, page, address=EVIL), f"/add/{page + 1}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/add/{page + 2}")
    back = visitor.get(site.host, "/add/2").text
    assert "&lt;script&gt;" in back
    assert "<script" not in back
    assert visitor.post(site.host, values(site, 2)).headers["location"] == "/thanks?id=1"
    listing = visitor.get(site.host, "/listing/1").text
    for text in ("Blue Door", "2125550123", "&lt;script&gt;"):
        assert text in listing
    assert visitor.log(site.host)[-2]["listed"]["business_name"] == "Blue Door"


def test_no_page_can_be_left_out(visitor: Visitor) -> None:
    site = site_of("steps")
    assert visitor.get(site.host, "/add/3").headers["location"] == "/add"
    assert visitor.post(site.host, values(site, 2)).status_code == 409
    visitor.post(site.host, values(site), "/add/1")
    assert visitor.post(site.host, values(site, 2)).status_code == 409
    assert visitor.post(site.host, values(site, 1), "/add/4").status_code == 405
    assert visitor.get(site.host, "/add/4").status_code == 404
    assert not any(entry.get("listing") for entry in visitor.log(site.host))


def test_a_visit_belongs_to_one_site_and_ends_with_its_listing(visitor: Visitor) -> None:
    first, second = [site for site in load_sites().values() if site.kind == "steps"][:2]
    visitor.post(first.host, values(first), "/add/1")
    assert visitor.get(second.host, "/add/2").status_code == 303
    visitor.client.cookies.clear()
    visitor.post(first.host, values(first), "/add/1")
    visitor.post(first.host, values(first, 1), "/add/2")
    assert visitor.post(first.host, values(first, 2)).headers["location"] == "/thanks?id=1"
    assert visitor.post(first.host, values(first, 2)).status_code == 409


def test_the_box_and_the_name_are_asked_for_on_their_pages(visitor: Visitor) -> None:
    site = site_of("steps")
    assert visitor.post(site.host, values(site, business_name=" "), "/add/1").status_code == 422
    visitor.post(site.host, values(site), "/add/1")
    visitor.post(site.host, values(site, 1), "/add/2")
    answer = visitor.post(site.host, values(site, 2, terms=""))
    assert answer.status_code == 422
    assert "Please tick this box." in answer.text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Please add a logo"),
        (b"<svg onload=alert(1)>", "not a PNG, JPEG, GIF or WebP"),
        (PICTURE + bytes(600_000), "larger than 512 kB"),
    ],
)
def test_what_is_no_picture_is_refused(visitor: Visitor, data: bytes, words: str) -> None:
    site = site_of("upload")
    logo = next(field.name for field in site.fields() if field.control == "file")
    answer = visitor.client.post(
        "/add", data=values(site), files={logo: ("logo.png", data)}, headers={"Host": site.host}
    )
    assert answer.status_code == 422
    assert words in answer.text


def test_a_logo_is_kept_and_shown(visitor: Visitor) -> None:
    site = site_of("upload")
    logo = next(field.name for field in site.fields() if field.control == "file")
    answer = visitor.client.post(
        "/add", data=values(site), files={logo: ("../../logo.png", PICTURE)}, headers={"Host": site.host}
    )
    assert answer.headers["location"] == "/thanks?id=1"
    shown = visitor.get(site.host, "/listing/1/picture")
    assert (shown.content, shown.headers["content-type"]) == (PICTURE, "image/png")
    assert 'src="/listing/1/picture"' in visitor.get(site.host, "/listing/1").text
    assert visitor.log(site.host)[0]["form"][logo] == f"{len(PICTURE)} bytes"
    assert visitor.get(site.host, "/listing/2/picture").status_code == 404


@pytest.mark.parametrize("start", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\n\n\0\0WEBPVP8"])
def test_pictures_are_known_by_their_first_bytes(start: bytes) -> None:
    assert picture_kind(start + b"rest") is not None
    assert picture_kind(b" " + start) is None


def test_a_captcha_can_be_read_in_its_picture_only(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    real = captcha.draw

    def watched(text: str, chance: random.Random) -> bytes:
        drawn.append(text)
        return real(text, chance)

    monkeypatch.setattr(captcha, "draw", watched)
    site = site_of("captcha")
    assert visitor.get(site.host, "/captcha.png").status_code == 404
    page = visitor.get(site.host, "/add").text
    assert visitor.get(site.host, "/captcha.png").content.startswith(b"\x89PNG")
    assert drawn[0] not in page
    wrong = visitor.post(site.host, {**values(site), "captcha": "ZZZZZ"})
    assert wrong.status_code == 422
    assert "not the letters" in wrong.text
    assert visitor.post(site.host, {**values(site), "captcha": drawn[0]}).status_code == 422, "each picture counts once"
    visitor.get(site.host, "/captcha.png")
    assert visitor.post(site.host, {**values(site), "captcha": drawn[-1].lower()}).status_code == 303
    visitor.client.cookies.clear()
    assert visitor.post(site.host, {**values(site), "captcha": ""}).status_code == 422


def test_the_same_letters_are_drawn_in_many_ways() -> None:
    first, second = (captcha.draw("KMR4T", random.Random(seed)) for seed in (1, 2))
    assert first != second
    assert first == captcha.draw("KMR4T", random.Random(1))
    texts = {captcha.new_text(random.Random(seed)) for seed in range(200)}
    assert len(texts) > 190
    assert all(re.fullmatch(r"[A-Z347]{5}", text) for text in texts)


def test_only_members_reach_the_form(visitor: Visitor) -> None:
    site = site_of("login")
    assert visitor.get(site.host, "/add").headers["location"] == "/sign-in"
    assert visitor.post(site.host, values(site)).headers["location"] == "/sign-in"
    assert 'type="password"' in visitor.get(site.host, "/sign-in").text
    account = {"email": "Desk@bluedoor.example", "password": "correct horse"}
    assert visitor.post(site.host, account, "/sign-in").status_code == 422
    for bad in ({**account, "email": "desk"}, {**account, "password": "short"}):
        assert visitor.post(site.host, bad, "/sign-up").status_code == 422
    assert visitor.post(site.host, account, "/sign-up").headers["location"] == "/add"
    assert "has an account already" in visitor.post(site.host, account, "/sign-up").text
    visitor.client.cookies.clear()
    wrong = visitor.post(site.host, {"email": EVIL, "password": "correct horse"}, "/sign-in")
    assert "&lt;script&gt;" in wrong.text
    lower = {**account, "email": account["email"].lower()}
    assert visitor.post(site.host, lower, "/sign-in").headers["location"] == "/add"
    for number in (1, 2):
        assert "<form" in visitor.get(site.host, "/add").text
        assert visitor.post(site.host, values(site)).headers["location"] == f"/thanks?id={number}"
    sent = [entry["form"] for entry in visitor.log(site.host) if entry["path"].startswith("/sign")]
    assert "correct horse" not in str(sent)


def test_a_code_is_sent_and_has_to_come_back(visitor: Visitor) -> None:
    site = site_of("code")
    assert visitor.post(site.host, values(site, email="nobody"), "/add/1").status_code == 422
    assert visitor.client.get("/_mail").json() == []
    assert visitor.post(site.host, values(site), "/add/1").headers["location"] == "/add/2"
    [mail] = visitor.client.get("/_mail").json()
    assert (mail["host"], mail["to"]) == (site.host, "hello@bluedoor.example")
    code = re.findall(r"\d{6}", mail["text"])[0]
    assert code in visitor.client.get("/mail").text
    page = visitor.get(site.host, "/add/2").text
    assert 'name="code"' in page
    assert code not in page
    assert visitor.post(site.host, {"code": "12"}).status_code == 422
    assert visitor.post(site.host, {"code": f" {code} "}).headers["location"] == "/thanks?id=1"
    assert "Blue Door" in visitor.get(site.host, "/listing/1").text


def test_a_code_cannot_be_guessed(visitor: Visitor) -> None:
    site = site_of("code")
    visitor.post(site.host, values(site), "/add/1")
    code = re.findall(r"\d{6}", visitor.client.get("/_mail").json()[0]["text"])[0]
    for _ in range(5):
        visitor.post(site.host, {"code": "none"})
    assert "Too many wrong codes" in visitor.post(site.host, {"code": code}).text


def test_pop_ups_come_with_an_offer(visitor: Visitor) -> None:
    site = site_of("popups")
    page = visitor.get(site.host, "/add").text
    assert all(word in page for word in ("window.open", "alert(", "confirm(", "beforeunload", 'id="cookies-needed"'))
    assert visitor.get(site.host, "/offer").status_code == 200
    assert visitor.get(site_of("plain").host, "/offer").status_code == 404
