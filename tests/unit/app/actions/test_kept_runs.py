"""Runs of this machine are found again, whole, without secrets, and never more than there is room for."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app import tasks
from app.actions.kept_runs import KeptRuns
from app.actions.operations import Operations
from app.actions.registry import REAL_RUN
from app.actions.run_state import Asked, Blocked, RunState, Said, StepLine
from services import artifacts
from services.domain.errors import NotInstalled, Refused
from services.domain.paths import path_part
from services.domain.pictures import picture_address
from tests.fakes.pictures import PROJECT, FakePictures
from tests.fakes.runs import SUBMIT
from tests.leaks.logs import Logged
from tests.unit.app.actions.run_world import ENDED, HOST, JOB, POST, SILENT, STARTED, TARGET, World, step, verdict
from tests.waiting import until

TOKEN = "sb_secret_0123456789abcdef"


def state(run_id: str = "r1", **more: Any) -> RunState:
    given: dict[str, Any] = {"phase": "ended", "job_id": JOB, "directory": HOST, "verdict": "dry", **more}
    return RunState(run_id=run_id, **given)


def with_picture(kept: KeptRuns, run_id: str, name: str = "final.jpg") -> str:
    file = kept.folder(JOB, HOST, run_id) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * 1000)
    return str(file)


@pytest.fixture
def kept(tmp_path: Path) -> KeptRuns:
    return KeptRuns(tmp_path / "artifacts", 10**9)


def in_loop(act: Callable[[], Awaitable[Any]]) -> None:
    async def whole() -> None:
        await act()
        await tasks.shutdown()

    asyncio.run(whole())


def test_a_kept_run_comes_back_as_it_was(kept: KeptRuns) -> None:
    picture = with_picture(kept, "r1")
    whole = state(
        steps=(StepLine(0, "Open", "x", "done", 10, picture),), picture=picture, reasons=("It says so",),
        blocked=(Blocked("POST", "http://x/add", 9, "name=Söhne\n"),), console=(Said(1, "error", "a\nb"),),
        network=(Asked(2, "GET", "http://x/", "document", 200, 5),), started_at=12.5,
    )  # fmt: skip
    in_loop(lambda: kept.keep(whole))
    assert kept.newest(JOB, HOST) == whole
    assert kept.newest(JOB, "other.example") is None


def test_no_secret_is_kept(kept: KeptRuns) -> None:
    in_loop(lambda: kept.keep(state(console=(Said(1, "log", f"key {TOKEN}"),), words=f"password: {TOKEN}")))
    assert TOKEN.encode() not in (kept.folder(JOB, HOST, "r1") / artifacts.RECORD).read_bytes()


@pytest.mark.parametrize("damage", ["{", "[]", '{"version": 2, "state": {}}', "[" * 100_000, "\xff", ""])
def test_a_damaged_record_is_passed_over(kept: KeptRuns, damage: str, logged: Logged) -> None:
    in_loop(lambda: kept.keep(state("r1")))
    in_loop(lambda: kept.keep(state("r2")))
    file = kept.folder(JOB, HOST, "r2") / artifacts.RECORD
    file.write_text(damage, encoding="latin-1")
    later = time.time() + 60
    os.utime(file, (later, later))
    found = kept.newest(JOB, HOST)
    assert found is not None
    assert found.run_id == "r1"
    assert bool(logged.take_every("The record of a run can't be read")) is ("version" not in damage)


def test_pictures_elsewhere_are_not_believed(kept: KeptRuns, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_text("x")
    in_loop(lambda: kept.keep(state(picture="a.jpg")))
    file = kept.folder(JOB, HOST, "r1") / artifacts.RECORD
    for name in ("../../../../../secret.jpg", str(tmp_path / "secret.jpg"), "a\0b"):
        record = msgspec.json.decode(file.read_bytes())
        record["state"]["picture"] = name
        file.write_bytes(msgspec.json.encode(record))
        found = kept.newest(JOB, HOST)
        assert found is not None
        assert found.picture == ""


def test_room_is_made_but_not_of_the_run_in_view(tmp_path: Path) -> None:
    small = KeptRuns(tmp_path / "artifacts", 5000)

    async def act() -> None:
        for number in range(4):
            picture = with_picture(small, f"r{number}")
            os.truncate(picture, 4000)
            await small.keep(state(f"r{number}", picture=picture))
            for path in small.folder(JOB, HOST, f"r{number}").rglob("*"):
                os.utime(path, (1000 + number, 1000 + number))
            os.utime(small.folder(JOB, HOST, f"r{number}"), (1000 + number, 1000 + number))
            if number == 0:
                small.want(JOB, HOST)
                await until(lambda: small.shown is not None)
                before = small.version
                small.want(JOB, HOST)
                assert small.version == before

    in_loop(act)
    there = sorted(path.name for path in small.folder(JOB, HOST, "x").parent.iterdir())
    assert there[-1] == "r3", "the newest run went"
    assert "r1" not in there
    assert small.shown is not None
    assert small.shown.run_id == "r3", "the run that was just kept is the one in view"


def test_a_full_disk_costs_the_record_and_not_the_run(
    kept: KeptRuns, monkeypatch: pytest.MonkeyPatch, logged: Logged
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(artifacts, "write_whole", full)
    in_loop(lambda: kept.keep(state()))
    logged.take("The record of a run could not be written", "No space left on device")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.operations.close()


def test_a_run_is_kept_when_it_ended_with_all_that_it_told(world: World) -> None:
    console = {"kind": "console", "at": 3, "level": "error", "text": "broken", "where": "http://x/a.js:1"}
    network = {
        "kind": "network",
        "at": 1,
        "method": "GET",
        "url": "http://x/",
        "type": "document",
        "status": 200,
        "ms": 4,
    }
    odd = {"kind": "network", "at": "soon", "status": True, "ms": None}
    world.script(STARTED, step(0), console, network, odd, *[console] * 1200, step(SUBMIT, "blocked"), POST,
                 verdict("dry"), ENDED)  # fmt: skip
    ended = world.run(dry=True)
    assert ended.console[0] == Said(3, "error", "broken", "http://x/a.js:1")
    assert len(ended.console) == 1100
    assert ended.network == (Asked(1, "GET", "http://x/", "document", 200, 4), Asked(0, "", ""))
    assert world.acts.kept.newest(JOB, HOST) == ended


def test_what_would_have_gone_into_a_field_that_nobody_saw_is_not_kept(world: World) -> None:
    goes_in = [{"value": value} for value in ("", "", "Kestrel Roofing", "", "correct horse")]
    world.script({**STARTED, "steps": goes_in}, step(0), step(2), verdict("failed", error="No such field"), ENDED)
    ended = world.run(dry=True)
    kept = world.acts.kept.newest(JOB, HOST)
    assert kept is not None
    assert ended.steps[4].value == "correct horse"
    assert [line.value for line in kept.steps] == ["", "", "Kestrel Roofing", "", "•••"]


def test_a_run_that_never_began_is_not_kept(world: World) -> None:
    world.planner.fault = SILENT
    world.run(dry=True)
    assert world.acts.kept.newest(JOB, HOST) is None


def test_pictures_of_a_run_that_was_cut_off_are_found_again(world: World, tmp_path: Path) -> None:
    run_id = "11111111-2222-3333-4444-555555555555"
    wish = world.operations.plan(REAL_RUN.name, "Real run", f"{JOB}/{HOST}/{run_id}", actor="desk-1")
    world.operations.move(wish.id, "running", "")
    world.operations.close()
    picture = with_picture(world.acts.kept, run_id, "step-02.jpg")
    world.operations = Operations(world.file)
    world.acts = world.make("operator")
    world.in_loop(world.acts.settle)
    found = world.acts.kept.newest(JOB, HOST)
    assert found is not None
    assert (found.verdict, found.picture, found.dry) == ("unknown", picture, False)
    assert found.words == "The program ended during the run: look at the directory."
    again = world.make("operator")
    world.in_loop(again.settle)
    assert again.kept.newest(JOB, HOST) == found


def test_a_trace_is_told_kept_and_shown(world: World, tmp_path: Path) -> None:
    trace = tmp_path / "artifacts" / "x" / "trace.zip"
    trace.parent.mkdir(parents=True)
    trace.write_bytes(b"PK")
    world.script(STARTED, step(0), verdict("dry"), {"kind": "trace", "path": str(trace), "bytes": 2}, ENDED)
    ended = world.in_loop(lambda: world.acts.run(TARGET, dry=True, trace=True))
    assert world.runner.requests[0].trace
    assert (ended.trace, ended.trace_bytes) == (str(trace), 2)

    class View:
        def show(self, file: Path) -> str:
            return f"http://127.0.0.1/{file.name}"

    kept = KeptRuns(tmp_path / "artifacts", 10**9, viewer=View())
    assert kept.trace_address(str(trace)) == "http://127.0.0.1/trace.zip"
    for path, asked in (("/etc/passwd", kept), (str(tmp_path / "x.zip"), kept), (str(trace), world.acts.kept)):
        with pytest.raises(Refused, match="can't be shown here"):
            asked.trace_address(path)


@pytest.mark.parametrize("storage", ["there", "not there", "silent"])
def test_a_real_run_says_where_others_see_its_picture(
    world: World, tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FakePictures()
    store.fault = NotInstalled("no storage") if storage == "not there" else None
    if storage == "silent":

        async def never(name: str, data: bytes) -> str:
            await asyncio.Event().wait()
            return ""

        store.put = never  # type: ignore[method-assign]
        monkeypatch.setattr("app.actions.kept_runs._SHARE_SECONDS", 0.05)
    kept = KeptRuns(tmp_path / "artifacts", 10**9, store=store)
    picture = with_picture(kept, "any")
    world.acts.kept = kept
    world.script(STARTED, {"kind": "picture", "index": SUBMIT, "path": picture}, verdict("submitted"), ENDED)
    ended = world.run(dry=False)
    name = f"runs/{JOB}/{path_part(HOST)}/{ended.run_id}.jpg"
    written = world.claims.outcomes[0]["picture"]
    assert written == (picture_address(PROJECT, name) if storage == "there" else picture)
    assert list(store.kept) == ([name] if storage == "there" else [])
    assert ended.picture == picture
