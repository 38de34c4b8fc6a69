"""The evidence that a result's log keeps, read back."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.signs import Sign, Weighed, weighed

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["weight", "words", "kind"]), inner),
    max_leaves=9,
)


def test_signs_are_read_back_and_what_is_none_is_left_out() -> None:
    rows = [
        {"kind": "word", "weight": 3, "words": "page says “Thanks”"},
        7,
        {"weight": True, "words": "x"},
        {"words": "y"},
    ]
    found = weighed({"signs": rows, "score": 3, "doubt": "Counted\non little"})
    assert found == Weighed(3, (Sign("word", 3, "page says “Thanks”"),), "Counted on little")
    assert weighed({"signs": rows, "score": "many"}) == Weighed(3, (Sign("word", 3, "page says “Thanks”"),))


def test_a_log_without_signs_has_no_evidence() -> None:
    logs: list[dict[str, Any]] = [{}, {"signs": []}, {"signs": "none", "score": 3}, {"signs": [None]}]
    assert [weighed(log) for log in logs] == [None] * 4


@settings(derandomize=True, max_examples=200, deadline=None)
@given(_JSON, _JSON, _JSON)
def test_whatever_stands_in_a_log_is_read(signs: object, score: object, doubt: object) -> None:
    weighed({"signs": signs, "score": score, "doubt": doubt})
