"""The seed on a real PostgreSQL, the real queue endpoint and the real practice site."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg
import pytest

from services.domain.messages import parse_job_message
from services.domain.passwords import verify_password
from services.local.practice import app as practice
from services.local.queue import app as queue
from services.local.seed import SeedReport, SqsAccess, seed_practice, seed_staff
from services.local.seed_queues import open_sqs
from tests.local_http import serve
from tests.postgres import running_postgres

pytestmark = pytest.mark.stack
PASSWORD = "not-a-secret"


class Ground(msgspec.Struct):
    """What a seed needs, and what it must not touch twice."""

    database_url: str
    sqs: SqsAccess
    practice_url: str

    def seed(self, *, port: int | None = None, password: str = PASSWORD) -> SeedReport:
        own = urlsplit(self.practice_url).port
        assert own
        seed_staff(self.database_url, password)
        return seed_practice(self.database_url, port or own, self.sqs, self.practice_url)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as database:
            return database.execute(query.encode(), values).fetchall()


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    requests = tmp_path_factory.mktemp("practice") / "requests.jsonl"
    with (
        running_postgres() as server,
        serve(lambda origin: queue.build_app(server.url, origin)) as queue_origin,
        serve(lambda _: practice.build_app(requests)) as practice_url,
    ):
        yield Ground(server.url, SqsAccess(queue_origin, "LOCALTEST", "secret", "us-east-2"), practice_url)


@pytest.fixture(scope="module")
def first(ground: Ground) -> SeedReport:
    began = time.monotonic()
    report = ground.seed()
    assert time.monotonic() - began < 10
    return report


def test_the_first_seed_writes_what_it_reports(ground: Ground, first: SeedReport) -> None:
    assert first.directories >= 60
    assert (first.customers, first.orders, first.dead_letters, first.moved) == (24, 40, 4, 0)
    for table, count in (
        ("directories", first.directories),
        ("customers", 24),
        ("jobs", 40),
        ("directory_submissions", first.submissions),
        ("outbox", 34),
    ):
        assert ground.rows(f"select count(*) from public.{table}") == [(count,)], table
    assert 200 <= first.submissions <= 260


def test_no_outcome_and_no_past_is_made_up(ground: Ground, first: SeedReport) -> None:
    assert first
    for table in ("job_results", "queue_history", "flow_runs", "worker_heartbeats"):
        assert ground.rows(f"select count(*) from public.{table}") == [(0,)], table
    assert ground.rows("select distinct status, progress, directories_done, started_at from public.jobs") == [
        ("pending", 0, 0, None)
    ]
    assert ground.rows("select 1 from public.jobs where now() - created_at > interval '5 minutes'") == []


def test_each_job_has_the_work_list_that_it_paid_for(ground: Ground, first: SeedReport) -> None:
    assert first
    wrong = """
        select j.id from public.jobs j join public.directory_submissions s on s.submission_queue_id = j.id
          left join public.directories d on d.submission_url = s.directory_url and d.active and d.tier_required <=
               case j.package_type when 'starter' then 1 when 'growth' then 2 when 'professional' then 3 else 4 end
         group by j.id having count(d.id) <> j.package_size or j.directories_total <> j.package_size"""
    assert ground.rows(wrong) == []
    used = ground.rows("select count(distinct directory_url), count(distinct submission_queue_id)"
                       " from public.directory_submissions")  # fmt: skip
    assert used[0][0] >= 55
    assert used[0][1] == 40


def test_two_orders_were_paid_and_never_queued(ground: Ground, first: SeedReport) -> None:
    assert first
    without = ground.rows(
        "select id from public.jobs j where not exists (select from public.outbox o where o.job_id = j.id)"
    )
    assert len(without) == 2 + first.dead_letters


def test_the_queue_itself_moved_the_dead_letters(ground: Ground, first: SeedReport) -> None:
    assert first
    client = open_sqs(ground.sqs)
    dead = client.get_queue_url(QueueName="DirectoryBolt-dlq")["QueueUrl"]
    main = client.get_queue_url(QueueName="DirectoryBolt")["QueueUrl"]
    names: Any = ["All"]
    attributes = client.get_queue_attributes(QueueUrl=main, AttributeNames=names)["Attributes"]
    assert (attributes["ApproximateNumberOfMessages"], attributes["MessageRetentionPeriod"]) == ("0", "345600")
    assert attributes["VisibilityTimeout"] == "300"
    policy = json.loads(attributes["RedrivePolicy"])
    assert int(policy["maxReceiveCount"]) == 3
    found = client.get_queue_attributes(QueueUrl=dead, AttributeNames=names)["Attributes"]
    assert (found["QueueArn"], found["MessageRetentionPeriod"]) == (policy["deadLetterTargetArn"], "1209600")
    messages = client.receive_message(
        QueueUrl=dead, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
    )["Messages"]
    client.close()
    bodies = [message["Body"] for message in messages]
    readable = [json.loads(body) for body in bodies if body.startswith("{")]
    assert (len(bodies), len(readable)) == (4, 3)
    assert [body["priority"] for body in readable if "customer_id" not in body] == [3]
    jobs = {str(row[0]) for row in ground.rows("select id from public.jobs")}
    assert {parse_job_message(json.dumps(body)).job_id for body in readable} < jobs
    assert all(message["MessageAttributes"]["job_id"]["StringValue"] in jobs for message in messages)
    assert ground.rows("select count(*) from public.outbox where body ->> 'job_id' = any (%s)",
                       [body["job_id"] for body in readable]) == [(0,)]  # fmt: skip


def test_some_practice_sites_misbehave(ground: Ground, first: SeedReport) -> None:
    assert first
    sites = httpx.get(f"{ground.practice_url}/_sites", trust_env=False).json()
    modes = [site["mode"] for site in sites if site["mode"] != "ok"]
    assert set(modes) == {"fail", "drop", "error500", "changed", "slow", "sometimes500", "not_received"}
    hosts = [site["host"] for site in sites if site["mode"] != "ok"]
    hit = ground.rows("select distinct private.host_of(directory_url) from public.directory_submissions")
    assert set(hosts) <= {row[0] for row in hit}


def test_one_person_of_each_role_can_sign_in(ground: Ground, first: SeedReport) -> None:
    assert first
    rows = ground.rows("select email, password_hash, app_metadata ->> 'role' from auth.users order by email")
    assert [(email, role) for email, _, role in rows] == [
        ("desk-1@directory-bolt.example", "operator"),
        ("desk-2@directory-bolt.example", "viewer"),
        ("desk-3@directory-bolt.example", "admin"),
    ]
    assert all(verify_password(PASSWORD, hashed) for _, hashed, _ in rows)


def test_people_that_an_older_stack_lacks_are_added(ground: Ground, first: SeedReport) -> None:
    assert first
    with psycopg.connect(ground.database_url) as database:
        database.execute("delete from auth.users where email <> 'desk-1@directory-bolt.example'")
    ground.seed()
    assert ground.rows("select count(*), count(distinct password_hash) from auth.users") == [(3, 1)]


def test_a_second_seed_adds_nothing_and_leaves_switches_alone(ground: Ground, first: SeedReport) -> None:
    assert first
    before = ground.rows("select id, version, updated_at from public.jobs order by id")
    order = {"host": "findalocal.localhost", "mode": "ok"}
    httpx.post(f"{ground.practice_url}/_switch", json=order, trust_env=False).raise_for_status()
    assert ground.seed() == SeedReport()
    assert ground.rows("select id, version, updated_at from public.jobs order by id") == before
    sites = httpx.get(f"{ground.practice_url}/_sites", trust_env=False).json()
    assert [site["mode"] for site in sites if site["host"] == order["host"]] == ["ok"]


def test_a_new_port_moves_what_is_still_to_be_visited(ground: Ground, first: SeedReport) -> None:
    with psycopg.connect(ground.database_url) as database:
        [ended] = database.execute(
            "update public.directory_submissions set status = 'submitted' where id ="
            " (select min(id::text)::uuid from public.directory_submissions) returning directory_url"
        ).fetchall()
        database.execute(
            "insert into public.directories (name, submission_url) values ('Foreign', 'http://foreign.localhost:9/add')"
        )
    report = ground.seed(port=4711)
    assert msgspec.structs.replace(report, moved=0) == SeedReport()
    assert report.moved == 2 * first.directories + first.submissions - 1
    assert ground.rows(
        "select directory_url from public.directory_submissions where directory_url !~ ':4711/add$'"
    ) == [ended]
    urls = "select submission_url from public.directories where submission_url !~ '^http://[a-z0-9]+[.]localhost:4711/add$'"
    assert ground.rows(urls) == [("http://foreign.localhost:9/add",)]
    assert ground.seed(port=4711) == SeedReport()


def test_a_new_password_replaces_the_old_one(ground: Ground, first: SeedReport) -> None:
    assert first
    ground.seed(port=4711, password="another")
    [(hashed,)] = ground.rows("select distinct password_hash from auth.users")
    assert verify_password("another", hashed)


def test_a_seed_that_was_cut_short_is_finished_by_the_next(ground: Ground, first: SeedReport) -> None:
    assert first
    letters = "select body from sqs.messages where source_queue is not null"
    before = len(ground.rows(letters))
    with psycopg.connect(ground.database_url) as database:
        database.execute("delete from public.outbox where job_id in (select id from public.jobs order by id limit 5)")
        gone = database.execute("delete from public.jobs where id in (select id from public.jobs j where not exists"
                                " (select from public.outbox o where o.job_id = j.id) order by id limit 5)"
                                " returning id").fetchall()  # fmt: skip
    report = ground.seed(port=4711)
    assert report.orders == len(gone) == 5
    assert ground.rows("select count(*) from public.jobs") == [(40,)]
    assert report.dead_letters > 0
    assert len(ground.rows(letters)) == before, "a dead letter that was sent before the kill is not doubled"
