"""A letter with another body: what is refused, what follows, what differs; and the original is kept."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.edit import UNCHANGED, DiffLine, Edit, corrected, difference, editable, weigh
from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from app.replay.letters import Letters
from app.replay.many import ManyEngine
from app.store.link import TableState
from app.store.store import Store
from services.domain.errors import Refused
from services.ports.wishes import DeadLetter, Outgoing
from tests.fakes.replay_schedule import watch
from tests.fakes.unkind_queues import Killed, UnkindQueues
from tests.unit.app.replay.test_archive import memory
from tests.unit.app.replay.test_batch import Desk, make, run

__all__ = ["make", "memory"]

JOB = "00000000-0000-0000-0000-000000000007"
BODY = json.dumps({"job_id": JOB, "customer_id": "c1", "package_size": "starter", "priority": 2, "created_at": "x"})
ATTRIBUTES: dict[str, Any] = {
    "job_id": {"DataType": "String", "StringValue": JOB},
    "priority": {"DataType": "String", "StringValue": "2"},
    "customer_id": {"DataType": "String", "StringValue": "somebody else"},
    "picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}
LETTER = DeadLetter("m1", "r", BODY, attributes=ATTRIBUTES, trace="Root=1")


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(BODY), **changes})


def look(body: str, *, letter: DeadLetter = LETTER, largest: int = 262_144, job_known: bool = True) -> Edit:
    return weigh(letter, body, now=0.0, largest=largest, job_known=job_known)


def test_what_is_sent_is_what_was_typed_and_attributes_that_said_the_same_follow() -> None:
    edit = look(changed(priority="pro"))
    assert edit.why_not == ""
    assert json.loads(edit.message.body)["priority"] == "pro"
    assert edit.message.attributes == {**ATTRIBUTES, "priority": {"DataType": "String", "StringValue": "pro"}}
    assert edit.message.trace == "Root=1"
    signs = [(line.sign, line.text.strip()) for line in edit.diff if line.sign != " "]
    assert signs == [("-", '"priority": 2,'), ("+", '"priority": "pro",')]


@pytest.mark.parametrize(
    ("body", "why_not"),
    [
        (editable(BODY), UNCHANGED),
        ("{", "The message is not JSON. The subscriber can't read it."),
        ("[1]", "The message is JSON, but not an object. The subscriber can't read it."),
        (changed(job_id=None), "The message has no job_id. The subscriber can't read it."),
        (changed(source="\ud800"), "It has characters that a queue doesn't take."),
        (changed(job_id="another"), "It would start another job than the letter was sent for."),
    ],
)
def test_what_can_not_be_sent(body: str, why_not: str) -> None:
    if "\\ud800" in body:
        body = body.replace("\\ud800", "\ud800")
    assert look(body).why_not == why_not


def test_what_does_not_fit_is_refused() -> None:
    assert "the queue takes 1,024" in look(changed(source="x" * 2_000), largest=1_024).why_not


def test_a_job_that_nobody_knows_may_be_corrected_and_a_broken_body_made_whole() -> None:
    assert look(changed(job_id="another"), job_known=False).why_not == ""
    assert look(BODY, letter=DeadLetter("m1", "r", "job_id=7")).why_not == ""


def test_a_body_that_would_lose_something_is_edited_as_it_is() -> None:
    for body in (
        '{"a": 1, "a": 2}',
        '{"a": 1e999}',
        '{"a": NaN}',
        "[1]",
        "no json",
        "[" * 100_000,
        '{"a": ' + "9" * 5_000,
    ):
        assert editable(body) == body
    assert editable('{"b":[1,{"c":"ü"}]}') == '{\n  "b": [\n    1,\n    {\n      "c": "ü"\n    }\n  ]\n}'


@given(st.dictionaries(st.text(), st.one_of(st.none(), st.text(), st.integers(), st.lists(st.booleans()))))
def test_nothing_is_lost_by_a_line_for_each_name(value: dict[str, Any]) -> None:
    assert json.loads(editable(json.dumps(value))) == value


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_a_difference_names_every_line_that_is_another(old: list[str], new: list[str]) -> None:
    lines = difference("\n".join(old), "\n".join(new))
    gone = [line.text for line in lines if line.sign == "-"]
    fresh = [line.text for line in lines if line.sign == "+"]
    assert len(old or [""]) - len(gone) == len(new or [""]) - len(fresh)
    left = list(old or [""])
    for text in gone:
        left.remove(text)
    assert sorted([*left, *fresh]) == sorted(new or [""])
    assert (lines == []) == (old == new or "\n".join(old) == "\n".join(new))


def test_a_difference_says_what_is_around_it_and_leaves_out_what_is_far() -> None:
    old = "\n".join("abcdefgh")
    assert difference(old, old.replace("b", "B").replace("g", "G")) == [
        DiffLine(" ", "a"), DiffLine("-", "b"), DiffLine("+", "B"), DiffLine(" ", "c"), DiffLine(" ", "…"),
        DiffLine(" ", "f"), DiffLine("-", "g"), DiffLine("+", "G"), DiffLine(" ", "h"),
    ]  # fmt: skip
    assert [line.sign for line in difference("a\nb\nc\nd", "A\nb\nc\nD")] == ["-", "+", " ", " ", "-", "+"]
    long = difference("\n".join("x" * 500), "\n".join("y" * 500))
    assert [line.sign for line in long] == ["-"] * 500 + ["+"] * 500


@pytest.mark.parametrize(
    ("body", "job", "values"),
    [
        (BODY, {"package_size": 100, "priority": "pro"}, {"package_size": 100, "priority": "pro"}),
        (BODY, {}, {"package_size": 50, "priority": "pro"}),
        (changed(customer_id=None, package_size=50, priority="pro"), {"customer_id": "c9"}, {"customer_id": "c9"}),
    ],
)
def test_what_the_job_says_is_offered(body: str, job: dict[str, Any], values: dict[str, Any]) -> None:
    found = json.loads(corrected(body, job))
    assert {name: found[name] for name in values} == values
    assert list(found) == list(json.loads(body))


def test_nothing_is_offered_where_nothing_is_wrong() -> None:
    assert corrected(changed(package_size=50, priority="pro"), {"package_size": 50, "priority": "pro"}) == ""
    assert corrected("no json", {}) == ""


def test_the_edited_body_is_sent_and_the_original_kept_in_journal_and_archive(make: Callable[..., Desk]) -> None:
    desk = make({"m1": BODY})
    desk.queues.dead["m1"].message = Outgoing(BODY, ATTRIBUTES, "Root=1")
    edit = look(changed(priority="pro"))

    async def act() -> None:
        [letter] = (await desk.engine.look()).letters
        await desk.engine.plan(letter, actor="desk-1", reason="read wrongly", instead=edit.message)
        entry = desk.journal.entry("m1")
        assert entry is not None
        assert (entry.body, entry.sent_body, entry.sent_attributes) == (
            BODY,
            edit.message.body,
            edit.message.attributes,
        )
        # It is no part of the archive before it was sent.
        assert desk.journal.archived() == []
        assert (await desk.engine.replay("m1")).outcome == "replayed"
        [sent] = desk.queues.main.values()
        assert sent == edit.message
        [kept] = desk.journal.archived()
        assert (kept.body, kept.attributes, kept.actor, kept.reason) == (BODY, ATTRIBUTES, "desk-1", "read wrongly")
        assert (kept.is_out, kept.sent_body) == (True, edit.message.body)
        with pytest.raises(Refused, match="replayed with another body"):
            await desk.many.put_back("m1")
        assert (desk.queues.dead, len(desk.queues.main)) == ({}, 1)

    run(act())


def test_an_edit_that_was_not_sent_leaves_the_letter_as_it_was(make: Callable[..., Desk]) -> None:
    desk = make({"m1": BODY})

    async def act() -> None:
        [letter] = (await desk.engine.look()).letters
        await desk.engine.plan(letter, actor="desk-1", reason="", instead=look(changed(priority="pro")).message)
        desk.queues.main_fault = "lost_reply"
        assert (await desk.engine.replay("m1")).outcome == "unknown"
        assert desk.journal.archived() == []
        await desk.many.decide("m1", sent=False, actor="desk-1", reason="it is not there")
        assert desk.journal.archived() == []
        desk.queues.main.clear()
        desk.queues.dead["m1"].visible_at = 0.0
        assert (await desk.all()).moved == 1
        assert desk.sent() == [BODY]
        assert desk.journal.archived() == []

    run(act())


def test_a_message_that_came_back_three_times_is_not_replayed_alone_either(make: Callable[..., Desk]) -> None:
    desk = make({"m1": BODY})
    for old, new in (("x1", "x2"), ("x2", "x3"), ("x3", "m1")):
        desk.journal.plan(DeadLetter(old, "", BODY), actor="desk-1", reason="")
        desk.journal.move(old, "deleted", new_message_id=new)

    async def act() -> None:
        [letter] = (await desk.engine.look()).letters
        with pytest.raises(Refused, match="quarantined"):
            await desk.engine.plan(letter, actor="desk-1", reason="")
        assert desk.queues.main == {}

    run(act())


@pytest.mark.parametrize("facts", [True, False])
def test_a_terminal_weighs_the_same(make: Callable[..., Desk], facts: bool) -> None:
    desk = make({"m1": BODY, "m2": "no json"})
    store = Store()
    store.set_state("jobs", TableState(as_of=1.0))
    store.put("jobs", {"id": JOB, "status": "cancelled"})
    store.take_changed()
    letters = Letters(desk.queues, desk.journal, store if facts else None, "desk-1")
    run(letters.look())
    assert isinstance(desk.queues, UnkindQueues)
    stops = "The job is cancelled." if facts else ""
    assert letters.weigh("m1", changed(priority="pro")).why_not == stops
    assert ("another job" in letters.weigh("m1", changed(job_id="x")).why_not) == facts
    assert "not JSON" in letters.weigh("m2", "still none").why_not
    assert letters.weigh("m2", changed(job_id="nowhere")).why_not == (
        "This job is not in the database." if facts else ""
    )


def test_killed_at_every_step_the_original_is_in_the_queue_or_in_the_archive(memory: Path) -> None:
    edited = look(changed(priority="pro")).message

    def play(file: Path, kill_after: int) -> int:
        """One start that is killed, one that ends what it left; how many steps the first made."""
        queues = UnkindQueues.holding({"m1": BODY})
        queues.dead["m1"].message = Outgoing(BODY, ATTRIBUTES, "Root=1")
        counter = itertools.count(1)
        made = 0

        def step(_: str) -> None:
            nonlocal made
            made += 1
            if next(counter) > kill_after:
                raise Killed

        async def first(journal: Journal) -> None:
            engine = ReplayEngine(queues, journal)
            [letter] = (await engine.look()).letters
            await engine.plan(letter, actor="desk-1", reason="why", instead=edited)
            await engine.replay("m1")

        async def second(journal: Journal) -> None:
            engine = ReplayEngine(queues, journal)
            many = ManyEngine(queues, journal, engine)
            for entry in journal.in_state("unknown"):
                await many.decide(entry.message_id, sent=bool(queues.main), actor="desk-1", reason="seen")
            if journal.states().get("m1") == "delete_unconfirmed":
                await engine.replay("m1")

        journal = Journal(file)
        watch(journal, step)
        queues.step = step
        with contextlib.suppress(Killed):
            run(first(journal))
        journal.close()
        queues.step = lambda _: None
        for held in queues.dead.values():
            held.visible_at = 0.0
        journal = Journal(file)
        journal.settle_after_crash()
        run(second(journal))
        kept = [one.body for one in journal.archived()]
        journal.close()
        sent = list(queues.main.values())
        assert (sent, kept, list(queues.dead)) in (([], [], ["m1"]), ([edited], [BODY], []))
        return made

    whole = play(memory / "whole.db", 1_000)
    for after in range(whole):
        play(memory / f"{after}.db", after)
