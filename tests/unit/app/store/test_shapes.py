"""Production differs from the specification: each known shape is read as what it means."""

from __future__ import annotations

import pytest

from app.store.hops import hops_of
from app.store.lines import JobLine
from app.store.link import TableState
from app.store.store import Store
from services.domain.statuses import job_status_shape, job_status_word
from tests.unit.app.store.rows import NOW, at, counts, event, job, new_store, result


@pytest.fixture
def store() -> Store:
    return new_store()


# 1. Columns that count may be missing from jobs.


def test_the_work_list_says_the_total(store: Store) -> None:
    store.put("jobs", job(package_size=50, directory_limit=40))
    for number in range(3):
        row = {"id": number, "submission_queue_id": "j1", "directory_url": f"http://d{number}.localhost/add"}
        store.put("directory_submissions", row | {"status": "pending"})
    assert counts(store) == {"waiting": 3, "total": 3}


@pytest.mark.parametrize(
    ("columns", "total"),
    [
        ({"directories_total": 30, "directory_limit": 40, "package_size": 50}, 30),
        ({"directory_limit": 40, "package_size": 50}, 40),
        ({"package_size": 50}, 50),
        ({}, 0),
    ],
)
def test_without_a_list_the_limit_says_it_then_the_package(store: Store, columns: dict[str, int], total: int) -> None:
    store.put("jobs", job("pending", **columns))
    assert counts(store).get("total", 0) == total


def test_a_change_without_the_limit_keeps_it(store: Store) -> None:
    store.put("jobs", job(directory_limit=40))
    store.put("jobs", {"id": "j1", "status": "completed"})
    assert counts(store)["total"] == 40


def test_done_comes_from_results_and_history(store: Store) -> None:
    store.put("jobs", job(package_size=5))
    store.put("job_results", result("submitted"))
    store.put("queue_history", event(1, "failed", host="b.localhost"))
    assert counts(store) == {"submitted": 1, "failed": 1, "waiting": 3, "total": 5, "done": 2}


def test_results_alone_tell_how_many_a_minute(store: Store) -> None:
    store.put("jobs", job(package_size=5))
    store.put("job_results", result("submitted", 100))
    store.put("job_results", result("submitting", 100, "b.localhost", "r2"))
    store.put("job_results", result("failed", 100, "c.localhost", "r3", updated_at=None, created_at=None))
    store.take_changed()
    assert sum(store.rates.per_minute(NOW).submitted) == 1
    store.put("queue_history", event(1, "submitted", 40))
    store.take_changed()
    assert sum(store.rates.per_minute(NOW).submitted) == 1


# 2. Statuses of jobs have many spellings.


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("complete", "completed"), ("in-progress", "in_progress"), ("processing", "in_progress"),
        ("queued", "pending"), ("paused", "paused"), ("cancelled", "cancelled"), ("Archived", "Archived"),
    ],
)  # fmt: skip
def test_spellings_of_a_job_status(store: Store, raw: str, shown: str) -> None:
    store.put("jobs", job(raw))
    store.take_changed()
    assert store.jobs.lines["j1"].status == shown
    known = {name: getattr(store.counts(), name, 0) for name in ("pending", "in_progress", "completed")}
    assert sum(known.values()) == (shown in known)
    assert store.counts().total == 1


def test_an_unknown_job_status_is_shown_raw() -> None:
    assert (job_status_word("Archived"), job_status_shape("Archived")) == ("Archived", "unknown")


# 3. So have those of results, and the column may be called submission_status.


@pytest.mark.parametrize("column", ["status", "submission_status"])
@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        ("pending", "waiting"), ("processing", "running"), ("submitting", "running"), ("submitted", "submitted"),
        ("success", "submitted"), ("approved", "submitted"), ("failed", "failed"), ("rejected", "failed"),
        ("error", "failed"), ("skipped", "skipped"), ("retry", "waiting"), ("unknown", "unknown"),
        ("requires_manual", "failed"), ("captcha_failed", "failed"), ("2fa_required", "failed"),
        ("never_seen", "unknown"),
    ],
)  # fmt: skip
def test_spellings_of_a_result_status(store: Store, column: str, raw: str, outcome: str) -> None:
    store.put("jobs", job())
    row = result("", ago=10)
    del row["status"]
    store.put("job_results", {**row, column: raw})
    store.take_changed()
    assert [line.outcome for line in store.jobs.directories("j1")] == [outcome]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("captcha_failed", "This directory asks for a captcha; a person is needed"),
        ("2FA_required", "This directory asks for a code that it sent by e-mail; a person is needed"),
        ("requires_manual", "A person is needed for this directory"),
        ("rejected", "The directory rejected the entry"),
        ("failed", ""),
    ],
)
def test_a_status_may_say_why(store: Store, raw: str, words: str) -> None:
    store.put("jobs", job())
    store.put("job_results", result(raw))
    store.take_changed()
    assert store.jobs.directories("j1")[0].words == words
    store.put("job_results", {"id": "r1", "error_message": "Its own words."})
    store.take_changed()
    assert store.jobs.directories("j1")[0].words == "Its own words."


# 4. The second shape of queue_history.


def test_the_second_shape_names_its_job_in_metadata(store: Store) -> None:
    store.put("jobs", job("in_progress"))
    metadata = {"job_id": "j1", "event": "queue_claimed", "message_id": "m"}
    store.put("queue_history", {"id": 1, "customer_id": "c1", "metadata": metadata, "created_at": at(5)})
    store.put("queue_history", {"id": 2, "status_from": "pending", "status_to": "in_progress", "metadata": metadata | {
        "event": None}, "created_at": at(4)})  # fmt: skip
    assert [one.event for one in store.jobs.history("j1")] == ["queue_claimed", "pending -> in_progress"]


def test_the_second_shape_names_its_directory_and_its_error_elsewhere(store: Store) -> None:
    store.put("jobs", job())
    metadata = {"job_id": "j1", "event": "failed", "directory_name": "x.localhost"}
    row = {"id": 1, "metadata": metadata, "error_message": "It broke.", "created_at": at(5)}
    store.put("queue_history", row)
    store.put("queue_history", row | {"id": 2, "metadata": metadata | {"error": "Its own.", "directory_name": "y"}})
    store.take_changed()
    assert [(one.host, one.error) for one in store.jobs.directories("j1")] == [
        ("x.localhost", "It broke."), ("y", "Its own."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "hops"),
    [
        (["— -> pending", "pending -> in-progress"], (False, True, False)),
        (["pending -> in_progress", "in_progress -> complete"], (False, True, True)),
        (["pending -> in_progress", "in_progress -> failed", "failed -> queued"], (False, False, False)),
        (["failed -> pending", "queue_claimed", "pending -> processing", "processing -> odd"], (True, True, False)),
    ],
)
def test_a_step_from_status_to_status_shows_a_hop(store: Store, steps: list[str], hops: tuple[bool, ...]) -> None:
    store.put("jobs", job())
    for number, step in enumerate(steps):
        store.put("queue_history", event(number, step, 50 - number, None))
    found = hops_of(store.jobs.hop_events("j1"))
    assert (found.claimed_at is not None, found.started_at is not None, found.finalized_at is not None) == hops


def test_an_outcome_and_its_completion_count_once_in_either_order(store: Store) -> None:
    store.put("jobs", job(package_size=2))
    store.put("queue_history", event(3, "submission_complete", 9, status="failed"))
    store.put("queue_history", event(2, "failed", 9.5))
    store.put("queue_history", event(1, "submitting", 10))
    store.put("queue_history", event(4, "submission_complete", 5, "b.localhost", status="submitted"))
    assert counts(store) == {"submitted": 1, "failed": 1, "total": 2, "done": 2}
    assert sum(store.rates.per_minute(NOW).failed) == 1
    assert sum(store.rates.per_minute(NOW).submitted) == 1


# 5. Ids and times come in many types.


@pytest.mark.parametrize("job_id", [7, "7", "11111111-1111-1111-1111-111111111111"])
def test_ids_are_opaque_text(store: Store, job_id: object) -> None:
    store.put("jobs", job(job_id=job_id, customer_id=3))
    store.put("customers", {"id": "3", "business_name": "Old Mill Pizza"})
    store.put("job_results", result("submitted") | {"id": 5, "job_id": job_id})
    assert counts(store, str(job_id))["submitted"] == 1
    assert store.jobs.lines[str(job_id)].business == "Old Mill Pizza"


@pytest.mark.parametrize(
    "text",
    ["1970-01-12T13:46:40", "1970-01-12 13:46:40+00", "1970-01-12T13:46:40.000000Z", "1970-01-12T14:46:40+01:00"],
)
def test_naive_times_are_utc(store: Store, text: str) -> None:
    store.put("jobs", job(created_at=text))
    store.take_changed()
    assert store.jobs.lines["j1"].created_at == NOW


def test_a_result_without_times_is_still_an_outcome(store: Store) -> None:
    store.put("jobs", job())
    store.put("job_results", {"id": 1, "job_id": "j1", "directory_name": "a.localhost", "status": "failed"})
    assert counts(store)["failed"] == 1
    assert store.jobs.directories("j1")[0].when is None


# 6. Heartbeats.


@pytest.mark.parametrize("column", ["last_heartbeat", "last_seen"])
def test_a_sign_of_life_has_two_names(store: Store, column: str) -> None:
    store.put("worker_heartbeats", {"worker_id": "w", column: at(3)})
    assert store.get("worker_heartbeats", "w").last_heartbeat == NOW - 3


def test_no_heartbeat_calls_no_running_job_dead(store: Store) -> None:
    store.put("jobs", job("in_progress", started_at=at(60)))
    store.put("queue_history", event(1, "flow_started", 60, None))
    store.put("queue_history", event(2, "submitting", 5))
    store.take_changed()
    assert store.jobs.lines["j1"].diagnosis.words == ""


# 7. A customer has one job only: a retry is a new round of it.


def test_a_retried_job_stays_one_line(store: Store) -> None:
    store.put("jobs", job("completed"))
    store.put("queue_history", event(1, "job_finalized", 50, None))
    store.put("queue_history", event(2, "staff_retry", 5, None))
    store.put("jobs", job("pending", version=2))
    store.put("outbox", {"id": 1, "job_id": "j1", "created_at": at(5)})
    store.take_changed()
    assert list(store.jobs.lines) == ["j1"]
    assert store.jobs.lines["j1"].diagnosis.words == "Waiting to be queued"


# 8. A result may say submitting for ever.


@pytest.mark.parametrize("kind", ["submitted", "failed", "unknown", "skipped"])
def test_the_later_outcome_event_wins_over_submitting(store: Store, kind: str) -> None:
    store.put("jobs", job())
    store.put("job_results", result("submitting", 9000))
    store.put("queue_history", event(1, kind, 8990))
    assert counts(store)[kind] == 1


@pytest.mark.parametrize(("ago", "name"), [(2000, "running"), (2020, "unknown")])
def test_submitting_for_longer_than_all_retries_is_unknown(store: Store, ago: float, name: str) -> None:
    store.put("jobs", job())
    store.put("job_results", result("submitting", ago))
    assert counts(store) == {name: 1, "total": 1}


# 9. Several rows for one directory.


def test_rows_of_one_directory_are_one_outcome_and_the_best_wins(store: Store) -> None:
    store.put("jobs", job())
    for number, (host, status) in enumerate(
        [("A.localhost", "failed"), ("a.localhost", "submitted"), ("http://a.localhost:81/add", "failed")]
    ):
        store.put("job_results", result(status, 100 - number, host, f"r{number}"))
    store.put("queue_history", event(1, "failed", 90, "A.LOCALHOST"))
    assert counts(store) == {"submitted": 1, "total": 1, "done": 1}
    assert [(one.host, one.outcome) for one in store.jobs.directories("j1")] == [("a.localhost", "submitted")]


def test_a_directory_without_a_readable_address_is_kept_as_it_is(store: Store) -> None:
    store.put("jobs", job())
    store.put("directory_submissions", {"id": 1, "submission_queue_id": "j1", "directory_url": "http://[broken"})
    store.take_changed()
    assert [one.host for one in store.jobs.directories("j1")] == ["http://[broken"]


# 10. A completed job may carry an error.


def test_a_completed_job_with_an_error_is_completed(store: Store) -> None:
    store.put("jobs", job("completed", error_message="3 of 50 submissions failed"))
    store.put("queue_history", event(1, "flow_completed", 5, None, status="completed"))
    store.take_changed()
    line = store.jobs.lines["j1"]
    assert (line.status, line.diagnosis.words, line.diagnosis.shape) == (
        "completed", "3 of 50 submissions failed", None,
    )  # fmt: skip
    assert store.counts().completed == 1


def test_flow_completed_never_says_how_a_job_ended(store: Store) -> None:
    store.put("jobs", job("failed"))
    store.put("queue_history", event(1, "job_finalized", 6, None, final_status="failed"))
    store.put("queue_history", event(2, "flow_completed", 5, None, status="completed"))
    store.take_changed()
    assert store.jobs.lines["j1"].status == "failed"


# 11. Production touches jobs at its start and end only: the column and the derivation agree where both exist.


def test_a_column_that_stands_still_does_not_stop_progress(store: Store) -> None:
    store.put("jobs", job(directories_total=3, directories_done=0, progress=0))
    for number, host in enumerate("ab"):
        store.put("job_results", result("submitted", 10, f"{host}.localhost", f"r{number}"))
    assert counts(store) == {"submitted": 2, "waiting": 1, "total": 3, "done": 2}


def test_the_column_counts_where_no_evidence_is_held(store: Store) -> None:
    store.put("jobs", job(directories_total=3, directories_done=2))
    assert counts(store) == {"waiting": 3, "total": 3, "done": 2}


# 12. Tables and columns may be missing or not readable.


@pytest.mark.parametrize("kind", ["not_permitted", "not_installed", "not_reachable", "refused"])
def test_a_table_says_why_it_is_empty_and_the_rest_works(store: Store, kind: str) -> None:
    store.set_state("outbox", TableState(kind=kind, problem="Not here."))  # type: ignore[arg-type]
    store.set_state("jobs", TableState(as_of=NOW))
    store.put("jobs", job("pending", created_at=at(5)))
    assert store.take_changed().states
    assert (store.state("outbox").kind, store.state("outbox").loaded) == (kind, False)
    assert not store.stale("outbox")
    assert store.true_at("outbox") is None
    assert store.jobs.lines["j1"].status == "pending"
    assert not store.stale("jobs")


# 13. A table may be absent from the publication: what is shown has an age.


def test_how_old_a_table_is(store: Store) -> None:
    store.set_state("jobs", TableState(as_of=NOW - 60))
    store.set_link("polling")
    assert store.true_at("jobs") == NOW - 60
    store.last_event_at = NOW - 30
    assert store.true_at("jobs") == NOW - 30
    store.set_link("live")
    assert store.true_at("jobs") == NOW
    store.set_link("offline")
    assert store.stale("jobs")


# 14. Screenshots.


@pytest.mark.parametrize("where", ["https://pictures.example/a.png", "/var/worker/a.png", None])
def test_where_a_picture_is_comes_through_as_it_is(store: Store, where: str | None) -> None:
    store.put("jobs", job())
    store.put("job_results", result("failed", screenshot_url=where))
    store.take_changed()
    assert store.jobs.directories("j1")[0].screenshot_url == (where or "")


def test_a_picture_that_only_the_event_has(store: Store) -> None:
    store.put("jobs", job())
    store.put("job_results", result("failed"))
    store.put("queue_history", event(1, "failed", screenshot_url="/var/worker/b.png"))
    store.take_changed()
    assert store.jobs.directories("j1")[0].screenshot_url == "/var/worker/b.png"


# 15. Faults of the platform.


@pytest.mark.parametrize(
    "error",
    [
        "asyncio.run() cannot be called from a running event loop",
        "Task failed: 'coroutine' object has no attribute 'get'",
        "'NoneType' object has no attribute 'data'",
    ],
)
def test_a_fault_of_the_platform_is_not_the_directorys(store: Store, error: str) -> None:
    store.put("jobs", job("failed", error_message=error))
    store.put("job_results", result("failed", error_message=error))
    store.take_changed()
    assert store.jobs.lines["j1"].diagnosis.words.startswith("Platform fault: ")
    assert store.jobs.directories("j1")[0].words.startswith("Platform fault: ")


def test_a_line_says_its_package_and_how_long_it_took() -> None:
    line = JobLine("j1", package="growth", status="completed", started_at=10.0, completed_at=25.0)
    assert (line.package_word, line.elapsed(99.0)) == ("Growth", 15.0)
    assert JobLine("j1", status="in_progress", started_at=10.0).elapsed(99.0) == 89.0
    assert JobLine("j1").elapsed(99.0) is None
    assert JobLine("j1").package_word == "—"
