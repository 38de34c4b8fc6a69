"""Which fields of a form hide what is typed, by their names and what their page says; keeps that out of words."""

from __future__ import annotations

import asyncio
import contextlib
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
_ALL_SAY: Final = """selectors => selectors.map(s => {
  try {
    const e = document.querySelector(s), names = ['type', 'name', 'id', 'autocomplete', 'placeholder', 'aria-label'];
    return e && names.map(n => e.getAttribute(n));
  } catch { return null; }
})"""
_SAYS: Final = "e => ['type', 'name', 'id', 'autocomplete', 'placeholder', 'aria-label'].map(n => e.getAttribute(n))"


class SecretFields:
    """Of one run. `masking` hides what goes into secret fields, and what goes into a field that wasn't seen yet."""

    def __init__(self, plan: Sequence[Step]) -> None:
        self._hidden = [(index, step.value) for index, step in enumerate(plan) if step.value and _may_be_secret(step)]
        self._edited: set[int] = set()
        self._secret: set[int] = set()
        self._plain: list[int] = []
        self._unseen: dict[int, Step] = {}
        self._told: dict[int, dict[str, Any]] = {}
        self._report: Report = lambda _: None
        self.masking = Masking(value for _, value in self._hidden)

    def edited(self, index: int, step: Step) -> None:
        """A person put another step there: the field that the plan meant is seen by nobody, and told to nobody."""
        self._edited.add(index)
        if step.value and _may_be_secret(step):
            self._hide([*self._hidden, (index, step.value)])

    async def will_fill(self, index: int, step: Step, page: Page, seconds: float) -> None:
        """Look at the field of a step before it is filled, for when what a page sends meanwhile is told at once."""
        if not _is_open(step):
            return
        with contextlib.suppress(Error):
            await page.locator(step.selector or "").first.wait_for(state="attached", timeout=seconds * 1000)
            self._unseen[index] = step
            await self.see(page)

    def done(self, index: int, step: Step) -> None:
        """A step is done: what it typed stays hidden until `see`, unless its field was seen."""
        if _is_open(step):
            self._unseen[index] = step

    async def see(self, page: Page) -> None:
        """Look at the fields that were filled since the last look: only the page tells whether one is for passwords.

        Call it before the page is left. All at once: asked one by one, they cost as much as filling them.
        """
        unseen, self._unseen = self._unseen, {}
        secret = await _secret_ones(page, [step.selector or "" for step in unseen.values()]) if unseen else []
        for (index, step), is_secret in zip(unseen.items(), secret, strict=True):
            if is_secret:
                self._secret.add(index)
                if (index, step.value) not in self._hidden:
                    self._hide([*self._hidden, (index, step.value or "")])
                if index in self._told:
                    self._report(self._told[index])
                continue
            if index not in self._edited and index not in self._plain:
                self._plain.append(index)
            self._hide([one for one in self._hidden if one != (index, step.value)])

    def _hide(self, hidden: list[tuple[int, str]]) -> None:
        self._hidden = hidden
        self.masking.mask(value for _, value in hidden)

    def reporting(self, report: Report) -> Report:
        """`report`, with the mask in place of what a step turned out to have put into a secret field: a step that was
        told before that was seen is told again."""

        def tell(event: dict[str, Any]) -> None:
            if event.get("kind") == "step":
                self._told[event["index"]] = event
                event = {**event, "value": MASK} if event["index"] in self._secret else event
            report(event)

        self._report = tell
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


def _is_open(step: Step) -> bool:
    """Whether its field may hide what is typed, for all that its name says."""
    return step.action == "fill" and bool(step.value) and not is_secret_field(step.selector or "")


def _may_be_secret(step: Step) -> bool:
    # The value of any other step is a mark of the plan, such as that a sign-in is asked for.
    return step.action == "fill" or (step.action == "select" and is_secret_field(step.selector or ""))


async def _secret_ones(page: Page, selectors: Sequence[str]) -> list[bool]:
    """Of each field whether it is secret, by all that it says of itself; also where it is gone by now."""
    found: Any = None
    with contextlib.suppress(Error, TimeoutError):
        async with asyncio.timeout(_SECONDS):
            found = await page.evaluate(_ALL_SAY, list(selectors))
    said = found if isinstance(found, list) and len(found) == len(selectors) else [None] * len(selectors)
    # What plain CSS doesn't find may be found in the browser's driver's own way.
    return await asyncio.gather(
        *(_is_secret(page, selector, one) for selector, one in zip(selectors, said, strict=True))
    )


async def _is_secret(page: Page, selector: str, said: object) -> bool:
    if not isinstance(said, list):
        try:
            said = await page.locator(selector).first.evaluate(_SAYS, timeout=_SECONDS * 1000)
        except Error:
            return True
    return not isinstance(said, list) or any(is_secret_field(str(one)) for one in said)
