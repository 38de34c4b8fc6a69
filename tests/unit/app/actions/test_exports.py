"""A list on the disk: whole or not there, no formula in it and no secret, and a failure names the file."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import tasks
from app.actions import exports
from app.actions.exports import PART, Exports, Kind, Row
from app.actions.operations import Operation, Operations
from app.actions.registry import READ_ONLY
from app.models import export_rows
from app.models.activity_lines import ActivityLine
from app.store.lines import Attempt, DirectoryLine, JobLine
from services.domain.diagnosis import Diagnosis
from services.domain.records import HistoryEvent
from services.domain.redaction import keep_out
from tests.waiting import until

NOW = 1_800_000_000.0
STAMP = "20270115-080000"


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "exports"
        self.operations = Operations(folder / "operations.db")
        self.exports = Exports(self.folder, self.operations, actor="desk-4@b.example", clock=lambda: NOW)

    def write(self, kind: Kind, rows: list[Row], *, what: str = "jobs", about: str = "") -> Operation:
        return asyncio.run(self.exports.write(what, about, kind, rows, lambda row: row))

    def files(self) -> list[str]:
        return sorted(file.name for file in self.folder.iterdir())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.operations.close()


def cells(file: str) -> list[list[str]]:
    raw = Path(file).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(raw.decode("utf-8-sig").splitlines(keepends=True)))


def test_a_csv_file_has_guarded_text_and_numbers_as_numbers(world: World) -> None:
    row = {"name": "=1+1", "n": -3, "share": 0.5, "open": True, "shut": False, "none": None, "odd": 'a\0\ud800,\n"b'}
    done = world.write("csv", [row, row])
    assert (done.state, done.done, done.label) == ("done", 2, "Export 2 jobs")
    assert done.words == f"Saved as {done.target}"
    assert cells(done.target)[0] == list(row)
    assert cells(done.target)[1:] == [["'=1+1", "-3", "0.5", "yes", "no", "", 'a\ufffd?,\n"b']] * 2
    assert '"\'=1+1",-3,0.5,' in Path(done.target).read_text(encoding="utf-8-sig")
    assert Path(done.target).stat().st_mode & 0o077 == 0 or sys.platform == "win32"


def test_a_json_file_has_all_rows_as_they_are(world: World) -> None:
    rows: list[Row] = [{"at": number, "name": "=ö", "none": None, "yes": True} for number in range(2 * PART + 1)]
    done = world.write("json", rows, what="dead letters", about="Nordwind & Söhne/../x")
    assert json.loads(Path(done.target).read_text(encoding="utf-8")) == rows
    (name,) = world.files()
    assert name.startswith("dead-letters-nordwind-sohne-x-")
    assert name.endswith(f"-{STAMP}.json")


def test_no_export_takes_the_place_of_another(world: World) -> None:
    for _ in range(3):
        world.write("csv", [{"a": 1}])
    assert world.files() == [f"jobs-{STAMP}-2.csv", f"jobs-{STAMP}-3.csv", f"jobs-{STAMP}.csv"]


def test_secrets_stay_out(world: World) -> None:
    keep_out("planted-export-secret")
    text = "refused: planted-export-secret, password=hunter2222, sb_secret_abcdefgh1"
    for kind in ("csv", "json"):
        done = world.write(kind, [{"error": text}])
        said = Path(done.target).read_text(encoding="utf-8")
        assert not [secret for secret in ("planted-export", "hunter2222", "abcdefgh1") if secret in said]


def test_a_folder_that_can_not_be_written_is_named(world: World) -> None:
    world.folder.write_text("a file where the folder should be")
    ended = world.write("csv", [{"a": 1}])
    assert ended.state == "failed"
    assert ended.words.startswith(f"{world.folder / f'jobs-{STAMP}.csv'} can't be written: ")
    assert "disk with space left" in ended.words


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX systems do")
def test_a_full_disk_leaves_nothing_behind_and_names_the_file(world: World) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    rows: list[Row] = [{"text": "x" * 1000}] * 1200
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        ended = world.write("csv", rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert ended.state == "failed"
    assert f"jobs-{STAMP}.csv can't be written: File too large." in ended.words
    assert world.files() == []


def test_one_that_is_given_up_leaves_no_file(world: World) -> None:
    async def scene() -> None:
        rows: list[Row] = [{"a": 1}] * (50 * PART)
        writing = asyncio.ensure_future(world.exports.write("jobs", "", "csv", rows, lambda row: row))
        while not any(world.folder.glob("*.part")):  # noqa: ASYNC110  (a thread makes it)
            await asyncio.sleep(0)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing

    asyncio.run(scene())
    assert world.files() == []
    assert world.operations.newest_first()[0].words == "It was given up: no file was written."


@pytest.mark.parametrize("moment", ["reserving", "planning", "writing"])
def test_what_the_list_says_of_one_that_is_called_off_is_so(
    world: World, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def slowly(step: Callable[..., Any]) -> Callable[..., Any]:
        def slow(*values: Any, **options: Any) -> Any:
            done = step(*values, **options)
            begun.set()
            assert may_go_on.wait(30)
            return done

        return slow

    if moment == "reserving":
        monkeypatch.setattr(exports, "_reserve", slowly(exports._reserve))
    elif moment == "planning":
        monkeypatch.setattr(world.operations, "plan", slowly(world.operations.plan))
    make = slowly(lambda: b"made") if moment == "writing" else lambda: b"made"

    async def scene() -> None:
        writing = asyncio.ensure_future(world.exports.write_made("plan", "a.example", "json", make))
        await until(begun.is_set)
        writing.cancel()
        await asyncio.sleep(0)
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await writing
        # Nothing goes on behind its back.
        (row,) = world.operations.newest_first()
        assert (row.state, row.words) == ("failed", "It was given up: no file was written.")

    asyncio.run(scene())
    assert world.files() == []


def test_what_a_killed_program_left_is_cleared_away(world: World, tmp_path: Path) -> None:
    file = world.folder / "jobs.csv"
    world.operations.plan("export", "Export 9 jobs", str(file), actor="desk-4@b.example")
    world.folder.mkdir()
    for left in (file, file.with_name("jobs.csv.part")):
        left.write_text("half")
    again = Operations(tmp_path / "operations.db")
    asyncio.run(Exports(world.folder, again, actor="ben@b.example").settle())
    assert [(one.state, one.words) for one in again.newest_first()] == [
        ("failed", "The program ended before the file was written.")
    ]
    assert world.files() == []
    again.close()


def test_a_row_that_can_not_be_made_leaves_no_file(world: World) -> None:
    def broken(row: Any) -> Row:
        raise KeyError(row)

    with pytest.raises(KeyError):
        asyncio.run(world.exports.write("jobs", "", "csv", [1], broken))
    assert world.files() == []
    assert world.operations.newest_first()[0].state == "failed"


def test_it_runs_as_a_task(world: World) -> None:
    async def scene() -> None:
        world.exports.start("jobs", "", "json", [{"a": 1}], lambda row: row)
        while tasks.running():  # noqa: ASYNC110  (its end is what is waited for)
            await asyncio.sleep(0)

    asyncio.run(scene())
    assert world.files() == [f"jobs-{STAMP}.json"]


def test_who_may_look_may_export(world: World) -> None:
    assert world.exports.why_not(3, "viewer") == ""
    assert world.exports.why_not(0, "viewer") == "There is nothing to export."
    assert world.exports.why_not(3, None) == "Sign in first."
    assert "--read-only" in world.exports.why_not(3, READ_ONLY)


def test_every_list_says_what_its_page_says() -> None:
    job = JobLine(
        "j", business="Nordwind", package="growth", status="in_progress", total=3, done=1, submitted=1, failed=1,
        created_at=NOW, diagnosis=Diagnosis(words="1 failed"),
    )  # fmt: skip
    found = export_rows.of_job(job)
    wanted = ("job_id", "business", "status", "done", "ordered_at", "ended_at", "diagnosis")
    assert [found[name] for name in wanted] == [
        "j", "Nordwind", "In progress", 1, "2027-01-15T08:00:00+00:00", None, "1 failed",
    ]  # fmt: skip
    line = DirectoryLine("j", "one.example", outcome="failed", words="No field", attempts=(Attempt("failed"),))
    row = export_rows.of_directory(job)(line)
    assert [row[name] for name in ("directory", "outcome", "why", "attempts")] == [
        "one.example",
        "failed",
        "No field",
        1,
    ]
    event = HistoryEvent("1", "j", directory_name="one.example", event="failed", details_json=b'{"error":"No field"}')
    act = export_rows.of_activity(lambda _: "Nordwind")(ActivityLine("h:1", NOW, event=event))
    assert [act[name] for name in ("by", "what", "customer", "result")] == [
        "pipeline", "Failed", "Nordwind", "No field",
    ]  # fmt: skip
