"""The language of the search box says what it means, and errors name the field."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models.query import QueryProblem, Test
from app.models.query_offers import offers
from app.store.lines import JobLine
from services.domain.diagnosis import Diagnosis
from widgets.pages.jobs.fields import job_fields, job_query, picking

NOW = 1_780_000_000.0
FIELDS = job_fields(lambda: NOW, lambda: ["mapnook.example", "yellow leaf"])
LINES = {
    "a": JobLine(
        "a", folded="ash books", status="failed", package="starter", failed=3, done=5, total=10, created_at=NOW - 60,
        current="mapnook.example", diagnosis=Diagnosis("No success since noon"),
    ),
    "b": JobLine(
        "b", folded="birch yoga\nhello@birch.example", status="failed", package="growth", created_at=NOW - 9000
    ),
    "c": JobLine("c", folded="cedar books", status="pending", package="starter", submitted=12, created_at=NOW - 99999),
    "d": JobLine("d", folded="dogwood 2:1 and or", status="in_progress", last_event_at=NOW - 700, unknown=1),
}  # fmt: skip


def found(text: str) -> str:
    accepts = job_query(text, FIELDS).accepts
    return "".join(key for key, line in LINES.items() if accepts is None or accepts(line))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", "abcd"), ("   ", "abcd"), ("books", "ac"), ("BOOKS ash", "a"), ('"ash books"', "a"), ('"books ash"', ""),
        ("status:failed", "ab"), ("status:Failed package:starter", "a"), ("status:failed AND package:growth", "b"),
        ("status:pending OR status:running", "cd"), ("books OR yoga status:pending", "ac"),
        ("(books OR yoga) status:failed", "ab"), ("NOT books", "bd"), ("-books", "bd"), ("NOT (books OR yoga)", "d"),
        ("-status:failed", "cd"), ("dir:nook", "a"), ('directory:"mapnook.example"', "a"), ("age:>2h", "bc"),
        ("age:2h", "bc"), ("created:<1h", "a"), ("age:>1d", "c"), ("silent:>10m", "d"), ("failed:>2", "a"),
        ("ok:12", "c"), ("ok:>=12 ok:<=12", "c"), ("unknown:1", "d"), ("done:<50", "bcd"), ("done:50%", "a"),
        ("customer:ash", "a"), ('diagnosis:"no success"', "a"), ("hello@birch.example", "b"), ('"2:1"', "d"),
        ("books OR yoga OR dogwood", "abcd"), ("books -ash -birch", "c"), ('"and or"', "d"), ("and", "d"),
        ("() books", "ac"), ("silent:<1h", "d"),
    ],
)  # fmt: skip
def test_what_a_query_finds(text: str, keys: str) -> None:
    assert found(text) == keys


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("status:done", "status: “done” is not one of pending, in_progress, completed, failed, paused, cancelled."),
        ("colour:red", "There is no field “colour”. Fields are status, dir,"),
        ("age:old", "age: “old” is not a time such as >2h, <30m or >3d."),
        ("age:=2h", "age: “=2h” is not a time"), ("age:5", "age: “5” is not a time"),
        ("failed:many", "failed: “many” is not a number such as 5, >10 or <=3."), ("ok:5h", "ok: “5h” is not a number"),
        ("status:", "status: needs a status."), ('dir:""', "dir: needs a directory"),
        ("(books", "A bracket is not closed."), ("books)", "A bracket is closed that was never opened."),
        ("books OR", "OR needs something on both sides."), ("OR books", "OR needs something on both sides."),
        ("books AND", "AND needs something after it."), ("AND books", "AND needs something before it."),
        ("books NOT", "NOT needs something after it."), ("(" * 60, "There are too many brackets within brackets."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, sentence: str) -> None:
    with pytest.raises(QueryProblem) as raised:
        job_query(text, FIELDS)
    assert str(raised.value).startswith(sentence)


trees = st.recursive(
    st.sampled_from(["status:failed", "package:starter", "books", '"birch yoga"', "unknown:>0"]).map(
        lambda leaf: (leaf,)
    ),
    lambda inner: (
        st.tuples(st.just("NOT"), inner)
        | st.tuples(st.sampled_from(["AND", "OR", ""]), st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=12,
)


def written(tree: tuple[object, ...]) -> str:
    if len(tree) == 1:
        return str(tree[0])
    kind, inner = tree
    if kind == "NOT":
        return f"NOT ({written(inner)})"  # type: ignore[arg-type]
    return "(" + f" {kind} ".join(map(written, inner)) + ")"  # type: ignore[call-overload]


def true_of(tree: tuple[object, ...], leaf_true: dict[str, bool]) -> bool:
    if len(tree) == 1:
        return leaf_true[str(tree[0])]
    kind, inner = tree
    if kind == "NOT":
        return not true_of(inner, leaf_true)  # type: ignore[arg-type]
    truths = [true_of(one, leaf_true) for one in inner]  # type: ignore[attr-defined]
    return any(truths) if kind == "OR" else all(truths)


@given(trees, st.sampled_from(["all", "failed", "unknown"]))
def test_any_query_means_what_its_parts_mean_however_it_is_asked(tree: tuple[object, ...], tab: str) -> None:
    query = job_query(written(tree), FIELDS)
    accepts, pick = picking(tab, query)
    assert accepts is not None
    assert pick is not None
    lines = [*LINES.values(), None]
    wanted = []
    for place, line in enumerate(lines[:-1]):
        assert line is not None
        leaf_true = {
            "status:failed": line.status == "failed", "package:starter": line.package == "starter",
            "books": "books" in line.folded, '"birch yoga"': "birch yoga" in line.folded,
            "unknown:>0": line.unknown > 0,
        }  # fmt: skip
        in_tab = tab == "all" or line.status == tab or (tab == "unknown" and line.unknown > 0)
        if in_tab and true_of(tree, leaf_true):
            wanted.append(place)
        assert accepts(line) == (in_tab and true_of(tree, leaf_true))
    assert pick(lines) == wanted


@given(st.text(alphabet='ab:"()-<> \\ANDORT2h', max_size=40))
def test_any_text_is_a_query_or_says_what_is_wrong(text: str) -> None:
    test: Test | None = None
    with contextlib.suppress(QueryProblem):
        test = job_query(text, FIELDS).accepts
    for line in LINES.values():
        assert test is None or test(line) in (True, False)


@pytest.mark.parametrize(
    ("before", "taken"),
    [
        ("st", ["status:"]), ("books (pa", ["books (package:"]), ("-st", ["-status:"]),
        ("status:fa", ["status:failed "]),
        ("status:failed", []), ("status:p", ["status:pending ", "status:paused ", "status:in_progress "]),
        ("dir:leaf", ['dir:"yellow leaf" ']), ('dir:"yellow', ['dir:"yellow leaf" ']),
        ("package:gr", ["package:growth "]),
        ('"st', []), ("nothing:a", []), ("", []), ("status:failed ", []), ("x1", []),
    ],
)  # fmt: skip
def test_what_can_be_typed_next(before: str, taken: list[str]) -> None:
    found = [before[: offer.start] + offer.text for offer in offers(before, FIELDS)]
    assert found[:3] == taken


def test_a_query_on_ages_says_that_it_goes_on_changing() -> None:
    assert job_query("age:>2h", FIELDS).clock
    assert not job_query("failed:>2", FIELDS).clock
    assert job_query("age:>2h", job_fields(time.time)).accepts is not None
