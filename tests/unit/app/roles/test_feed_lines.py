"""What the live feed says in a terminal."""

from __future__ import annotations

import json

from app.roles.feed_lines import FeedLines
from app.store.link import TableState
from app.store.store import Store


def filled() -> Store:
    store = Store(lambda: 1_800_000_000.0)
    store.put("customers", {"id": "c", "business_name": "Harbor\nBakery"})
    store.put("jobs", {"id": "j", "customer_id": "c", "status": "in_progress", "directories_total": 3})
    store.set_state("jobs", TableState(as_of=1.0))
    return store


def history(store: Store, key: int, event: str, **more: object) -> None:
    store.put(
        "queue_history",
        {"id": key, "job_id": "j", "event": event, "created_at": f"2027-01-15T08:00:0{key}+00:00", **more},
    )


def words(lines: FeedLines) -> list[str]:
    return [line.partition("  ")[2] for line in lines.take()]


def test_the_link_then_a_summary_then_only_what_changes() -> None:
    store = Store(lambda: 1_800_000_000.0)
    lines = FeedLines(store, as_json=False)
    assert words(lines) == ["Catching up"]
    store = filled()
    lines = FeedLines(store, as_json=False)
    assert words(lines) == ["Catching up", "1 jobs, 1 in progress, 0 failed"]
    assert words(lines) == []
    store.set_link("live")
    assert words(lines) == ["Live"]
    store.set_link("reconnecting", "the connection broke")
    assert words(lines) == ["Reconnecting since: the connection broke"]


def test_events_come_in_their_order_and_then_the_jobs_they_changed() -> None:
    store = filled()
    lines = FeedLines(store, as_json=False)
    words(lines)
    history(store, 2, "failed", directory_name="a.example", details={"error": "no"})
    history(store, 1, "submitting", directory_name="a.example")
    said = words(lines)
    assert said[:2] == ["submitting · Harbor Bakery · a.example", "failed · Harbor Bakery · a.example"]
    assert said[2].startswith("Harbor Bakery · ")
    assert "1 failed" in said[2]
    store.remove("jobs", "j")
    assert words(lines) == ["j is gone"]


def test_json_lines_are_objects_and_one_job_can_be_asked_for() -> None:
    store = filled()
    lines, other = FeedLines(store, as_json=True), FeedLines(store, as_json=True, job="k")
    first = [json.loads(line) for line in lines.take()]
    assert [line["kind"] for line in first] == ["link", "jobs"]
    assert first[1]["in_progress"] == 1
    assert [json.loads(line)["kind"] for line in other.take()] == ["jobs"]
    history(store, 1, "submitted", directory_name="a.example")
    event, job = [json.loads(line) for line in lines.take()]
    assert (event["event"], event["business"], event["directory"]) == ("submitted", "Harbor\nBakery", "a.example")
    assert event["at"] == "2027-01-15T08:00:01+00:00"
    assert (job["kind"], job["id"], job["submitted"]) == ("job", "j", 1)
    history(store, 2, "submitted", directory_name="b.example")
    assert list(other.take()) == []
    store.remove("jobs", "j")
    assert json.loads(list(lines.take())[-1])["gone"]
