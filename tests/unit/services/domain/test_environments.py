"""What can be seen to be wrong of a project before anybody is asked."""

from __future__ import annotations

import base64
import json

import pytest

from services.domain.environments import Draft, is_loopback, is_secret_key, wrong_address, wrong_email, wrong_form

AT = "https://abcd.supabase.co"


def jwt(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2ln"


@pytest.mark.parametrize(
    "url", [AT, "https://db.example.com:8443/", "http://127.0.0.1:54321", "http://localhost:1", "http://[::1]:2"]
)
def test_an_address_that_can_be_asked(url: str) -> None:
    assert wrong_address(url) == ""


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("abcd.supabase.co", "no web address"),
        ("https://", "no web address"),
        ("https://[::1", "no web address"),
        ("https://a.example:99999999", "no web address"),
        ("ftp://a.example", "no web address"),
        ("https://a b.example", "no web address"),
        ("http://a.example", "https://"),
        ("https://me:word@a.example", "No name and no password"),
    ],
)
def test_an_address_that_can_not(url: str, words: str) -> None:
    assert words in wrong_address(url)


def test_keys_that_open_everything_are_known_in_both_forms() -> None:
    secret = ["sb_secret_abc", " sb_secret_abc ", jwt({"role": "service_role"}), jwt({"role": "supabase_admin"})]
    assert all(map(is_secret_key, secret))
    harmless = ["sb_publishable_abc", jwt({"role": "anon"}), jwt(["service_role"]), "a.b.c", "a.!.c", "", "a.YQ.b.c"]
    assert not any(map(is_secret_key, harmless))


def test_a_secret_key_is_for_the_local_profile_on_this_computer_only() -> None:
    secret = Draft(url="http://127.0.0.1:5", key="sb_secret_abc", kind="local")
    assert "key" not in wrong_form(secret)
    for other in (
        secret._replace(kind="staging"),
        secret._replace(url=AT),
        secret._replace(url=AT, kind="production", key=jwt({"role": "service_role"})),
    ):
        assert "must never be on a desktop" in wrong_form(other)["key"]


def test_a_form_says_all_that_is_wrong_and_nothing_of_what_is_empty() -> None:
    assert wrong_form(Draft()) == {}
    wrong = wrong_form(Draft(url="x", key="a b", email="desk-2", queue="http://q.example"))
    assert list(wrong) == ["url", "key", "email", "queue"]
    assert "Only a project on this computer" in wrong_form(Draft(url=AT, kind="local"))["url"]
    assert (
        wrong_form(
            Draft(url=AT, key="sb_publishable_a", email=" desk-2@directory-bolt.example ", queue="https://q.example/1")
        )
        == {}
    )


@pytest.mark.parametrize(("email", "well"), [("a@b.example", True), ("a@b", False), ("@b.example", False), ("", False)])
def test_the_form_of_an_e_mail_address(email: str, well: bool) -> None:
    assert (wrong_email(email) == "") is well


def test_what_is_no_address_is_no_place_on_this_computer() -> None:
    assert not is_loopback("https://[::1")
    assert is_loopback("http://localhost:80/x")


def test_a_password_is_never_written_out() -> None:
    assert "hush" not in repr(Draft(name="Main", url=AT, password="hush"))
