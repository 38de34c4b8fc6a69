"""Rows in, lines out, and only the differences told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.activity import Activity
from app.store.link import BADGE, TableState
from app.store.store import Store
from services.domain.records import HistoryEvent
from services.domain.times import to_iso

NOW = 1_000_000.0


@pytest.fixture
def store() -> Store:
    store = Store(lambda: NOW)
    store.put(
        "customers", {"id": "c1", "customer_id": "DIR-1", "business_name": "Harbor Bakery", "email": "a@b.example"}
    )
    store.put("jobs", job("pending", created_at=to_iso(NOW - 1000)))
    for host in ("a", "b", "c"):
        store.put("directory_submissions", work(host, "pending", -900))
    return store


def job(status: str, version: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": "j1", "customer_id": "c1", "status": status, "package_type": "starter", "version": version, **more}


def work(host: str, status: str, ago: float) -> dict[str, Any]:
    return {
        "id": f"w-{host}",
        "submission_queue_id": "j1",
        "directory_url": f"http://{host}.localhost:9/add",
        "status": status,
        "updated_at": to_iso(NOW + ago),
    }


def event(number: int, kind: str, ago: float, host: str | None = None, **details: Any) -> dict[str, Any]:
    return {
        "id": number,
        "job_id": "j1",
        "directory_name": f"{host}.localhost" if host else None,
        "event": kind,
        "details": details,
        "created_at": to_iso(NOW + ago),
    }


def numbers(store: Store) -> tuple[int, ...]:
    line = store.jobs.lines["j1"]
    return (line.submitted, line.failed, line.unknown, line.skipped, line.running, line.waiting, line.total, line.done)


def test_a_line_joins_the_customer_and_counts_directories(store: Store) -> None:
    assert store.jobs.pending == 1
    taken = store.take_changed()
    line = store.jobs.lines["j1"]
    assert taken.jobs == {"j1"}
    assert store.jobs.pending == 0
    assert (line.business, line.customer, line.email) == ("Harbor Bakery", "DIR-1", "a@b.example")
    assert numbers(store) == (0, 0, 0, 0, 0, 3, 3, 0)
    assert line.matches("harbor")
    assert not line.matches("mill")


def test_the_customer_may_come_after_the_job(store: Store) -> None:
    store.put("jobs", {"id": "j2", "customer_id": "c2", "status": "pending"})
    store.take_changed()
    store.put("customers", {"id": "c2", "business_name": "Mill Lane Florist", "email": "x@y.example"})
    assert store.take_changed().jobs == {"j2"}
    assert store.jobs.lines["j2"].business == "Mill Lane Florist"
    store.put("customers", {"id": "c2", "business_name": " \u200b "})
    store.take_changed()
    assert store.jobs.lines["j2"].business == "", "nobody sees such a name"


def test_nothing_changed_says_nothing(store: Store) -> None:
    store.take_changed()
    store.put("jobs", job("pending", created_at=to_iso(NOW - 1000)))
    assert not store.take_changed()


def test_columns_that_a_change_lacks_keep_their_value(store: Store) -> None:
    store.put("jobs", {"id": "j1", "status": "in_progress", "version": 2})
    store.take_changed()
    line = store.jobs.lines["j1"]
    assert (line.status, line.business, line.package) == ("in_progress", "Harbor Bakery", "starter")


def test_a_run_moves_counts_current_and_rates(store: Store) -> None:
    store.put("directory_submissions", work("a", "submitting", -20))
    store.put("queue_history", event(1, "submitting", -20, "a"))
    store.take_changed()
    assert numbers(store) == (0, 0, 0, 0, 1, 2, 3, 0)
    assert store.jobs.lines["j1"].current == "a.localhost"
    store.put("directory_submissions", work("a", "failed", -10))
    store.put("queue_history", event(2, "failed", -10, "a", error="phone number is not valid", duration_ms=10_000))
    store.put("queue_history", event(3, "submission_complete", -10, "a", status="failed"))
    taken = store.take_changed()
    assert taken.events == {"2", "3"}
    assert numbers(store) == (0, 1, 0, 0, 0, 2, 3, 1)
    line = store.jobs.directories("j1")[0]
    assert (line.outcome, line.words, line.duration_ms) == ("failed", "The page refused the phone number", 10_000)
    assert [one.outcome for one in line.attempts] == ["failed"]
    assert sum(store.rates.per_minute(NOW).failed) == 1
    rate = store.rates.busiest(99)[0]
    assert (rate.host, rate.failed, rate.tried) == ("a.localhost", 1, 1)


def test_unknown_is_its_own_count(store: Store) -> None:
    store.put("queue_history", event(1, "submitting", -20, "a"))
    store.put("queue_history", event(2, "unknown", -10, "a"))
    store.put("directory_submissions", work("a", "submitting", -20))
    store.take_changed()
    assert numbers(store) == (0, 0, 1, 0, 0, 2, 3, 0)
    assert (store.counts().pending, store.counts().unknown, store.counts().unknown_directories) == (1, 1, 1)
    assert [one.host for one in store.jobs.unknown_directories("j1")] == ["a.localhost"]


def test_diagnosis_follows_the_hops(store: Store) -> None:
    def words() -> str:
        store.take_changed()
        return store.jobs.lines["j1"].diagnosis.words

    assert words() == "No message, no history: never queued"
    store.put("outbox", {"id": 1, "job_id": "j1", "created_at": to_iso(NOW - 900)})
    assert words() == "Waiting to be queued"
    store.put("outbox", {"id": 1, "job_id": "j1", "sent_at": to_iso(NOW - 890)})
    assert words() == "In the queue"
    store.put("queue_history", event(1, "queue_claimed", -800))
    assert words() == "No flow for 13 min: deployment missing?"
    store.put("queue_history", event(2, "flow_triggered", -790))
    assert words() == "Not started for 13 min: pool down?"
    store.put("jobs", job("in_progress", 2))
    store.put("queue_history", event(3, "flow_started", -780))
    assert words() == "Silent for 13 min: worker crashed?"
    store.put("queue_history", event(4, "submitting", -5, "a"))
    assert words() == ""
    store.set_dead_letters(["j1"])
    assert words() == "In dead letters: it could not be started"
    store.set_dead_letters([])
    store.put("jobs", job("completed", 3))
    store.put("queue_history", event(5, "job_finalized", -3))
    assert words() == ""


def test_a_retry_starts_a_new_round(store: Store) -> None:
    for number, kind in enumerate(("queue_claimed", "flow_triggered", "flow_started", "job_finalized"), 1):
        store.put("queue_history", event(number, kind, -500 + number))
    store.put("queue_history", event(9, "staff_retry", -30))
    store.put("outbox", {"id": 2, "job_id": "j1", "created_at": to_iso(NOW - 30)})
    store.take_changed()
    assert store.jobs.lines["j1"].diagnosis.words == "Waiting to be queued"


def test_time_alone_turns_running_into_unknown() -> None:
    now = [NOW]
    store = Store(lambda: now[0])
    store.put("jobs", job("in_progress"))
    store.put("directory_submissions", work("a", "submitting", 0))
    store.put("queue_history", event(1, "submitting", 0, "a"))
    store.put("queue_history", event(2, "submitted", 0, "b"))
    store.take_changed()
    assert store.jobs.lines["j1"].running == 1
    now[0] += 3000
    store.jobs.tick()
    assert store.take_changed().jobs == {"j1"}
    assert store.jobs.lines["j1"].unknown == 1


def test_lines_that_have_no_time_left_come_with_the_next_take() -> None:
    store = Store(lambda: NOW)
    for number in range(20):
        store.put("jobs", {**job("in_progress"), "id": f"j{number}", "customer_id": f"c{number}"})
    assert len(store.take_changed(0.0).jobs) == 8
    assert store.jobs.pending == 12
    store.jobs.tick()
    assert len(store.take_changed().jobs) == 12
    assert len(store.jobs.lines) == 20


def test_the_busiest_directories_come_first() -> None:
    store = Store(lambda: NOW)
    store.put("jobs", job("in_progress"))
    for number, host in enumerate(("a", "b", "b", "c", "d")):
        row = {"id": number, "job_id": f"j{number}", "directory_name": host, "status": "failed"}
        store.put("job_results", row if host != "d" else {**row, "status": "skipped"})
    store.take_changed()
    assert [(one.host, one.tried) for one in store.rates.busiest(2)] == [("b", 2), ("a", 1)]
    assert [one.host for one in store.rates.busiest(9)] == ["b", "a", "c"]


def test_what_goes_leaves_no_count(store: Store) -> None:
    store.put("queue_history", event(1, "submitted", -10, "a"))
    store.take_changed()
    for host in ("a", "b", "c"):
        store.remove("directory_submissions", f"w-{host}")
    store.remove("queue_history", "1")
    store.remove("jobs", "j1")
    assert store.take_changed().jobs == {"j1"}
    assert store.jobs.get("j1") is None
    assert store.counts().total == 0
    assert store.rates.busiest(99) == []
    assert sum(store.rates.per_minute(NOW).submitted) == 0
    assert store.activity.events == []


def test_an_old_job_before_the_held_events_is_not_called_lost(store: Store) -> None:
    store.jobs.history_from = NOW - 100
    store.put("jobs", job("pending", 2))
    store.take_changed()
    assert store.jobs.lines["j1"].diagnosis.gap is None


def test_late_events_take_their_place_and_repeats_none(store: Store) -> None:
    for number, ago in ((3, -10), (1, -30), (2, -20), (1, -30)):
        store.put("queue_history", event(number, "note", ago))
    assert [one.id for one in store.activity.newest(2)] == ["3", "2"]
    assert [one.id for one in store.jobs.history("j1")] == ["1", "2", "3"]


def test_the_badge_has_seven_words() -> None:
    assert len({word for word, _ in BADGE.values()}) == 7


def test_the_link_keeps_its_time_while_only_the_reason_changes() -> None:
    now = [5.0]
    store = Store(lambda: now[0])
    store.set_link("reconnecting", "one")
    now[0] = 9.0
    store.set_link("reconnecting", "two")
    assert (store.link.since, store.link.why) == (5.0, "two")
    store.set_link("offline")
    assert store.link.since == 5.0, "reconnecting and offline take turns while a server is away"
    store.set_link("live")
    assert store.link.since == 9.0


_HOSTS = st.sampled_from("abc")
_ACTS = st.one_of(
    st.tuples(st.just("item"), _HOSTS, st.sampled_from(["pending", "submitting", "submitted", "failed", "skipped"])),
    st.tuples(st.just("event"), _HOSTS, st.sampled_from(["submitting", "submitted", "failed", "unknown"])),
    st.tuples(st.just("gone"), _HOSTS, st.just("")),
    st.tuples(st.just("take"), _HOSTS, st.just("")),
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(_ACTS, max_size=30))
def test_differences_add_up_to_the_same_as_one_look(acts: list[tuple[str, str, str]]) -> None:
    changing = Store(lambda: NOW)
    changing.put("jobs", job("in_progress"))
    for number, (act, host, word) in enumerate(acts):
        if act == "item":
            changing.put("directory_submissions", work(host, word, number - 100))
        elif act == "event":
            changing.put("queue_history", event(number, word, number - 100, host))
        elif act == "gone":
            changing.remove("directory_submissions", f"w-{host}")
        else:
            changing.take_changed()
    changing.take_changed()

    fresh = Store(lambda: NOW)
    fresh.put("jobs", job("in_progress"))
    for row in changing.rows("directory_submissions").values():
        fresh.put("directory_submissions", work(row.id[-1], row.status, row.updated_at - NOW))
    for row in changing.rows("queue_history").values():
        fresh.put("queue_history", event(int(row.id), row.event, row.created_at - NOW, row.directory_name[0]))
    fresh.take_changed()
    assert numbers(changing) == numbers(fresh)
    assert changing.counts() == fresh.counts()
    assert changing.rates.busiest(99) == fresh.rates.busiest(99)
    assert changing.rates.per_minute(NOW) == fresh.rates.per_minute(NOW)
    outcomes = Counter(line.outcome for line in changing.jobs.directories("j1"))
    assert outcomes == Counter(line.outcome for line in fresh.jobs.directories("j1"))


def test_the_feed_of_events_is_capped() -> None:
    activity = Activity(limit=10)
    for number in range(30):
        activity.add(HistoryEvent(id=str(number), created_at=float(number)))
    assert 10 <= len(activity.events) <= 11
    assert activity.events[-1].id == "29"


def test_rows_that_go_take_their_outcome_along(store: Store) -> None:
    store.put("job_results", {"id": 1, "job_id": "j1", "directory_name": "a.localhost", "status": "submitted"})
    store.put("outbox", {"id": 1, "job_id": "j1", "sent_at": to_iso(NOW - 890)})
    store.take_changed()
    assert numbers(store)[0] == 1
    assert store.jobs.lines["j1"].diagnosis.words == "In the queue"
    store.remove("job_results", "1")
    store.remove("outbox", "1")
    store.remove("outbox", "1")
    assert store.take_changed().jobs == {"j1"}
    assert numbers(store)[0] == 0
    assert store.jobs.lines["j1"].diagnosis.gap == "never_queued"
    assert store.jobs.outbox("j1") is None


def test_the_newest_message_of_a_job_counts(store: Store) -> None:
    for number in (9, 10):
        store.put("outbox", {"id": number, "job_id": "j1"})
    store.put("outbox", {"id": 11, "job_id": None})
    message = store.jobs.outbox("j1")
    assert message is not None
    assert message.id == "10"


def test_a_directory_has_its_own_name_while_it_is_known(store: Store) -> None:
    store.put("directories", {"id": 1, "name": "Alpha List", "submission_url": "http://a.localhost:9/add"})
    store.take_changed()
    assert [line.name for line in store.jobs.directories("j1")] == ["Alpha List", "b.localhost", "c.localhost"]
    assert store.jobs.directories("j1")[0] is store.jobs.directories("j1")[0]
    store.remove("directories", "1")
    store.put("directory_submissions", work("a", "submitting", -1))
    store.take_changed()
    assert store.jobs.directories("j1")[0].name == "a.localhost"


def test_a_job_that_nobody_knows_has_nothing(store: Store) -> None:
    store.set_dead_letters(["elsewhere"])
    assert store.take_changed().jobs == {"j1"}
    assert store.jobs.get("elsewhere") is None
    assert store.jobs.directories("elsewhere") == []
    assert store.jobs.unknown_directories("elsewhere") == []
    assert store.jobs.hop_events("elsewhere") == []
    assert store.jobs.history("elsewhere") == []
    assert store.jobs.outbox("elsewhere") is None


def test_hop_events_are_those_without_a_directory(store: Store) -> None:
    store.put("queue_history", event(1, "submitting", -20, "a"))
    store.put("queue_history", event(2, "flow_started", -30))
    assert [one.id for one in store.jobs.hop_events("j1")] == ["2"]


def test_a_row_without_a_key_is_passed_over(store: Store) -> None:
    store.take_changed()
    store.put("jobs", {"id": None, "status": "failed"})
    assert not store.take_changed()


def test_saying_the_same_again_is_no_change(store: Store) -> None:
    store.set_link("live")
    store.set_state("jobs", TableState(as_of=NOW))
    taken = store.take_changed()
    assert (taken.link, taken.states, store.link.shape) == (True, True, "ok")
    store.set_link("live")
    store.set_state("jobs", TableState(as_of=NOW))
    assert not store.take_changed()


def test_now_is_the_servers(store: Store) -> None:
    store.set_offset(30.0)
    assert store.now() == NOW + 30.0


def test_events_that_are_too_many_go_and_what_is_held_says_so(store: Store) -> None:
    store.activity = Activity(limit=10)
    for number in range(20):
        store.put("queue_history", event(number, "note", number - 1000))
    held = store.rows("queue_history")
    assert set(held) == {one.id for one in store.activity.events}
    assert len(held) <= 11
    assert store.jobs.history_from is not None
    assert min(one.created_at for one in held.values()) > store.jobs.history_from


def test_an_event_that_is_not_there_can_not_be_taken_out() -> None:
    activity = Activity()
    activity.add(HistoryEvent(id="1", created_at=5.0))
    activity.remove(HistoryEvent(id="2", created_at=5.0))
    activity.remove(HistoryEvent(id="0", created_at=1.0))
    assert [one.id for one in activity.events] == ["1"]


@pytest.mark.parametrize(
    ("payload", "changed"), [('{"a": 1, "b": [2]}', False), ('{"b":[2],"a":1}', False), ('{"a":1}', True)]
)
def test_another_spelling_of_the_same_json_is_no_change(store: Store, payload: str, changed: bool) -> None:
    store.put("job_results", {"id": "r", "job_id": "j1", "status": "failed", "payload": {"a": 1, "b": [2]}})
    store.take_changed()
    held = store.get("job_results", "r")
    seldom = b'["",' + payload.encode() + b',{},"",""]'
    store.put_record("job_results", msgspec.structs.replace(held, seldom=seldom), held)
    assert bool(store.take_changed()) == changed
    store.put_record("job_results", msgspec.structs.replace(held, error_message="no"), held)
    assert store.take_changed()
