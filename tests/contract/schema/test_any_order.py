"""Whatever workers and staff do, and in whatever order: one permission for each try, and true counts."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.local.postgres import Postgres
from tests.contract.schema.rows import (
    add_job,
    claim,
    events,
    items,
    job_row,
    key_of,
    one,
    operator,
    record,
    retry,
)

pytestmark = pytest.mark.stack

HOSTS = ["a.example", "b.example", "c.example"]
hosts = st.sampled_from(HOSTS)
owners = st.sampled_from(["w-1", "w-2", "desk"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), hosts, owners, st.sampled_from(["", "other"]), st.sampled_from([0, 60])),
        st.tuples(st.just("record"), hosts, st.sampled_from(["submitted", "failed", "failed", "skipped", "unknown"])),
        st.tuples(st.just("retry"), st.sampled_from([None, ["a.example"], ["b.example", "c.example"]])),
        st.tuples(st.just("open")),
        st.tuples(st.just("finalize")),
    ),
    max_size=25,
)


class Story:
    """What was permitted and written so far, as a reader of the contract keeps it."""

    def __init__(self) -> None:
        self.holder: dict[str, tuple[str, str]] = {}
        """host -> (owner, key) of the try that has no outcome yet."""
        self.closed: set[str] = set()
        """Hosts that nothing may be sent to any more: done, or nobody knows."""
        self.outcomes = 0
        self.tries = 0
        self.ends = 0


def ending(listed: dict[str, str]) -> tuple[str, str | None]:
    """The contract's words, worked out here."""
    of = {status: [*listed.values()].count(status) for status in ("failed", "submitting")}
    words = []
    if of["failed"]:
        words.append(f"{of['failed']} of {len(listed)} submissions failed")
    if of["submitting"]:
        words.append(f"{of['submitting']} outcome{'s' * (of['submitting'] > 1)} unknown")
    return "failed" if of["failed"] == len(listed) else "completed", ", ".join(words) or None


def take(story: Story, owner: psycopg.Connection, desk: psycopg.Connection, job: str, step: tuple[Any, ...]) -> None:
    """Take one step and hold its answer to the story."""
    match step:
        case ("claim", host, by, variant, lease):
            key = key_of(job, host) + variant
            answer = claim(owner, job, host, by, key=key, lease=lease)
            assert (answer == "claimed") == (host not in story.closed and host not in story.holder)
            if answer == "claimed":
                story.holder[host] = (by, key)
                story.tries += 1
        case ("record", host, status):
            by, key = story.holder.get(host, ("w-1", key_of(job, host)))
            assert not record(owner, job, host, status, "stranger", key=key)
            assert record(owner, job, host, status, by, key=key) == (host in story.holder)
            if story.holder.pop(host, None):
                story.outcomes += status != "unknown"
                if status != "failed":
                    story.closed.add(host)
                ended = job_row(owner, job)[0] in ("completed", "failed")
                if ended and "pending" not in items(owner, job).values():
                    assert (job_row(owner, job)[0], job_row(owner, job)[4]) == ending(items(owner, job))
        case ("retry", asked):
            before = items(owner, job)
            wanted = [host for host in asked or HOSTS if before[host] in ("failed", "pending")]
            allowed = job_row(owner, job)[0] in ("completed", "failed") and wanted
            try:
                assert retry(desk, job, asked)["directories"] == sorted(wanted)
                assert allowed
                assert items(owner, job) == {**before, **dict.fromkeys(wanted, "pending")}
            except psycopg.Error as error:
                if error.sqlstate != "PT409":
                    raise
                assert not allowed
                assert items(owner, job) == before
        case ("open",):
            owner.execute("update jobs set status = 'in_progress' where id = %s and status = 'pending'", (job,))
        case ("finalize",):
            final = one(owner, "select finalize_job(%s, 'w-1')", job)
            assert (final, job_row(owner, job)[4]) == ending(items(owner, job))
            story.ends += 1


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_any_order(server: Postgres, owner: psycopg.Connection, steps: list[tuple[Any, ...]]) -> None:
    story = Story()
    job = add_job(owner, dict.fromkeys(HOSTS, "pending"))
    with operator(server) as desk:
        for step in steps:
            take(story, owner, desk, job, step)
            listed = items(owner, job)
            done = sum(status in ("submitted", "failed", "skipped") for status in listed.values())
            assert job_row(owner, job)[1:4] == (done, 3, done * 100 // 3)
            said = events(owner, job)
            assert said.count("submitting") == story.tries
            assert said.count("submission_complete") == story.outcomes
            assert said.count("job_finalized") == story.ends
            assert {host for host in HOSTS if listed[host] == "submitting"} >= set(story.holder)
