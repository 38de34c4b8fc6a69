"""What is seldom read of many results is packed together, and nobody can tell."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.store.merge import same
from app.store.store import PACK, PLAIN, Store
from app.sync.engine import Engine
from app.sync.timings import Timings
from services.domain.result import Result, pack
from tests.fakes.server import EPOCH, FakeServer
from tests.fakes.virtual_time import run_virtually

MANY = PLAIN + 3 * PACK
_JSON = st.dictionaries(st.text(max_size=4), st.none() | st.integers(-9, 9) | st.text(max_size=4), max_size=3)
_ROWS = st.fixed_dictionaries(
    {"id": st.text(min_size=1, max_size=4)},
    optional={name: _JSON if name in ("payload", "response_log") else st.text(max_size=9) for name in Result.SELDOM},
)


def row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"r{number}", "job_id": "j", "directory_name": f"{number}.example", "status": "submitted", "version": 1,
        "payload": {"number": number}, "response_log": {"reasons": [f"said {number}"]}, "idempotency_key": f"k{number}",
        "screenshot_url": f"https://pictures.example/{number}.png", "listing_url": None, **more,
    }  # fmt: skip


@pytest.fixture
def store() -> Store:
    """Many results, of which the first three packs are packed."""
    store = Store(lambda: 0.0)
    store.put("jobs", {"id": "j", "status": "in_progress"})
    for number in range(MANY):
        store.put("job_results", row(number))
    assert not Store(lambda: 0.0).tidy()
    assert store.tidy(2)
    assert store.tidy(1)
    assert not store.tidy()
    return store


def packed(result: Result) -> bool:
    return not result.seldom.startswith(b"[")


@settings(max_examples=30, deadline=None)
@given(st.lists(_ROWS, min_size=1, max_size=5))
def test_a_packed_result_says_what_it_said(rows: list[dict[str, Any]]) -> None:
    plain, held = [Result.from_row(each) for each in rows], [Result.from_row(each) for each in rows]
    pack(held)
    for before, after in zip(plain, held, strict=True):
        assert packed(after)
        assert same(before, after)
        assert before.seldom_columns() == after.seldom_columns()


def test_the_oldest_are_packed_and_the_newest_are_not(store: Store) -> None:
    rows = store.rows("job_results")
    assert [packed(rows[f"r{number}"]) for number in range(MANY)] == [number < 3 * PACK for number in range(MANY)]
    for number in (0, PACK, 3 * PACK - 1, MANY - 1):
        assert msgspec.structs.replace(rows[f"r{number}"], seldom=b"[]", place=0) == msgspec.structs.replace(
            Result.from_row(row(number)), seldom=b"[]"
        )
        assert rows[f"r{number}"].seldom_columns() == Result.from_row(row(number)).seldom_columns()


def test_a_change_of_a_packed_result_keeps_what_it_lacks(store: Store) -> None:
    store.take_changed()
    store.put("job_results", row(1))
    assert not store.take_changed()
    store.put("job_results", {"id": "r1", "status": "failed", "listing_url": "https://a.example/1", "version": 2})
    found = store.get("job_results", "r1")
    assert (found.status, found.payload, found.listing_url) == ("failed", {"number": 1}, "https://a.example/1")
    assert store.take_changed().jobs == {"j"}


def test_a_result_that_was_replaced_is_not_packed() -> None:
    store = Store(lambda: 0.0)
    for number in range(PLAIN + PACK):
        store.put("job_results", row(number))
    earlier = store.get("job_results", "r0")
    store.put("job_results", row(0, version=2, error_message="no"))
    store.tidy()
    assert not packed(earlier)
    assert packed(store.get("job_results", "r1"))


def test_the_directories_of_a_job_read_packed_results(store: Store) -> None:
    store.take_changed()
    line = next(each for each in store.jobs.directories("j") if each.host == "2.example")
    assert line.result is not None
    assert packed(line.result)
    assert (line.words, line.screenshot_url) == ("said 2", "https://pictures.example/2.png")


def test_what_can_not_be_read_is_empty() -> None:
    for text in (b"[", b'["\xff"]', b'["",' + b"[" * 100_000):
        found = Result("r", seldom=text)
        assert (found.payload, found.idempotency_key) == ({}, "")


def test_sync_tidies_up() -> None:
    async def main() -> Store:
        loop = asyncio.get_running_loop()
        server, store = FakeServer(0), Store(lambda: EPOCH + loop.time())
        server.write("jobs", "j", status="in_progress")
        for number in range(MANY):
            columns = row(number)
            server.write("job_results", columns.pop("id"), **columns)
        running = loop.create_task(Engine(server, server, store, Timings(), wall=loop.time).run())
        await asyncio.sleep(30)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return store

    results = run_virtually(main()).rows("job_results").values()
    assert sum(map(packed, results)) == 3 * PACK
