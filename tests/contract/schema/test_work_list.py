"""A job's work list: which directories, in which order, how many."""

from __future__ import annotations

import psycopg
import pytest

from tests.contract.schema.rows import add_directory, add_job, details, events, items, job_row, one

pytestmark = pytest.mark.stack


def listed(owner: psycopg.Connection, job: str) -> int:
    return int(one(owner, "select create_work_list(%s)", job))


def job_of(owner: psycopg.Connection, package: str, size: int | None = None) -> str:
    job = add_job(owner, {}, status="pending")
    owner.execute("update jobs set package_type = %s, package_size = coalesce(%s, package_size)", (package, size))
    return job


def test_the_best_directories_of_the_package(owner: psycopg.Connection) -> None:
    add_directory(owner, "https://low.example/add", 10)
    add_directory(owner, "https://best.example/add", 90)
    add_directory(owner, "https://same-b.example/add", 50, name="B")
    add_directory(owner, "https://same-a.example/add", 50, name="A")
    add_directory(owner, "https://off.example/add", 99, active=False)
    add_directory(owner, "https://dear.example/add", 99, tier_required=2)
    job = job_of(owner, "starter", 3)
    assert listed(owner, job) == 3
    assert set(items(owner, job)) == {"best.example", "same-a.example", "same-b.example"}
    assert job_row(owner, job) == ("pending", 0, 3, 0, None)
    assert events(owner, job) == []
    # Of two with one authority the name decides.
    second = job_of(owner, "starter", 2)
    listed(owner, second)
    assert set(items(owner, second)) == {"best.example", "same-a.example"}


@pytest.mark.parametrize(("package", "tier"), [("starter", 1), ("growth", 2), ("professional", 3), ("enterprise", 4)])
def test_a_package_reaches_its_tiers(owner: psycopg.Connection, package: str, tier: int) -> None:
    for required in range(1, 5):
        add_directory(owner, f"https://t{required}.example/add", 50, tier_required=required)
    job = job_of(owner, package)
    assert listed(owner, job) == tier
    assert set(items(owner, job)) == {f"t{required}.example" for required in range(1, tier + 1)}


def test_fewer_than_paid_for_is_said_once(owner: psycopg.Connection) -> None:
    add_directory(owner, "https://a.example/add", 50)
    job = job_of(owner, "starter")
    assert [listed(owner, job), listed(owner, job)] == [1, 1]
    assert events(owner, job) == ["work_list_short"]
    assert details(owner, job, "work_list_short") == {"listed": 1, "package_size": 50}
    assert job_row(owner, job)[2] == 1


def test_called_again_it_never_lists_more_than_was_paid_for(owner: psycopg.Connection) -> None:
    for authority in (10, 20):
        add_directory(owner, f"https://d{authority}.example/add", authority)
    job = job_of(owner, "starter", 3)
    assert listed(owner, job) == 2
    for authority in (30, 40, 50):
        add_directory(owner, f"https://d{authority}.example/add", authority)
    assert listed(owner, job) == 3
    assert set(items(owner, job)) == {"d10.example", "d20.example", "d50.example"}


def test_one_host_is_one_directory(owner: psycopg.Connection) -> None:
    add_directory(owner, "https://a.example/old", 40)
    add_directory(owner, "https://A.example:8080/new", 60)
    add_directory(owner, "a.example/no-scheme", 99)
    job = job_of(owner, "starter")
    assert listed(owner, job) == 1
    assert one(owner, "select directory_url from directory_submissions") == "https://A.example:8080/new"
    owner.execute("delete from directories where domain_authority = 60")
    assert listed(owner, job) == 1, "its host is listed already"


def test_an_empty_directory_table(owner: psycopg.Connection) -> None:
    job = job_of(owner, "starter")
    assert listed(owner, job) == 0
    assert details(owner, job, "work_list_short")["listed"] == 0


@pytest.mark.parametrize(
    ("package", "priority"),
    [("starter", "starter"), ("growth", "starter"), ("professional", "pro"), ("enterprise", "enterprise")],
)
def test_the_message_of_a_job(owner: psycopg.Connection, package: str, priority: str) -> None:
    job = job_of(owner, package, 7)
    number = one(owner, "select private.queue_job(%s, 'intake')", job)
    body = one(owner, "select body from outbox where id = %s and sent_at is null", number)
    customer = one(owner, "select customer_id::text from jobs where id = %s", job)
    assert body.pop("created_at").endswith("Z")
    assert body == {
        "job_id": job, "customer_id": customer, "package_size": 7, "priority": priority, "source": "intake",
    }  # fmt: skip
