"""Which letters are sent: one for each job, and none that is of no use."""

from __future__ import annotations

import json

from app.replay.choice import choose
from app.replay.reading import Reading, read
from app.replay.xray import DONE, Directory, XRay
from services.ports.wishes import DeadLetter


def pair(key: str, body: str) -> tuple[DeadLetter, Reading]:
    letter = DeadLetter(key, "", body)
    return letter, read(letter, now=0.0)


def job(name: str) -> str:
    return json.dumps({"job_id": name})


def test_several_messages_for_a_job_are_one_and_a_job_is_looked_into_once() -> None:
    asked: list[str] = []

    def look_into(job_id: str) -> XRay:
        asked.append(job_id)
        return XRay(job_id, (Directory("a.example", "submit"),))

    letters = [pair("m1", job("b")), pair("m2", job("a")), pair("m3", job("b"))]
    choice = choose(letters, {}, look_into)
    assert [one.message_id for one in choice.send] == ["m1", "m2"]
    assert list(choice.rest) == ["m3"] == [one.message_id for one in choice.done]
    assert asked == ["b", "a"]
    assert choice.jobs["b"].count("submit") == 1


def test_what_is_of_no_use_or_was_sent_is_left_out_with_the_reason() -> None:
    stops = {"done": DONE, "away": "The job is paused."}
    letters = [pair("m1", job("done")), pair("m2", "no json"), pair("m3", job("sent")), pair("m4", job("away"))]
    choice = choose(letters, {"m3": "unknown", "m4": "skipped"}, lambda job_id: XRay(job_id, stops=stops[job_id]))
    assert choice.send == ()
    assert choice.rest == {
        "m1": DONE,
        "m2": "The message is not JSON.",
        "m3": "It was sent before, or may have been.",
        "m4": "The job is paused.",
    }
    assert [one.message_id for one in choice.done] == ["m1"]


def test_where_no_facts_are_known_every_job_is_sent_once() -> None:
    choice = choose([pair("m1", job("a")), pair("m2", job("a"))], {}, lambda _: None)
    assert ([one.message_id for one in choice.send], choice.jobs) == (["m1"], {})
