"""Which fields of a form hide what is typed, by their names and what their page says; keeps that out of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from playwright.async_api import Error, Page

from services.domain.plans import Step
from services.domain.typed import MASK, PLAIN, is_secret_field
from services.submission.events import Report
from services.submission.masking import Masking
from services.submission.outcome import Outcome

_SECONDS: Final = 1.0
_SAYS: Final = "e => ['type', 'name', 'id', 'autocomplete', 'placeholder', 'aria-label'].map(n => e.getAttribute(n))"


class SecretFields:
    """Of one run. `masking` hides what goes into secret fields, and what goes into a field that wasn't seen yet."""

    def __init__(self, plan: Sequence[Step]) -> None:
        self._hidden = [(index, step.value) for index, step in enumerate(plan) if step.value and _may_be_secret(step)]
        self._edited: set[int] = set()
        self._secret: set[int] = set()
        self._plain: list[int] = []
        self.masking = Masking(value for _, value in self._hidden)

    def edited(self, index: int, step: Step) -> None:
        """A person put another step there: the field that the plan meant is seen by nobody, and told to nobody."""
        self._edited.add(index)
        if step.value and _may_be_secret(step):
            self._hide([*self._hidden, (index, step.value)])

    async def note(self, page: Page, index: int, step: Step) -> None:
        """Call it once the step is done: only the page tells whether a field is one for passwords."""
        if step.action != "fill" or not step.value or is_secret_field(step.selector or ""):
            return
        if await _is_secret(page, step.selector or ""):
            self._secret.add(index)
            return
        if index not in self._edited and index not in self._plain:
            self._plain.append(index)
        self._hide([one for one in self._hidden if one != (index, step.value)])

    def _hide(self, hidden: list[tuple[int, str]]) -> None:
        self._hidden = hidden
        self.masking.mask(value for _, value in hidden)

    def reporting(self, report: Report) -> Report:
        """`report`, with the mask in place of what a step turned out to have put into a secret field."""

        def tell(event: dict[str, Any]) -> None:
            secret = event.get("kind") == "step" and event.get("index") in self._secret
            report({**event, "value": MASK} if secret else event)

        return tell

    def told(self, outcome: Outcome) -> Outcome:
        """The outcome without those values, and with the steps that filled no secret field."""
        text = self.masking.text
        return msgspec.structs.replace(
            outcome,
            reasons=[text(reason) for reason in outcome.reasons],
            error=outcome.error and text(outcome.error),
            response_log={
                **{name: self._masked(value) for name, value in outcome.response_log.items()},
                PLAIN: self._plain,
            },
        )

    def _masked(self, value: Any) -> Any:
        """A value that JSON can say; it is ours, and so of no great depth."""
        if isinstance(value, dict):
            return {name: self._masked(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._masked(inner) for inner in value]
        if not isinstance(value, str):
            return value
        return self.masking.url(value) if value.startswith(("http://", "https://")) else self.masking.text(value)


def _may_be_secret(step: Step) -> bool:
    # The value of any other step is a mark of the plan, such as that a sign-in is asked for.
    return step.action == "fill" or (step.action == "select" and is_secret_field(step.selector or ""))


async def _is_secret(page: Page, selector: str) -> bool:
    """By all that the field says of itself; also where it is gone by now."""
    try:
        said = await page.locator(selector).first.evaluate(_SAYS, timeout=_SECONDS * 1000)
    except Error:
        return True
    return not isinstance(said, list) or any(is_secret_field(str(one)) for one in said)
