"""How a step is told to staff."""

from __future__ import annotations

from services.domain.plans import Step
from services.submission.steps import described


def test_a_step_is_told_in_words_with_its_selector() -> None:
    told = described(Step("fill", selector="input[name=phone]", value="2125550123"))
    assert told == {"action": "fill", "words": "Fill the phone", "detail": "input[name=phone]", "value": "2125550123"}


def test_a_secret_value_is_masked() -> None:
    assert described(Step("fill", selector="#password", value="hunter2"))["value"] == "•••"


def test_hostile_text_becomes_one_short_line() -> None:
    told = described(Step("x" * 5000, url="y", selector="a\nb\u202ec" * 500))
    assert len(told["action"]) <= 40
    assert "\n" not in told["detail"]
    assert "\u202e" not in told["detail"]
    assert len(told["detail"]) <= 300
