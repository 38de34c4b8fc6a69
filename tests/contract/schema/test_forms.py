"""The form of a directory: taken out of each result's log, kept once, accepted by staff once and audited."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from services.local.postgres import Postgres
from tests.contract.schema.rows import add_directory, add_job, claim, key_of, one, operator, refused

pytestmark = pytest.mark.stack

OLD = {"fields": [{"key": "name"}], "whole": True}
NEW = {"fields": [{"key": "n"}], "whole": True}
PART = {"fields": [{"key": "n"}], "whole": False}
MAPPING = {"fields": {"business_name": "#name"}, "submit": "#go"}
FRESH = {"fields": {"business_name": "#n"}, "submit": "#go"}


def run(owner: psycopg.Connection, status: str, form: object) -> dict[str, Any]:
    """A run that saw `form`; the log that its result keeps."""
    job = add_job(owner, {"a.example": "pending"})
    claim(owner, job, "a.example")
    log = Jsonb({"score": 3, "form": form})
    query = "select record_outcome(%s, 'a.example', %s, 'w-1', %s, %s, null, null, null, 5)"
    assert one(owner, query, job, key_of(job, "a.example"), status, log)
    return dict(one(owner, "select response_log from job_results where job_id = %s", job))


def kept(owner: psycopg.Connection) -> list[tuple[Any, ...]]:
    return owner.execute("select id, form, seen from form_fingerprints").fetchall()


def test_a_form_is_kept_once_and_known_from_the_first_that_was_submitted(
    server: Postgres, owner: psycopg.Connection
) -> None:
    assert run(owner, "failed", PART) == {"score": 3}
    assert kept(owner) == [("a.example", None, PART)]
    run(owner, "submitted", PART)
    assert kept(owner) == [("a.example", None, PART)]
    run(owner, "failed", OLD)
    run(owner, "submitted", OLD)
    assert kept(owner) == [("a.example", OLD, OLD)]
    moments = "select seen_at, version from form_fingerprints"
    before = owner.execute(moments).fetchone()
    run(owner, "submitted", OLD)
    assert owner.execute(moments).fetchone() == before, "what looks as before is not written again"
    run(owner, "submitted", NEW)
    assert kept(owner) == [("a.example", OLD, NEW)]


@pytest.mark.parametrize("form", ["text", [1], None, {"fields": "x" * 100_001}])
def test_what_is_no_form_is_dropped_and_spoils_no_outcome(
    server: Postgres, owner: psycopg.Connection, form: object
) -> None:
    assert run(owner, "submitted", form) == {"score": 3}
    assert kept(owner) == []


def accept(desk: psycopg.Connection, directory: str, expected: object, *, request: str = "", **more: object) -> Any:
    given = {"selectors": FRESH, "form": NEW, "why": "renamed", **more}
    return one(
        desk, "select staff_accept_form(%s, %s, %s, %s, %s, %s)", request or str(uuid.uuid4()), directory,
        Jsonb(expected), Jsonb(given["selectors"]), Jsonb(given["form"]), given["why"],
    )  # fmt: skip


def known_directory(owner: psycopg.Connection) -> str:
    add_directory(owner, "https://a.example/add", 50)
    owner.execute("update directories set field_selectors = %s", (Jsonb(MAPPING),))
    return str(one(owner, "select id::text from directories"))


def test_an_accepted_form_is_the_one_that_later_ones_are_told_apart_from(
    server: Postgres, owner: psycopg.Connection
) -> None:
    directory, request = known_directory(owner), str(uuid.uuid4())
    run(owner, "submitted", OLD)
    run(owner, "failed", NEW)
    with operator(server) as desk:
        first = accept(desk, directory, MAPPING, request=request)
        assert accept(desk, directory, MAPPING, request=request) == first
        with refused("PT409", "is another by now"):
            accept(desk, directory, MAPPING)
    assert one(owner, "select field_selectors from directories") == FRESH
    assert kept(owner) == [("a.example", NEW, NEW)]
    assert one(owner, "select accepted_by from form_fingerprints") == "desk@directory-bolt.example"
    acts = owner.execute("select act, target, before -> 'field_selectors' from staff_actions").fetchall()
    assert acts == [("accept_form", directory, MAPPING)]
    told = owner.execute("select directory_name from queue_history where event = 'staff_accept_form'").fetchall()
    assert told == [("a.example",)]


def test_a_part_of_a_form_is_accepted_and_the_whole_awaited(server: Postgres, owner: psycopg.Connection) -> None:
    directory = known_directory(owner)
    with operator(server) as desk:
        accept(desk, directory, MAPPING, form=PART)
    assert kept(owner) == [("a.example", None, PART)]


def test_what_is_no_mapping_or_no_form_is_refused(server: Postgres, owner: psycopg.Connection) -> None:
    directory = known_directory(owner)
    with operator(server) as desk:
        wrong: tuple[dict[str, Any], ...] = (
            {"selectors": {"submit": "#go"}}, {"selectors": {"fields": {}, "submit": "#go"}},
            {"selectors": {"fields": {"a": "#a"}}}, {"form": {}}, {"form": {"fields": ["x" * 100_001]}}, {"why": " "},
        )  # fmt: skip
        for more in wrong:
            with refused("22023"):
                accept(desk, directory, MAPPING, **more)
        with refused("PT404"):
            accept(desk, str(uuid.uuid4()), MAPPING)
        with refused("PT409", "is another by now"):
            query = "select staff_accept_form(%s, %s, null, %s, %s, 'changed')"
            one(desk, query, str(uuid.uuid4()), directory, Jsonb(FRESH), Jsonb(NEW))
    assert one(owner, "select field_selectors from directories") == MAPPING
