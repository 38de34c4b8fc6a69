"""After any sequence of changes the lines, counts and rates are those of a store that saw only the end of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.store import Store
from tests.unit.app.store.rows import NOW, at, event, job, result

RATED = ("submitted", "failed", "unknown", "skipped")
HOSTS = ["a.localhost", "b.localhost"]
JOBS = ["j1", "j2"]
ago = st.sampled_from([5.0, 70.0, 130.0, 700.0, 2500.0])
hosts = st.sampled_from(HOSTS)
jobs = st.sampled_from(JOBS)
statuses = st.sampled_from(["pending", "in_progress", "complete", "failed", "paused", "cancelled", "odd"])
outcomes = st.sampled_from(["unknown", "submitting", "submitted", "failed", "skipped", "captcha_failed", "pending"])
kinds = st.sampled_from([
    "submitting", "submitted", "failed", "unknown", "error", "submission_complete", "queue_claimed", "flow_started",
    "job_finalized", "staff_retry", "pending -> in_progress",
])  # fmt: skip


@st.composite
def job_rows(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    key = draw(jobs)
    row = job(draw(statuses), key, customer_id=draw(st.sampled_from(["c1", "c2"])), created_at=at(draw(ago)))
    if draw(st.booleans()):
        row["completed_at"] = at(draw(ago))
    return "jobs", row | {"package_size": draw(st.integers(0, 4)), "directories_done": draw(st.integers(0, 3))}


@st.composite
def result_rows(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    row = result(draw(outcomes), draw(ago), draw(hosts), f"r{draw(st.integers(1, 3))}")
    return "job_results", row | {"job_id": draw(jobs)}


@st.composite
def items(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    row = {"id": draw(st.integers(1, 3)), "submission_queue_id": draw(jobs), "updated_at": at(draw(ago))}
    status = draw(st.sampled_from(["pending", "submitting", "submitted", "failed", "skipped"]))
    return "directory_submissions", row | {"directory_url": f"http://{draw(hosts)}/add", "status": status}


@st.composite
def events(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    number = draw(st.integers(1, 8))
    host = HOSTS[number % 2] if number > 3 else None
    row = event(number, draw(kinds), number * 60.0, host, status="failed")
    who = {"job_id": JOBS[number // 2 % 2]} if number % 4 else {"job_id": None, "customer_id": "c1"}
    return "queue_history", row | who


@st.composite
def other_rows(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    if draw(st.booleans()):
        return "customers", {"id": draw(st.sampled_from(["c1", "c2"])), "business_name": draw(hosts)}
    return "outbox", {"id": draw(st.integers(1, 3)), "job_id": draw(jobs), "sent_at": draw(st.none() | ago.map(at))}


rows = st.one_of(job_rows(), result_rows(), result_rows(), items(), events(), events(), other_rows())
put = st.tuples(st.just("put"), rows)
step = st.one_of(
    put,
    put,
    put,
    st.tuples(st.just("remove"), rows),
    st.tuples(st.just("look"), st.sampled_from([1.0, 0.0])),
    st.tuples(st.sampled_from(["begin", "fail", "answer"]), jobs),
)


def play(store: Store, steps: list[tuple[str, Any]]) -> None:
    frozen: dict[str, dict[str, Any]] = {}
    for what, given_ in steps:
        if what == "look":
            store.take_changed(given_)
        elif what == "begin":
            store.jobs.wishes.begin(f"w{len(list(store.jobs.wishes))}-{given_}", "Pause", given_, HOSTS[:1])
        elif what in ("fail", "answer"):
            for wish in [wish for wish in store.jobs.wishes if wish.job_id == given_]:
                (store.jobs.wishes.failed(wish.id, "No.") if what == "fail" else store.jobs.wishes.answered(wish.id))
        else:
            table, row = given_
            key = str(row.get("id"))
            if table == "queue_history":  # an event never changes
                row = frozen.setdefault(key, row)
            if what == "put":
                store.put(table, row)
            else:
                store.remove(table, key)


def facts(store: Store) -> dict[str, Any]:
    """What a store says, acts left out."""
    store.take_changed()
    lines = {key: [getattr(line, name) for name in line.__struct_fields__ if name != "wish"]
             for key, line in store.jobs.lines.items()}  # fmt: skip
    directories = {
        key: [(line.host, line.outcome, line.error, line.attempts) for line in store.jobs.directories(key)]
        for key in lines
    }
    rates = {rate.host: (rate.submitted, rate.failed, rate.unknown, rate.skipped) for rate in store.rates.busiest(9)}
    tallies = store.jobs.tallies
    return {
        "lines": lines, "directories": directories, "counts": store.counts(), "rates": rates,
        "minutes": store.rates.per_minute(NOW, 60), "oldest": tallies.oldest_pending(), "silent": tallies.silent,
        "ended": [tallies.ended_since(status, NOW - 3000) for status in ("completed", "failed")],
    }  # fmt: skip


def recounted(store: Store) -> tuple[dict[tuple[str, str], int], dict[tuple[float, str], int]]:
    """Outcomes by host, and ends by minute, counted one by one."""
    by_host: Counter[tuple[str, str]] = Counter()
    by_minute: Counter[tuple[float, str]] = Counter()
    for line in (line for key in JOBS for line in store.jobs.directories(key)):
        by_host[line.host, line.outcome] += 1
        ends = [(one.ended_at, one.outcome) for one in line.attempts if one.outcome != "running"]
        if not ends and line.result is not None and line.outcome in ("submitted", "failed", "unknown"):
            ends = [(line.result.updated_at, line.outcome)]
        for at_, outcome in ends:
            if at_ and outcome != "skipped":
                by_minute[at_ // 60 * 60, outcome] += 1
    return dict(by_host), dict(by_minute)


@settings(max_examples=250, deadline=None)
@given(st.lists(step, min_size=8, max_size=50))
def test_any_sequence_ends_as_its_last_rows_say(steps: list[tuple[str, Any]]) -> None:
    lived, fresh = Store(lambda: NOW), Store(lambda: NOW)
    play(lived, [("put", ("jobs", job(job_id=key))) for key in JOBS] + steps)
    for table in lived.tables():
        fresh.keep(table, list(lived.rows(table).values()))
    said = facts(lived)
    assert said == facts(fresh)
    counts, lines = said["counts"], list(lived.jobs.lines.values())
    by_status = Counter(line.status for line in lines if line.status != "odd")
    assert {name: getattr(counts, name) for name in by_status} == by_status
    assert counts.total == len(lines) == len(lived.rows("jobs"))
    assert counts.unknown_directories == sum(line.unknown for line in lines)
    for line in lines:
        outcomes_ = Counter(one.outcome for one in lived.jobs.directories(line.id))
        counted = {name: getattr(line, name) for name in ("submitted", "failed", "unknown", "skipped", "running")}
        assert counted == {name: outcomes_[name] for name in counted}
        assert sum(counted.values()) + line.waiting == line.total
    by_host, by_minute = recounted(lived)
    told = {
        (host, name): count for host, rate in said["rates"].items() for name, count in zip(RATED, rate, strict=True)
    }
    assert {key: count for key, count in told.items() if count} == {
        key: count for key, count in by_host.items() if key[1] in RATED and key[0] in said["rates"]
    }
    assert {host for host, name in by_host if name in RATED[:3]} == set(said["rates"])
    minutes = said["minutes"]
    assert by_minute == {
        (minute, name): count
        for name in RATED[:3]
        for minute, count in zip(minutes.minutes, getattr(minutes, name), strict=True)
        if count
    }


@pytest.mark.parametrize("table", ["job_results", "directory_submissions"])
@pytest.mark.parametrize("place", [("j1", HOSTS[1]), ("j2", HOSTS[0]), ("j2", HOSTS[1])])
def test_a_row_that_moves_leaves_its_old_directory(table: str, place: tuple[str, str]) -> None:
    def row(job_id: str, host: str) -> dict[str, Any]:
        if table == "job_results":
            return result("failed", host=host, job_id=job_id)
        return {"id": 1, "submission_queue_id": job_id, "directory_url": f"http://{host}/add", "status": "failed"}

    store = Store(lambda: NOW)
    for where in (("j1", HOSTS[0]), place):
        for key in JOBS:
            store.put("jobs", job(job_id=key))
        store.put(table, row(*where))
        store.take_changed()
        assert [(key, one.host) for key in JOBS for one in store.jobs.directories(key)] == [where]
