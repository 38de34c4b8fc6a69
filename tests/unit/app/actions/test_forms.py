"""Accepting a form that has changed: what is proposed, when it may be pressed, and what is asked of the database."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.store.link import TableState
from services.domain.errors import ConsoleError
from services.domain.fingerprints import FormFingerprint
from services.domain.forms import Form, FormField, form_log, form_of
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues

HOST = "a.localhost"
NAME, PHONE = FormField("name", "Business name", selector="#name"), FormField("tel", "Phone", selector="#tel")
OLD = Form((NAME, PHONE), whole=True)
NEW = Form((NAME, FormField("mobile", "Phone", selector="#mobile")), whole=True, used=(("#tel", ""),))
MAPPING: dict[str, Any] = {"fields": {"business_name": "#name", "phone": "#tel"}, "submit": "#go"}


def make(folder: Path, role: str = "operator") -> DeskWorld:
    made = DeskWorld(folder, FakeQueues({}, time.time), time.time, role)
    made.store.put(
        "directories",
        {"id": "d1", "name": "A", "submission_url": f"http://{HOST}:9/add", "field_selectors": MAPPING},
    )
    return made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    made = make(tmp_path)
    yield made
    made.close()


def keep(world: DeskWorld, form: Form | None, seen: Form) -> None:
    row = {"id": HOST, "form": form_log(form) if form else None, "seen": form_log(seen)}
    world.store.put("form_fingerprints", row)


def test_a_kept_form_is_told_apart_from_the_one_seen_last_or_just_now(world: DeskWorld) -> None:
    forms = world.desk.forms
    assert forms.drift(HOST) is None
    keep(world, OLD, OLD)
    found = forms.drift(HOST)
    assert found is not None
    assert found.is_same
    found = forms.drift(HOST, NEW)
    assert found is not None
    assert [one.words for one in found.differences] == ["The field “Phone” is called mobile on the page, not tel"]
    assert found.proposal.selectors == {**MAPPING, "fields": {"business_name": "#name", "phone": "#mobile"}}
    keep(world, None, NEW)
    found = forms.drift(HOST)
    assert found is not None
    assert (found.known, found.differences, found.is_same) == (None, (), False)
    assert forms.drift("elsewhere.localhost", NEW) is None


def test_accepting_asks_once_with_what_was_seen(world: DeskWorld) -> None:
    forms = world.desk.forms
    keep(world, OLD, NEW)
    drift = forms.drift(HOST)
    assert drift is not None
    assert forms.why_not_accept(None) == "Its form has not been seen yet."
    assert forms.why_not_accept(drift) == "It isn't known yet which forms are kept."
    world.store.set_state("form_fingerprints", TableState(kind="not_installed", problem="Not installed here."))
    assert forms.why_not_accept(drift) == "Not installed here."
    world.loaded("form_fingerprints")
    assert forms.why_not_accept(drift) == ""

    async def act() -> None:
        try:
            world.staff.gate = asyncio.Event()
            first = asyncio.ensure_future(forms.accept(drift, reason="they renamed it"))
            await asyncio.sleep(0)
            assert forms.why_not_accept(drift) == "An act on this directory is running."
            with pytest.raises(ConsoleError, match="is running"):
                await forms.accept(drift, reason="again")
            world.staff.gate.set()
            assert (await first).state == "done"
        finally:
            await tasks.shutdown()

    asyncio.run(act())
    assert world.staff.calls == [("d1", ["accept", "they renamed it"])]
    [told] = world.staff.audit.values()
    assert told["after"]["field_selectors"]["fields"]["phone"] == "#mobile"


def test_what_is_as_it_was_or_can_not_be_recognised_is_not_accepted(world: DeskWorld, tmp_path: Path) -> None:
    forms = world.desk.forms
    world.loaded("form_fingerprints")
    keep(world, OLD, OLD)
    assert forms.why_not_accept(forms.drift(HOST)) == "The form is as it was known."
    strange = Form((FormField("x", "X"),), whole=True)
    assert forms.why_not_accept(forms.drift(HOST, strange)) == "Nothing on the form could be recognised."
    (tmp_path / "viewer").mkdir()
    viewer = make(tmp_path / "viewer", "viewer")
    assert viewer.desk.forms.why_not_accept(None) == "Needs the role operator; you are viewer."
    viewer.close()


def test_a_kept_row_is_read_whatever_stands_in_it() -> None:
    assert FormFingerprint.from_row({}) == FormFingerprint("")
    row = {"id": HOST, "form": form_log(OLD), "seen": 7, "seen_at": "2026-11-27T08:00:00Z", "version": 3}
    found = FormFingerprint.from_row(row)
    assert (found.form, found.seen, found.version, form_of(7)) == (OLD, None, 3, None)


def test_what_a_person_pointed_at_is_proposed_too(world: DeskWorld) -> None:
    forms = world.desk.forms
    keep(world, OLD, OLD)
    found = forms.drift(HOST, NEW, [("#tel", "#a"), ("#a", "#mobile"), ("#go", 'role=button[name="Send"]')])
    assert found is not None
    assert not found.is_same
    assert found.proposal.selectors == {
        "fields": {"business_name": "#name", "phone": "#mobile"}, "submit": 'role=button[name="Send"]',
    }  # fmt: skip
    assert len(found.proposal.changes) >= 3
    unmoved = forms.drift(HOST, OLD, [("#other", "#a")])
    assert unmoved is not None
    assert unmoved.is_same
