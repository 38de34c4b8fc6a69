"""The query language of read requests."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.local.gateway.errors import WireError
from services.local.gateway.query import (
    OPERATORS,
    Compare,
    Condition,
    Group,
    Order,
    Read,
    parse_filter,
    parse_order,
    parse_read,
    parse_select,
)
from services.local.gateway.statements import count_statement, read_statement

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in ("and", "or", "not"))
VALUES = st.text(max_size=20)


def _compare(name: str, operator: str, value: str, values: list[str], negated: bool) -> Compare:
    if operator == "in":
        return Compare(name, operator, tuple(values), negated)
    return Compare(name, operator, "null" if operator == "is" else value, negated)


COMPARES = st.builds(_compare, NAMES, st.sampled_from(OPERATORS), VALUES, st.lists(VALUES, max_size=3), st.booleans())
CONDITIONS = st.recursive(
    COMPARES,
    lambda inner: st.builds(
        Group, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    max_leaves=8,
)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _written(condition: Condition) -> str:
    negation = "not." if condition.negated else ""
    if isinstance(condition, Group):
        return f"{negation}{condition.kind}({','.join(map(_written, condition.parts))})"
    if isinstance(condition.value, tuple):
        value = f"({','.join(map(_quoted, condition.value))})"
    else:
        value = condition.value if condition.operator == "is" else _quoted(condition.value)
    return f"{condition.column}.{negation}{condition.operator}.{value}"


@settings(derandomize=True, max_examples=50)
@given(st.lists(CONDITIONS, min_size=1, max_size=3), st.sampled_from(["and", "or"]))
def test_what_is_written_is_read(conditions: list[Condition], kind: str) -> None:
    text = f"({','.join(map(_written, conditions))})"
    assert parse_filter(kind, text) == Group(kind, tuple(conditions))  # type: ignore[arg-type]
    assert parse_filter(f"not.{kind}", text) == Group(kind, tuple(conditions), True)  # type: ignore[arg-type]


NOISE = st.text(alphabet="abc.,()\"\\=%*' 01notinisqlr", max_size=40)


@settings(derandomize=True)
@given(st.lists(st.tuples(st.text(max_size=12), NOISE), max_size=4))
def test_any_text_is_a_request_or_refused_and_values_are_bound(pairs: list[tuple[str, str]]) -> None:
    try:
        read = parse_read(pairs)
    except WireError:
        return
    for statement, values in (read_statement("jobs", read, limit=10), count_statement("jobs", read)):
        assert statement.as_string().count("%s") == len(values)


@settings(derandomize=True)
@given(COMPARES)
def test_values_never_become_part_of_the_statement(compare: Compare) -> None:
    text = read_statement("jobs", Read(where=(compare,)), limit=10)[0].as_string()
    same = Compare(compare.column, compare.operator, compare.value, compare.negated)
    if compare.operator not in ("in", "is"):
        same = Compare(compare.column, compare.operator, "other", compare.negated)
    assert read_statement("jobs", Read(where=(same,)), limit=10)[0].as_string() == text


def test_a_keyset_page() -> None:
    condition = parse_filter("or", "(updated_at.gt.2026-01-02T03:04:05.678+00:00,and(updated_at.eq.T,id.gt.I))")
    assert condition == Group(
        "or",
        (
            Compare("updated_at", "gt", "2026-01-02T03:04:05.678+00:00"),
            Group("and", (Compare("updated_at", "eq", "T"), Compare("id", "gt", "I"))),
        ),
    )


def test_a_plain_filter_takes_its_value_as_it_is() -> None:
    assert parse_filter("name", 'eq."a",(b)') == Compare("name", "eq", '"a",(b)')
    assert parse_filter("name", 'not.in.(a,"b,c")') == Compare("name", "in", ("a", "b,c"), True)
    assert parse_filter("name", "in.()") == Compare("name", "in", ())
    assert parse_filter("name", "is.NULL") == Compare("name", "is", "null")


def test_select_and_order() -> None:
    assert parse_select("*") == ()
    assert parse_select("id, status") == ("id", "status")
    assert parse_order("a.desc.nullslast,b") == (Order("a", True, "last"), Order("b"))
    assert parse_read([("select", "id"), ("limit", "5"), ("offset", "2"), ("apikey", "k")]) == Read(
        ("id",), limit=5, offset=2
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "1"), ("id", "eq"), ("id", "fts.x"), ("id", "in.a"), ("id", "in.(a"), ("id", "in.(a)b"), ("id", "is.5"),
        ("a b", "eq.1"), ("data->x", "eq.1"), ("or", "a.eq.1"), ("or", "()"), ("or", "(a.eq.1"), ("or", "(a.eq.1)x"),
        ("or", "(a.eq)"), ("or", '(a.eq."x)'), ("or", "(a.is.5)"), ("or", "(" * 500), ("or", "(and" * 500),
        ("select", "id::text"), ("select", "id,"), ("order", "a.up"), ("limit", "-1"), ("offset", "x"),
    ],
)  # fmt: skip
def test_what_is_not_served_is_refused(key: str, value: str) -> None:
    with pytest.raises(WireError) as refused:
        parse_read([(key, value)])
    assert refused.value.body["code"] == "PGRST100"
