"""What the console confirmed is kept for one person and one project, and laid into the next one's store."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from app.store.link import TableState
from app.store.store import Store
from app.sync.last_state import MOST_DAYS, LastState
from app.sync.state_file import Head, StateWriter, Unusable
from services.domain.times import to_iso
from tests.leaks.logs import Logged
from tests.waiting import stays, until

NOW = float(int(time.time()))  # files get their times from the system
PROJECT, PERSON = "https://one.example", "desk-4@directory-bolt.example"
TABLES = ("customers", "jobs", "directories", "directory_submissions", "job_results", "queue_history",
          "staff_actions", "outbox", "worker_heartbeats")  # fmt: skip


def filled(jobs: int = 3, *, hosts: int = 2) -> Store:
    """A live store that read everything; jobs are each a day older than the one before, the first still open."""
    store = Store(lambda: NOW)
    for number in range(jobs):
        when = to_iso(NOW - 86400.0 * number)
        named = {"business_name": f"Business {number}", "customer_id": f"DIR-20261123-{number:06}"}
        store.put("customers", {"id": f"c{number}", "city": "Alder", "email": f"{number}@b.example", **named})
        status = "completed" if number else "in_progress"
        job = {"id": f"j{number}", "customer_id": f"c{number}", "status": status, "updated_at": when, "version": 1}
        store.put("jobs", job)
        for at in range(hosts):
            key = {"id": f"{number}-{at}", "updated_at": when}
            url = f"http://d{at}.localhost/add"
            store.put("directory_submissions", {**key, "submission_queue_id": f"j{number}", "directory_url": url})
            row = {"job_id": f"j{number}", "directory_name": f"d{at}.localhost", "status": "submitted"}
            store.put("job_results", {**key, **row, "payload": {"phone": "555"} if at else None})
        store.put("queue_history", {"id": number, "job_id": f"j{number}", "event": "flow_started", "created_at": when})
        store.put("outbox", {"id": number, "job_id": f"j{number}", "sent_at": when})
    store.put("directories", {"id": "d", "name": "D", "submission_url": "http://d0.localhost/add"})
    store.put("worker_heartbeats", {"worker_id": "w"})
    store.put("staff_actions", {"id": 1, "request_id": "r", "act": "pause", "target": "j0", "created_at": to_iso(NOW)})
    for table in TABLES:
        store.set_state(table, TableState(NOW))
    store.set_link("live")
    store.take_changed()
    return store


def state(
    folder: Path,
    person: str = PERSON,
    project: str = PROJECT,
    *,
    at: float = NOW,
    most: int = 1 << 26,
    proofs: tuple[str, ...] = ("password",),
) -> LastState:
    made = LastState(folder, project, person, clock=lambda: at, most=most, pause=0.0)
    made.keep_for(*proofs)
    return made


async def shown(last: LastState) -> Store:
    store = Store(lambda: NOW + 60)
    store.set_link("offline")
    await last.fill(store, await last.read())
    store.take_changed()
    return store


def kept_by(folder: Path, store: Store, **more: int) -> None:
    assert asyncio.run(state(folder, **more).write(store))  # type: ignore[arg-type]


def files(folder: Path) -> list[Path]:
    return list(folder.glob("*.state"))


def written(folder: Path) -> list[int]:
    """When the files were written, nanoseconds."""
    return [file.stat().st_mtime_ns for file in files(folder)]


def unusable(last: LastState) -> str:
    with pytest.raises(Unusable) as caught:
        asyncio.run(last.read())
    return str(caught.value)


def test_the_next_store_shows_the_same_and_says_as_of_when(tmp_path: Path) -> None:
    before = filled()
    kept_by(tmp_path, before)
    after = asyncio.run(shown(state(tmp_path, PERSON.upper(), PROJECT + "/")))
    for table in TABLES:
        assert after.rows(table).keys() == before.rows(table).keys()
        assert (after.state(table).kept, after.state(table).complete, after.stale(table)) == (True, True, True)
        assert after.true_at(table) == NOW
    assert (after.kept, before.kept) == (True, False)
    assert after.counts() == before.counts()
    assert len(after.activity.events) == len(before.activity.events)
    line = after.jobs.lines["j1"]
    assert (line.business, line.submitted, line.status) == ("Business 1", 2, "completed")
    assert [one.result.payload for one in after.jobs.directories("j1") if one.result] == [
        {}, {"not here": "It is shown again once the project answers."},
    ]  # fmt: skip
    assert not after.take_changed().events


def test_nobody_is_shown_anothers_rows(tmp_path: Path) -> None:
    kept_by(tmp_path, filled())
    assert unusable(state(tmp_path, "ben@directory-bolt.example")) == "Nothing is kept from before."
    assert unusable(state(tmp_path, PERSON, "https://two.example")) == "Nothing is kept from before."
    (file,) = files(tmp_path)
    file.rename(state(tmp_path, "ben@directory-bolt.example")._file)
    assert unusable(state(tmp_path, "ben@directory-bolt.example")) == "The last known state is somebody else's."


def test_what_is_old_is_neither_shown_nor_left(tmp_path: Path) -> None:
    kept_by(tmp_path, filled())
    late = NOW + (MOST_DAYS + 1) * 86400
    os.utime(files(tmp_path)[0], (late, late))
    assert "older than 7 days" in unusable(state(tmp_path, at=late))
    (tmp_path / "left.part").touch()
    assert unusable(state(tmp_path, at=late + late)) == "Nothing is kept from before."
    assert not os.listdir(tmp_path)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    last = state(tmp_path)
    last._file.mkdir()
    assert "can't be read" in unusable(last)


def test_where_it_must_be_cut_the_jobs_that_are_left_are_whole(tmp_path: Path) -> None:
    before = filled(400)
    kept_by(tmp_path, before, most=16_000)
    after = asyncio.run(shown(state(tmp_path)))
    assert 40 <= len(after.jobs.lines) < 400
    assert not after.state("jobs").complete
    assert ("j0" in after.jobs.lines, "j399" in after.jobs.lines) == (True, False)
    for key, line in after.jobs.lines.items():
        assert line == before.jobs.lines[key]


def test_only_what_was_read_is_kept(tmp_path: Path) -> None:
    store = filled()
    store.set_state("outbox", TableState(kind="not_installed"))
    store.set_state("directories", TableState(NOW - 9, kept=True))
    store.jobs.history_from = NOW - 5
    kept_by(tmp_path, store)
    after = asyncio.run(shown(state(tmp_path)))
    assert (after.state("outbox").loaded, after.state("directories").loaded) == (False, False)
    assert after.jobs.history_from == NOW - 5
    assert (after.state("queue_history").complete, after.state("jobs").complete) == (False, True)


def test_before_the_jobs_are_read_the_old_file_stays(tmp_path: Path) -> None:
    kept_by(tmp_path, filled())
    kept_by(tmp_path, Store(lambda: NOW))
    assert len(asyncio.run(shown(state(tmp_path))).jobs.lines) == 3


def test_it_is_written_while_live_and_at_the_end(tmp_path: Path) -> None:
    async def suite() -> None:
        store = filled()
        store.set_link("polling")
        last = state(tmp_path)
        following = asyncio.get_running_loop().create_task(last.follow(store, first=0.01, every=0.01))
        await stays(lambda: not os.listdir(tmp_path), 0.05)
        store.set_link("live")
        await until(lambda: files(tmp_path))
        first = written(tmp_path)
        await until(lambda: written(tmp_path) != first)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        store.remove("jobs", "j2")
        await last.finish(store)
        assert "j2" not in (await shown(last)).jobs.lines
        store.remove("jobs", "j1")
        store.set_link("offline")
        await last.finish(store)
        assert "j1" in (await shown(last)).jobs.lines

    asyncio.run(suite())


def test_after_sign_out_nothing_is_left_and_nothing_is_written(tmp_path: Path) -> None:
    async def suite() -> None:
        last = state(tmp_path)
        await last.write(filled())
        last.forget()
        assert not os.listdir(tmp_path)
        assert not await last.write(filled())
        last.forget()
        assert not os.listdir(tmp_path)

    asyncio.run(suite())


class Holding(Store):
    """Stops the writing thread until told to go on."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def tables(self) -> list[str]:
        self.reached.set()
        self.go_on.wait(20)
        return list(super().tables())


def held() -> Holding:
    store = Holding()
    store.put("jobs", {"id": "j"})
    store.set_state("jobs", TableState(NOW))
    store.set_link("live")
    return store


@pytest.mark.parametrize("forget", [True, False])
def test_a_write_that_is_under_way_when_it_ends(tmp_path: Path, forget: bool) -> None:
    """Signed out, it leaves nothing; cancelled, it gives up at once."""

    async def suite() -> None:
        store, last = held(), state(tmp_path)
        writing = asyncio.get_running_loop().create_task(last.write(store))
        await until(store.reached.is_set)
        if forget:
            last.forget()
        else:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        store.go_on.set()
        if forget:
            assert not await writing

    asyncio.run(suite())
    assert not os.listdir(tmp_path)


def test_signed_out_at_the_last_moment_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = state(tmp_path)
    finish = StateWriter.finish

    def finish_late(writer: StateWriter, head: Head) -> None:
        last._over = True
        finish(writer, head)

    monkeypatch.setattr(StateWriter, "finish", finish_late)
    asyncio.run(last.write(filled()))
    assert not os.listdir(tmp_path)


def test_no_time_and_no_disk_are_no_crash(tmp_path: Path, logged: Logged) -> None:
    assert not asyncio.run(state(tmp_path).write(filled(), within=0.0))
    (tmp_path / "file").touch()
    assert not asyncio.run(state(tmp_path / "file").write(filled()))
    logged.take("could not be written", "File exists")


def test_a_hundred_thousand_jobs_are_laid_in_by_small_steps(tmp_path: Path) -> None:
    before = Store(lambda: NOW)
    for number in range(100_000):
        before.put("jobs", {"id": f"j{number}", "customer_id": f"c{number}", "status": "pending", "version": 1})
    before.set_state("jobs", TableState(NOW))
    kept_by(tmp_path, before)
    turns: list[float] = []

    async def suite() -> Store:
        last, after = state(tmp_path), Store(lambda: NOW)
        kept = await last.read()
        filling = asyncio.get_running_loop().create_task(last.fill(after, kept))
        began = time.thread_time()
        while not filling.done():
            await asyncio.sleep(0)
            turns.append(time.thread_time() - began)
            began = time.thread_time()
        return after

    after = asyncio.run(suite())
    assert len(after.rows("jobs")) == 100_000
    assert after.rows("jobs") == before.rows("jobs")
    # Each turn ends with the first part after its budget: so many turns there are at least.
    assert len(turns) > 20


def test_what_is_held_already_is_newer(tmp_path: Path) -> None:
    kept_by(tmp_path, filled())

    async def suite() -> Store:
        last, store = state(tmp_path), Store(lambda: NOW)
        store.put("jobs", {"id": "j0", "status": "paused"})
        await last.fill(store, await last.read())
        return store

    after = asyncio.run(suite())
    assert (len(after.rows("jobs")), after.get("jobs", "j0").status) == (3, "paused")


def test_a_value_that_no_file_can_hold_ends_nothing(tmp_path: Path, logged: Logged) -> None:
    async def suite() -> None:
        store = filled()
        store.put("jobs", {"id": "j1", "metadata": {"n": 2**64}})
        store.set_link("live")
        last = state(tmp_path)
        await last.finish(store)
        assert not os.listdir(tmp_path)

    asyncio.run(suite())
    logged.take("could not be written")


def test_who_only_knows_whose_it_is_sees_nothing(tmp_path: Path) -> None:
    assert asyncio.run(state(tmp_path, proofs=("password", "word")).write(filled()))
    for proofs in ((), ("",), ("wrong",)):
        assert "shown to nobody" in unusable(state(tmp_path, proofs=proofs))
    for proof in ("password", "word"):
        assert asyncio.run(shown(state(tmp_path, proofs=(proof,)))).kept


def test_what_opens_nothing_locks_nothing(tmp_path: Path) -> None:
    assert not asyncio.run(state(tmp_path, proofs=("",)).write(filled()))
    assert not files(tmp_path)
    assert asyncio.run(state(tmp_path).write(filled()))

    async def suite() -> None:
        last = state(tmp_path, proofs=("slip of the fingers", "password"))
        await last.read()
        assert await last.write(filled())

    asyncio.run(suite())
    assert "shown to nobody" in unusable(state(tmp_path, proofs=("slip of the fingers",)))
