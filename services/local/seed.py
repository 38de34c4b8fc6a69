"""What a fresh local stack starts with: staff accounts, directories, customers and their orders.

No outcome is written here: the pipeline produces every state, against practice sites of which some misbehave.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal

import httpx
import msgspec
import psycopg
from psycopg.types.json import Jsonb

from resources import ROOT
from services.domain.messages import job_message_body
from services.domain.packages import TIERS
from services.domain.passwords import hash_password, verify_password
from services.domain.people import LOCAL_PEOPLE
from services.domain.times import to_iso
from services.local.practice.sites import Site, load_sites
from services.local.seed_queues import Letter, SqsAccess, bury, create_queues, open_sqs

__all__ = ["SeedReport", "SqsAccess", "seed_practice", "seed_staff"]

Connection = psycopg.Connection[tuple[Any, ...]]
Way = Literal["queued", "lost", "dead", "dead: not json", "dead: no customer"]
"""queued: with its outbox row. lost: paid, never queued. dead: its message is among the dead letters."""

# Fixed ids make a second seed find what the first one wrote, even one that was killed half way.
_NAMESPACE: Final = uuid.UUID("7b0c4a52-5d0e-4a36-9b1f-3c1f0d5be001")

_MISBEHAVING: Final[Mapping[str, Mapping[str, object]]] = {
    "findalocal.localhost": {"mode": "fail"},
    "bizfinder.localhost": {"mode": "fail"},
    "mainstreet.localhost": {"mode": "fail"},
    "reviewbarn.localhost": {"mode": "drop"},
    "petpages.localhost": {"mode": "drop"},
    "localpages.localhost": {"mode": "error500"},
    "wellnessrow.localhost": {"mode": "error500"},
    "greenguide.localhost": {"mode": "changed"},
    "citydesk.localhost": {"mode": "slow", "seconds": 2},
    "shopfinder.localhost": {"mode": "slow", "seconds": 2},
    "marketrow.localhost": {"mode": "slow", "seconds": 2},
}


_DIFFICULTIES: Final[Mapping[str, str]] = {"plain": "easy", "select": "easy", "strict": "medium"}
"""By kind of form; every other kind is hard."""


class SeedReport(msgspec.Struct):
    """Rows that one seed added; `moved` counts addresses that got the new port."""

    directories: int = 0
    customers: int = 0
    orders: int = 0
    submissions: int = 0
    dead_letters: int = 0
    moved: int = 0


class _Customer(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    business_name: str
    email: str
    phone: str
    website: str
    address: str
    city: str
    state: str
    zip: str
    country: str
    category: str
    description: str


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    """`first_directory`: where in the list of directories, best first, this order's work list begins."""

    key: str
    customer: str
    package_type: str
    package_size: int
    first_directory: int
    way: Way


class _Orders(msgspec.Struct, forbid_unknown_fields=True):
    customers: list[_Customer]
    orders: list[_Order]


def seed_staff(database_url: str, password: str) -> None:
    """The accounts that a console signs in with, with this password. Raises psycopg.Error."""
    with psycopg.connect(database_url, autocommit=True) as database:
        _write_staff(database, password)


def seed_practice(database_url: str, practice_port: int, sqs: SqsAccess, practice_url: str) -> SeedReport:
    """Write what is missing; a second call adds nothing, but follows a changed `practice_port`.

    Call before anything receives from the queue. Raises psycopg.Error, httpx.HTTPError, botocore's errors
    or TimeoutError; what was committed by then stays, and the next call goes on from there.
    """
    report = SeedReport()
    data = msgspec.json.decode((ROOT / "seed" / "customers.json").read_bytes(), type=_Orders)
    client = open_sqs(sqs)
    try:
        main, _ = create_queues(client)
        with psycopg.connect(database_url, autocommit=True) as database:
            _write_directories(database, load_sites(), practice_port, report)
            missing = _missing(database, data.orders)
            if missing:
                _set_switches(practice_url)
            writer = _Writer(database, data.customers, practice_port, report)
            dead = [order for order in missing if order.way.startswith("dead")]
            if dead:
                # Without its job, a message is what an earlier seed left that was killed before its commit.
                patterns = [f"%{_id('job', order.key)}%" for order in dead]
                database.execute("delete from sqs.messages where body like any (%s)", (patterns,))
                with database.transaction():
                    letters = [writer.write(order) for order in dead]
                    # Within the transaction: a job without its dead letter would look lost.
                    bury(client, main, [letter for letter in letters if letter is not None])
                report.dead_letters = len(dead)
            for order in missing:
                if order not in dead:
                    with database.transaction():
                        writer.write(order)
    finally:
        client.close()
    return report


def _id(kind: str, key: str) -> uuid.UUID:
    return uuid.uuid5(_NAMESPACE, f"{kind}:{key}")


def _address(host: str, port: int) -> str:
    return f"http://{host}:{port}/add"


def _write_staff(database: Connection, password: str) -> None:
    """One person of each role, all with this password: they have one hash, for to check or make one takes time."""
    emails = [person.email for person in LOCAL_PEOPLE]
    found = database.execute("select password_hash from auth.users where email = any (%s)", (emails,)).fetchall()
    hashes = {row[0] for row in found}
    if len(found) == len(emails) and len(hashes) == 1 and verify_password(password, *hashes):
        return
    made = hash_password(password)
    with database.transaction():
        for person in LOCAL_PEOPLE:
            database.execute(
                "insert into auth.users (id, email, password_hash, app_metadata) values (%s, %s, %s, %s)"
                " on conflict (email) do update set password_hash = excluded.password_hash",
                (_id("user", person.email), person.email, made, Jsonb({"role": person.role})),
            )


def _write_directories(database: Connection, sites: Mapping[str, Site], port: int, report: SeedReport) -> None:
    with database.transaction(), database.cursor() as cursor:
        for site in sites.values():
            cursor.execute(
                "insert into public.directories (id, name, website, submission_url, category, domain_authority,"
                " tier_required, difficulty, requires_login, has_captcha, field_selectors)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " on conflict (id) do nothing",
                (
                    _id("directory", site.host), site.brand, f"http://{site.host}:{port}/", _address(site.host, port),
                    site.category, site.domain_authority, site.tier_required,
                    _DIFFICULTIES.get(site.kind, "hard"), site.kind == "login", site.kind == "captcha",
                    Jsonb(site.field_selectors()),
                ),
            )  # fmt: skip
            report.directories += cursor.rowcount
        # Rows that ended keep the address that they were submitted to.
        for table, column, condition in (
            ("directories", "submission_url", "true"),
            ("directories", "website", "true"),
            ("directory_submissions", "directory_url", "status not in ('submitted', 'skipped')"),
        ):
            cursor.execute(
                f"update public.{table} set {column} = regexp_replace({column}, ':[0-9]+/', %s)"
                f" where private.host_of({column}) = any (%s) and {column} !~ %s and {condition}",
                (f":{port}/", list(sites), f":{port}/"),
            )
            report.moved += cursor.rowcount


def _missing(database: Connection, orders: list[_Order]) -> list[_Order]:
    found = database.execute("select id from public.jobs where id = any (%s)", ([_id("job", o.key) for o in orders],))
    known = {row[0] for row in found}
    return [order for order in orders if _id("job", order.key) not in known]


def _set_switches(practice_url: str) -> None:
    # The site is on this machine: no proxy of the environment.
    with httpx.Client(base_url=practice_url, trust_env=False, timeout=5) as practice:
        for host, switch in _MISBEHAVING.items():
            practice.post("/_switch", json={"host": host, **switch}).raise_for_status()


class _Writer:
    """Writes orders, as a paid purchase would."""

    def __init__(self, database: Connection, customers: list[_Customer], port: int, report: SeedReport) -> None:
        self._database = database
        self._customers = {customer.key: customer for customer in customers}
        self._port = port
        self._report = report
        self._sites = sorted(load_sites().values(), key=lambda site: (-site.domain_authority, site.brand))

    def write(self, order: _Order) -> Letter | None:
        """Customer, job, work list and message of one order, in the caller's transaction.

        Returns the message of a dead letter instead of queueing it.
        """
        customer, job = _id("customer", order.customer), _id("job", order.key)
        self._write_customer(self._customers[order.customer], order.package_type)
        hosts = self._work_list(order)
        self._database.execute(
            "insert into public.jobs (id, customer_id, package_type, package_size, directories_total)"
            " values (%s, %s, %s, %s, %s)",
            (job, customer, order.package_type, order.package_size, len(hosts)),
        )
        self._database.execute(
            "insert into public.directory_submissions (submission_queue_id, directory_url)"
            " select %s, unnest(%s::text[])",
            (job, [_address(host, self._port) for host in hosts]),
        )
        self._report.orders += 1
        self._report.submissions += len(hosts)
        if order.way == "queued":
            self._database.execute("select private.queue_job(%s, 'intake')", (job,))
        return _letter(order, job, customer) if order.way.startswith("dead") else None

    def _write_customer(self, customer: _Customer, package_type: str) -> None:
        row = {**msgspec.to_builtins(customer), "id": _id("customer", customer.key), "package_type": package_type}
        written = self._database.execute(
            "insert into public.customers (id, business_name, email, phone, website, address, city, state, zip,"
            " country, category, description, package_type) values (%(id)s, %(business_name)s, %(email)s, %(phone)s,"
            " %(website)s, %(address)s, %(city)s, %(state)s, %(zip)s, %(country)s, %(category)s, %(description)s,"
            " %(package_type)s) on conflict (id) do nothing",
            row,
        )
        self._report.customers += written.rowcount

    def _work_list(self, order: _Order) -> list[str]:
        """Hosts: directories of the package's tiers, best first, from the order's place in that list on."""
        within = [site.host for site in self._sites if site.tier_required <= TIERS[order.package_type]]
        first = order.first_directory % len(within)
        return [*within[first:], *within[:first]][: order.package_size]


def _letter(order: _Order, job: uuid.UUID, customer: uuid.UUID) -> Letter:
    body = job_message_body(
        job_id=str(job),
        customer_id=str(customer),
        package_type=order.package_type,
        package_size=order.package_size,
        created_at=to_iso(time.time()),
        source="intake",
    )
    if order.way == "dead: not json":
        return Letter(body=f"job_id={job}&customer_id={customer}&package_size={order.package_size}", named=body)
    if order.way == "dead: no customer":
        del body["customer_id"]
        body["priority"] = 3
    return Letter(body=json.dumps(body), named=body)
