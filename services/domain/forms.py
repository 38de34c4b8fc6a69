"""A directory's form as a run saw it: its fields, and how two sights of it differ, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from services.domain.text import one_line

_MOST_FIELDS: Final = 80
_MOST_OPTIONS: Final = 60
_KINDS: Final = {
    "select": "a list", "checkbox": "a box to tick", "radio": "a choice", "file": "a file", "textarea": "a long text",
    "email": "an e-mail address", "tel": "a phone number", "url": "a web address", "number": "a number",
    "date": "a date", "password": "a password",
}  # fmt: skip


class FormField(msgspec.Struct, frozen=True):
    """One field. `key`: its name on the page, else its id; `kind`: select, textarea, checkbox, or an input's type.

    `selector` finds it; `page` counts from 0 where the form has several.
    """

    key: str
    label: str = ""
    kind: str = "text"
    required: bool = False
    options: tuple[str, ...] = ()
    selector: str = ""
    page: int = 0

    @property
    def words(self) -> str:
        """What staff call it."""
        return f"“{self.label or self.key}”"


class Form(msgspec.Struct, frozen=True):
    """The pages of a form that were seen. `whole`: its last one was. `used`: selectors of the plan with the key of the
    field that each finds, "" for none."""

    fields: tuple[FormField, ...] = ()
    captcha: bool = False
    whole: bool = False
    used: tuple[tuple[str, str], ...] = ()

    def pages(self) -> set[int]:
        """The pages that have fields here."""
        return {field.page for field in self.fields}


class Difference(msgspec.Struct, frozen=True):
    """One way in which the form is another. `serious`: a plan made for the old form may fail on it."""

    words: str
    serious: bool


def form_of(value: object) -> Form | None:
    """The form in a log or a row; None for what is none. Never raises."""
    rows = value.get("fields") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(rows, list):
        return None
    fields = [field for row in rows[:_MOST_FIELDS] if (field := _field(row)) is not None]
    used = value.get("used")
    pairs = [
        (one_line(pair[0], 300), one_line(pair[1], 120))
        for pair in (used if isinstance(used, list) else [])[:_MOST_FIELDS]
        if isinstance(pair, list) and len(pair) == 2
    ]
    whole, captcha = value.get("whole") is True, value.get("captcha") is True
    return Form(tuple(fields), captcha, whole, tuple(pairs)) if fields else None


def differences(before: Form, now: Form) -> list[Difference]:
    """How the form differs, in the order of its fields now; only pages that both have seen are compared."""
    both = before.pages() & now.pages()
    old = [field for field in before.fields if field.page in both]
    new = [field for field in now.fields if field.page in both]
    pairs = matched(old, new)
    found: list[Difference] = []
    for field in new:
        was = next((one for one, other in pairs if other is field), None)
        if was is None:
            required = " and required" if field.required else ""
            found.append(Difference(f"A field {field.words} is new{required}", field.required))
        else:
            found += _changes(was, field)
    gone = [field for field in old if all(one is not field for one, _ in pairs)]
    found += [Difference(f"The field {field.words} is gone", True) for field in gone]
    if before.captcha != now.captcha:
        said = "The form asks for a captcha now" if now.captcha else "The form asks for no captcha any more"
        found.append(Difference(said, now.captcha))
    return found


def matched(old: Iterable[FormField], new: Iterable[FormField]) -> list[tuple[FormField, FormField]]:
    """Fields that are the same: by name or id, else by what stands beside them, where only one bears it."""
    pairs: list[tuple[FormField, FormField]] = []
    left, right = list(old), list(new)
    for alike in (_key, _label):
        for was in list(left):
            wanted = alike(was)
            fits = [field for field in right if wanted and alike(field) == wanted]
            if len(fits) == 1 and sum(alike(one) == wanted for one in left) == 1:
                pairs.append((was, fits[0]))
                left.remove(was)
                right.remove(fits[0])
    return pairs


def _key(field: FormField) -> str:
    return field.key


def _label(field: FormField) -> str:
    return field.label.strip(" *:").lower()


def _changes(was: FormField, now: FormField) -> list[Difference]:
    found: list[Difference] = []
    if was.key != now.key:
        found.append(Difference(f"The field {now.words} is called {now.key} on the page, not {was.key}", True))
    elif was.selector != now.selector:
        found.append(Difference(f"The field {now.words} is found by {now.selector}, not by {was.selector}", False))
    if was.label != now.label and was.key == now.key:
        found.append(Difference(f"The field {was.words} has the words {now.words} now", False))
    if was.kind != now.kind:
        kinds = (_KINDS.get(now.kind, "a text"), _KINDS.get(was.kind, "a text"))
        turned = {was.kind, now.kind} & {"select", "checkbox", "radio", "file"}
        found.append(Difference(f"The field {now.words} takes {kinds[0]} now, not {kinds[1]}", bool(turned)))
    if was.required != now.required:
        said = "is required now" if now.required else "is required no longer"
        found.append(Difference(f"The field {now.words} {said}", now.required))
    come, gone = (
        [one for one in a if one not in b] for a, b in ((now.options, was.options), (was.options, now.options))
    )
    if was.options and now.options and (come or gone):
        parts = [f"{len(some)} {said} ({', '.join(some[:3])}{', …' if len(some) > 3 else ''})"
                 for some, said in ((come, "new"), (gone, "gone")) if some]  # fmt: skip
        found.append(Difference(f"The list {now.words} has other choices: {' and '.join(parts)}", bool(gone)))
    return found


def _field(row: object) -> FormField | None:
    if not isinstance(row, Mapping):
        return None
    key, page, options = one_line(row.get("key"), 120), row.get("page"), row.get("options")
    if not key:
        return None
    return FormField(
        key=key,
        label=one_line(row.get("label"), 120),
        kind=one_line(row.get("kind"), 20) or "text",
        required=row.get("required") is True,
        options=tuple(one_line(one, 60) for one in (options if isinstance(options, list) else [])[:_MOST_OPTIONS]),
        selector=one_line(row.get("selector"), 300),
        page=page if isinstance(page, int) and not isinstance(page, bool) and 0 <= page < _MOST_FIELDS else 0,
    )


def form_log(form: Form) -> dict[str, Any]:
    """The form as a log keeps it: what `form_of` reads."""
    found: dict[str, Any] = msgspec.to_builtins(form)
    return {**found, "used": [list(pair) for pair in form.used], "fields": list(found["fields"])}
