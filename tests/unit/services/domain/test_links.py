"""An address from outside is opened only when it leads where it says."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.links import read_link

GOOD = {
    "https://yelp.example/biz/1?a=b#c": ("https://yelp.example/biz/1?a=b#c", "yelp.example"),
    " HTTP://Yelp.Example:8080/ ": ("http://yelp.example:8080/", "yelp.example:8080"),
    "https://bäcker.example/groß": ("https://xn--bcker-gra.example/gro%C3%9F", "xn--bcker-gra.example"),
    "https://аpple.example/": ("https://xn--pple-43d.example/", "xn--pple-43d.example"),
    "http://127.0.0.1:54321/add?name=a%20b": ("http://127.0.0.1:54321/add?name=a%20b", "127.0.0.1:54321"),
    "http://[::1]:80/": ("http://[::1]:80/", "[::1]:80"),
    "https://a_b.example": ("https://a_b.example", "a_b.example"),
}
BAD = {
    "": "http or https",
    "yelp.example": "http or https",
    "javascript:alert(1)": "http or https",
    "file:///etc/passwd": "http or https",
    "\\\\host\\share": "signs",
    "//host/share": "http or https",
    "https://good.example\\@evil.example": "signs",
    "https://good.example@evil.example/": "name or a password",
    "https://me:word@evil.example/": "name or a password",
    "https://exa\nmple.example": "signs",
    "https://exam\u202eple.example": "signs",
    "https://a b.example": "signs",
    "https:///path": "no web address",
    "https:path": "no web address",
    "https://a..b": "no web address",
    "https://-a.example": "no web address",
    "https://a%2eb": "no web address",
    "https://[::1": "no web address",
    "https://[zz]/": "no web address",
    "https://a:99999/": "no web address",
    "https://" + "ü" * 80: "no web address",
    "https://" + "a" * 3000: "too long",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_web_address_names_its_host(text: str) -> None:
    assert read_link(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_another_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=BAD[text]):
        read_link(text)


pieces = st.sampled_from(
    ["http", "https", "file", ":", "/", "//", "\\", "@", "?", "#", "[", "]", ".", "%", "evil.example", "good.example",
     "bäcker", "。", "／", "＠", "\t", "\u202e", ":80", "0x7f.1", "::1", "a"]
)  # fmt: skip


texts = st.one_of(st.text(), st.builds("".join, st.lists(pieces, max_size=9)))


@given(st.one_of(texts, st.builds("https://{}".format, texts)))
def test_whatever_is_let_through_leads_to_the_host_that_is_shown(text: str) -> None:
    try:
        link = read_link(text)
    except ValueError:
        return
    assert re.fullmatch(r"[!-~]+", link.url)
    read = urlsplit(link.url)
    assert read.scheme in ("http", "https")
    assert (read.netloc, read.username) == (link.host, None)
    assert read_link(link.url) == link
