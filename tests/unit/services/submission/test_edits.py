"""An edited plan still does the same, once, on the same site."""

from __future__ import annotations

import pytest

from services.domain.plans import Step
from services.domain.run_commands import EditStep
from services.submission.edits import EditRefused, edited

HOME = "https://places.example/add"
PLAN = [
    Step("goto", url=HOME),
    Step("click", selector="#cookies", value="close"),
    Step("fill", selector="#name", value="Blue Door"),
    Step("check", selector="#terms"),
    Step("wait", seconds=1),
    Step("wait", until="#ready"),
    Step("click", selector="#send"),
    Step("teleport"),
]


def edit(index: int, where: str | None = None, value: str | None = None) -> Step:
    return edited(PLAN, EditStep(index, where, value), submit=6, home=HOME)


def test_where_and_what_change_and_nothing_else() -> None:
    assert edit(0, "https://places.example/add?step=1") == Step("goto", url="https://places.example/add?step=1")
    assert edit(1, "#no") == Step("click", selector="#no", value="close")
    assert edit(2, " #shop ") == Step("fill", selector="#shop", value="Blue Door")
    assert edit(2, None, "Red") == Step("fill", selector="#name", value="Red")
    assert edit(5, "load") == Step("wait", until="load")
    assert edit(6, "#go") == Step("click", selector="#go")
    assert edit(3) == PLAN[3]


@pytest.mark.parametrize(
    "url",
    [
        "http://places.example/add", "https://evil.example/add", "https://places.example:8443/", "file:///etc/passwd",
        "javascript:alert(1)", "https://a@places.example/", "https://places.example.evil.example/", "/add", "https://[",
        "https://places.example/\nx", "http://169.254.169.254/", "https://places.example:x/",
    ],
)  # fmt: skip
def test_an_address_stays_on_its_site(url: str) -> None:
    with pytest.raises(EditRefused):
        edit(0, url)


@pytest.mark.parametrize(
    ("index", "where", "value", "why"),
    [
        (9, "#a", None, "no such step"),
        (-1, "#a", None, "no such step"),
        (2, "  ", None, "Say where"),
        (2, "#" * 1001, None, "Say where"),
        (2, None, "x" * 10_001, "10,000"),
        (1, "#send", None, "done once"),
        (1, None, "next", "Nothing goes in"),
        (6, None, "close", "Nothing goes in"),
        (4, "#a", None, "nowhere"),
        (7, "#a", None, "nowhere"),
    ],
)
def test_what_would_change_the_plan_is_refused(index: int, where: str | None, value: str | None, why: str) -> None:
    with pytest.raises(EditRefused, match=why):
        edit(index, where, value)
