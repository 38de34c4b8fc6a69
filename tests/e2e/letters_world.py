"""Dead letters of mixed kinds on a local stack, each job with three directories, and the judgement on their replay."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import httpx
import psycopg
from psycopg.types.json import Jsonb

from services.domain.keys import idempotency_key
from services.domain.messages import job_message_body, message_attributes
from services.local.seed_queues import DEAD, SqsAccess, open_sqs
from tests.local_stack import RunningStack

_SITES: Final = ("plain", "select", "strict")
KINDS: Final = (
    "native", "made by the application", "one directory is live", "all directories are live", "no JSON",
    "for the job before", "outcome unknown", "no such job", "cancelled", "odd values",
)  # fmt: skip
SENT: Final = ("native", "made by the application", "one directory is live", "outcome unknown", "odd values")
"""Kinds of which a replay sends one message for each job."""
KEPT: Final = ("no JSON", "no such job", "cancelled")
"""Kinds that stay among the dead letters: nothing can be done with them, and only a person says that they are junk."""
Directories = dict[str, str]
"""Host -> status on the job's work list."""


class LettersWorld:
    """`count` letters, the kinds in turn. The queue holds nothing else, and no other job is left to work on."""

    def __init__(self, stack: RunningStack, count: int, seed: int) -> None:
        self._stack = stack
        self._chance = random.Random(seed)
        self._database_url = stack.witness().database_url
        practice = stack.env["PRACTICE_URL"]
        sites = httpx.get(f"{practice}/_sites", trust_env=False, timeout=30).json()
        self._hosts = [site["host"] for site in sites if site["mode"] == "ok" and site["kind"] in _SITES]
        self._port = practice.rsplit(":", 1)[1]
        self._asked: dict[str, list[str]] = {}
        """Business -> the hosts that have to take it in, once each."""
        self._businesses: set[str] = set()
        self.kinds = Counter(KINDS[number % len(KINDS)] for number in range(count))
        self._letters: list[tuple[str, dict[str, Any]]] = []
        with psycopg.connect(self._database_url) as database:
            database.execute("delete from sqs.messages where queue = %s", (DEAD,))
            database.execute("update jobs set status = 'cancelled' where status in ('pending', 'in_progress')")
            for number in range(count):
                self._add(database, KINDS[number % len(KINDS)], number)
        self._chance.shuffle(self._letters)
        self._send()

    def judge(self) -> dict[str, int]:
        """Assert that each directory was submitted exactly once, and that what is left is what should be."""
        listed = self._listings()
        wanted = {(business, host): 1 for business, hosts in self._asked.items() for host in hosts}
        assert listed == wanted, {
            key: (wanted.get(key, 0), listed.get(key, 0)) for key in wanted.keys() ^ listed.keys()
        }
        left = self._stack.witness().queue_count(DEAD)
        assert left == sum(self.kinds[kind] for kind in KEPT), f"{left} are left among the dead letters"
        assert self._stack.witness().queue_count("DirectoryBolt") == 0
        acts = self._stack.witness().query(
            "select act, total, done, state from staff_operations where act in ('replay', 'archive')"
            " order by started_at"
        )
        sent = sum(self.kinds[kind] for kind in SENT)
        assert acts[-2:-1] == [("replay", sent, sent, "done")], acts
        return {"letters": sum(self.kinds.values()), "sent": sent, "archived": acts[-1][2], "submitted": len(wanted)}

    def settled(self) -> bool:
        """Whether every directory that should be submitted has an outcome."""
        with psycopg.connect(self._database_url) as database:
            rows = database.execute(
                "select count(*) from job_results r join jobs j on j.id = r.job_id"
                " join customers c on c.id = j.customer_id"
                " where c.business_name = any(%s) and r.status = 'submitted' and not r.payload ? 'earlier'",
                (list(self._asked),),
            ).fetchall()
        return bool(rows[0][0] >= sum(map(len, self._asked.values())))

    def _add(self, database: psycopg.Connection, kind: str, number: int) -> None:
        if kind == "no JSON":
            self._letters.append((f"please start job {number}", {}))
        elif kind == "no such job":
            self._letters.append(self._letter(self._id(), self._id()))
        elif kind == "for the job before":
            # The last job that waits has a letter already.
            self._letters.append(self._letter(*self._last))
        else:
            self._add_job(database, kind, number)

    def _add_job(self, database: psycopg.Connection, kind: str, number: int) -> None:
        job, customer = self._id(), self._id()
        business = f"Letter {number} of {job[:8]}"
        hosts = self._chance.sample(self._hosts, 3)
        status = {"all directories are live": "completed", "cancelled": "cancelled"}.get(kind, "pending")
        database.execute(
            "insert into customers (id, email, business_name, package_type, phone, website, city, state)"
            " values (%s, 'a@b.example', %s, 'starter', '2125550123', 'https://a.example', 'Troy', 'NY')",
            (customer, business),
        )
        database.execute(
            "insert into jobs (id, customer_id, status, package_type, package_size, directories_total)"
            " values (%s, %s, %s, 'starter', 3, 3)",
            (job, customer, status),
        )
        first = {"one directory is live": "submitted", "outcome unknown": "submitting"}.get(kind, "pending")
        listed = dict(zip(hosts, (first, "pending", "pending"), strict=True))
        if kind == "all directories are live":
            listed = dict.fromkeys(hosts, "submitted")
        for host, state in listed.items():
            self._add_directory(database, job, business, host, state)
        if status == "pending":
            self._last = job, customer
            self._asked[business] = [host for host, state in listed.items() if state == "pending"]
        self._businesses.add(business)
        shape: dict[str, Callable[[str, str], tuple[str, dict[str, Any]]]] = {
            "made by the application": self._made, "odd values": self._odd,
        }  # fmt: skip
        self._letters.append(shape.get(kind, self._letter)(job, customer))

    def _add_directory(self, database: psycopg.Connection, job: str, business: str, host: str, state: str) -> None:
        database.execute(
            "insert into directory_submissions (submission_queue_id, directory_url, status) values (%s, %s, %s)",
            (job, f"http://{host}:{self._port}/add", state),
        )
        if state != "pending":
            key = idempotency_key(job, host, {"name": business, "dir": host})
            database.execute(
                "insert into job_results (job_id, directory_name, status, idempotency_key, payload, created_at,"
                " claim_owner, claim_expires_at) values (%s, %s, %s, %s, %s, now() - interval '2 hours', %s,"
                " now() - interval '1 hour')",
                (job, host, state, key, Jsonb({"earlier": True}), "w-9" if state == "submitting" else None),
            )

    def _letter(self, job: str, customer: str) -> tuple[str, dict[str, Any]]:
        body = self._body(job, customer)
        return json.dumps(body), message_attributes(body)

    def _made(self, job: str, customer: str) -> tuple[str, dict[str, Any]]:
        body = {**self._body(job, customer), "_dlq_reason": "no pool", "_original_message_id": self._id()}
        return json.dumps(body), {}

    def _odd(self, job: str, customer: str) -> tuple[str, dict[str, Any]]:
        body = {**self._body(job, customer), "priority": 3, "package_size": "starter", "created_at": None, "more": [1]}
        return json.dumps(body), message_attributes(body)

    def _body(self, job: str, customer: str) -> dict[str, Any]:
        return job_message_body(
            job_id=job, customer_id=customer, package_type="starter", package_size=3,
            created_at="2026-11-20T10:00:00Z", source="staff_retry",
        )  # fmt: skip

    def _send(self) -> None:
        env = self._stack.env
        client = open_sqs(
            SqsAccess(
                env["AWS_ENDPOINT_URL_SQS"],
                env["AWS_DEFAULT_ACCESS_KEY_ID"],
                env["AWS_DEFAULT_SECRET_ACCESS_KEY"],
                "us-east-2",
            )
        )
        for at in range(0, len(self._letters), 10):
            entries: list[Any] = [
                {"Id": str(number), "MessageBody": body, "MessageAttributes": attributes}
                for number, (body, attributes) in enumerate(self._letters[at : at + 10])
            ]
            answer = client.send_message_batch(QueueUrl=env["SQS_DLQ_URL"], Entries=entries)
            assert not answer.get("Failed"), answer
        client.close()

    def _listings(self) -> Counter[tuple[str, str]]:
        """How often each site has taken in each business, by the sites' own log."""
        found: Counter[tuple[str, str]] = Counter()
        for line in (self._stack.home / "local" / "practice" / "requests.jsonl").read_bytes().splitlines():
            entry = json.loads(line)
            if entry.get("listing") is not None:
                for business in self._businesses.intersection(entry["form"].values()):
                    found[business, entry["host"]] += 1
        return found

    def _id(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
