"""The case of a job: everything that is known here, without secrets, and what a reader gets of it."""

from __future__ import annotations

import asyncio
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app import tasks
from app.actions.case_files import open_case, read_case
from app.actions.operations import Operation
from app.actions.run_state import Asked, Blocked, RunState, Said, StepLine
from services.artifacts import LOG, TRACE, place_of_worker, write_whole
from services.domain.case_file import Case
from services.domain.errors import NotReachable, Refused
from services.domain.pictures import picture_address
from services.domain.plans import Plan, Step
from tests.fakes.desk import DeskWorld
from tests.fakes.pictures import PROJECT
from tests.fakes.queues import FakeQueues
from tests.waiting import until

JPEG = b"\xff\xd8\xff\xe0 a picture"
SECRET = "sb_secret_0123456789abcdef"
PASSWORD = "hunter2horse"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    made = DeskWorld(tmp_path, FakeQueues({}, time.time), time.time, "operator")
    made.job("j1", "Old Mill Pizza", "completed")
    made.job("j2", "Moss & Main", "completed")
    here = made.kept_runs.folder("j1", "a.example", "r1") / "final.jpg"
    here.parent.mkdir(parents=True)
    here.write_bytes(JPEG + b" here")
    for number, (host, where) in enumerate(
        (
            ("a.example", str(here)),
            ("b.example", picture_address(PROJECT, "jobs/b.jpg")),
            ("c.example", "/worker/c.jpg"),
        )
    ):
        item = {"id": f"w{number}", "submission_queue_id": "j1", "status": "failed"}
        made.store.put("directory_submissions", {**item, "directory_url": f"https://{host}/add"})
        plan = [{"action": "fill", "selector": "#password", "value": PASSWORD}, {"action": "click", "selector": "#go"}]
        row = {"id": f"r{number}", "job_id": "j1", "directory_name": host, "status": "failed", "screenshot_url": where}
        log = {"reasons": ["HTTP 500"], "note": f"key {SECRET}"}
        made.store.put(
            "job_results", {**row, "payload": {"plan": plan}, "response_log": log, "error_message": "HTTP 500"}
        )
    made.event(1, "j1", "failed", "a.example", reason=f"password={PASSWORD}")
    made.event(2, "j2", "failed", "z.example")
    act = {
        "id": "s1",
        "actor": "u1",
        "role": "operator",
        "act": "declare",
        "target": "j1/a.example",
        "reason": "called them",
    }
    made.store.put("staff_actions", {**act, "created_at": "2026-01-01T00:00:00Z"})
    made.store.put("staff_actions", {**act, "id": "s2", "target": "j2"})
    made.store.take_changed()
    made.pictures.kept["jobs/b.jpg"] = JPEG + b" there"
    yield made
    made.close()


def kept_run(world: DeskWorld) -> RunState:
    folder = world.kept_runs.folder("j1", "a.example", "r1")
    return RunState(
        phase="ended", run_id="r1", job_id="j1", directory="a.example", verdict="dry", words="Nothing was sent.",
        steps=(StepLine(0, "Open the page", "https://a.example/add", "done", 12, str(folder / "final.jpg")),),
        blocked=(Blocked("POST", "https://a.example/add", 9, f"password={PASSWORD}&name=Old+Mill"),),
        console=(Said(1, "error", f"token: {SECRET}"),), network=(Asked(1, "GET", "https://a.example/", status=200),),
        trace=str(folder / "trace.zip"), trace_bytes=9, plan=Plan([Step("goto", url="https://a.example/add")]),
    )  # fmt: skip


async def write(world: DeskWorld, host: str = "") -> tuple[Operation, Case, dict[str, bytes]]:
    job = world.store.jobs.get("j1")
    assert job is not None
    ended = await world.cases.write(job, host)
    assert ended.state == "done", ended.words
    case, pictures = await read_case(Path(ended.target))
    return ended, case, pictures


def test_a_case_has_it_all_and_no_secret(world: DeskWorld) -> None:
    async def go() -> None:
        await world.kept_runs.keep(kept_run(world))
        ended, case, pictures = await write(world)
        assert ended.label == "Export the case of Old Mill Pizza"
        assert (case.business, case.job_id, case.environment, case.made_by) == (
            "Old Mill Pizza",
            "j1",
            "local",
            "desk-1",
        )
        assert [line.host for line in case.directories] == ["a.example", "b.example", "c.example"]
        assert [pictures.get(line.picture) for line in case.directories] == [JPEG + b" here", JPEG + b" there", None]
        assert case.directories[0].record["payload"]["plan"][1]["selector"] == "#go"
        assert [(moment.what, moment.directory) for moment in case.timeline] == [("failed", "a.example")]
        assert [(moment.what, moment.words) for moment in case.decisions] == [("Declare", "called them")]
        run, *remote = case.runs
        assert [(one.by, one.directory, one.verdict) for one in remote] == [
            ("a worker", host, "failed") for host in ("a.example", "b.example", "c.example")
        ]
        assert (run.run_id, run.verdict, run.words) == ("r1", "dry", "Nothing was sent.")
        assert pictures[run.steps[0].picture] == JPEG + b" here"
        assert run.plan == ({"action": "goto", "url": "https://a.example/add"},)
        assert run.requests[0]["became"] == "held back"
        assert (run.network[0]["status"], run.console[0]["level"]) == (200, "error")
        assert case.left_out == (
            "Of a worker's run only the last picture is kept.",
            "What pages wrote and asked for in 3 runs of workers stays on the worker's machine.",
            "A picture is on a worker's own disk.",
            "Traces stay where they were made: they hold what was typed.",
        )
        with zipfile.ZipFile(ended.target) as made:
            everything = b"".join(made.read(name) for name in made.namelist())
        assert SECRET.encode() not in everything
        assert PASSWORD.encode() not in everything

    asyncio.run(go())


def test_the_case_of_one_directory_has_nothing_of_the_others(world: DeskWorld) -> None:
    async def go() -> None:
        world.pictures.fault = NotReachable("The storage does not answer.")
        ended, case, pictures = await write(world, "b.example")
        assert ended.label == "Export the case of Old Mill Pizza, b.example"
        assert [line.host for line in case.directories] == ["b.example"]
        assert (case.timeline, case.decisions, [run.directory for run in case.runs], pictures) == (
            (), (), ["b.example"], {},
        )  # fmt: skip
        assert case.left_out[-1] == "A picture is not in it: unreadable, or no room was left."

    asyncio.run(go())


PLAN = [
    {"action": "goto", "url": "https://w.example/add"}, {"action": "fill", "selector": "#pin", "value": PASSWORD},
    {"action": "click", "selector": "#go"},
]  # fmt: skip
STEPS = [
    {"index": 0, "action": "goto", "status": "failed", "ms": 9}, {"index": 0, "action": "goto", "status": "done"},
    {"index": 1, "action": "fill", "status": "failed", "ms": 30},
]  # fmt: skip


def result_of(world: DeskWorld, host: str, payload: dict[str, object], log: dict[str, object], where: str = "") -> None:
    row = {
        "id": "r0" if host == "a.example" else f"r-{host}",
        "job_id": "j1",
        "directory_name": host,
        "status": "failed",
        "screenshot_url": where,
    }
    world.store.put("job_results", {**row, "payload": payload, "response_log": log, "error_message": "HTTP 500"})
    world.store.take_changed()


def test_the_run_of_a_worker_is_in_it_with_the_log_that_lies_here(world: DeskWorld, tmp_path: Path) -> None:
    place = place_of_worker(tmp_path / "artifacts", "j1", "w.example")
    told = [
        {"kind": "console", "at": 3, "level": "error", "text": f"key {SECRET}"},
        {"kind": "network", "at": 4, "method": "POST", "url": "https://w.example/add", "type": "fetch", "status": 500},
        {"kind": "beat"},
    ]
    write_whole(place.with_suffix(LOG), msgspec.json.encode({"claim": "c1", "told": told}))
    place.with_suffix(TRACE).write_bytes(b"PK" + PASSWORD.encode())
    place.with_suffix(".jpg").write_bytes(JPEG + b" of a worker")
    result_of(
        world, "w.example", {"plan": PLAN, "claim": "c1"}, {"steps": STEPS, "reasons": ["HTTP 500", None]},
        str(place.with_suffix(".jpg")),
    )  # fmt: skip

    async def go() -> None:
        ended, case, pictures = await write(world, "w.example")
        (run,) = case.runs
        assert (run.by, run.run_id, run.dry, run.verdict, run.reasons) == (
            "a worker", "c1", False, "failed", ("HTTP 500",),
        )  # fmt: skip
        assert [(step.detail, step.status, step.ms) for step in run.steps] == [
            ("https://w.example/add", "done", None), ("#pin", "failed", 30), ("#go", "waiting", None),
        ]  # fmt: skip
        assert [line["level"] for line in run.console] == ["error"]
        assert [(line["method"], line["status"]) for line in run.network] == [("POST", 500)]
        assert pictures == {run.picture: JPEG + b" of a worker"}
        assert case.directories[0].picture == run.picture
        assert case.left_out == (
            "Of a worker's run only the last picture is kept.",
            "Of a run of a worker a trace lies on this computer; it holds what was typed, and stays there.",
        )
        with zipfile.ZipFile(ended.target) as made:
            everything = b"".join(made.read(name) for name in made.namelist())
        assert SECRET.encode() not in everything
        assert PASSWORD.encode() not in everything
        # The same, after another worker made a newer run elsewhere.
        result_of(world, "w.example", {"plan": PLAN, "claim": "c2"}, {"steps": STEPS})
        _, case, _ = await write(world, "w.example")
        assert (case.runs[0].console, case.runs[0].network) == ((), ())
        assert "stays on the worker's machine." in case.left_out[1]

    asyncio.run(go())


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"claim": "c1", "told": [1]}', b"[" * 9000, b" " * 5_000_000])
def test_a_log_that_is_damaged_or_too_large_is_none(world: DeskWorld, tmp_path: Path, damage: bytes) -> None:
    place = place_of_worker(tmp_path / "artifacts", "j1", "w.example")
    write_whole(place.with_suffix(LOG), damage)
    result_of(world, "w.example", {"plan": PLAN, "claim": "c1"}, {"steps": STEPS}, "https://cdn.example/w.jpg")
    _, case, _ = asyncio.run(write(world, "w.example"))
    assert case.runs[0].console == ()
    assert case.left_out[-1] == "A picture is at other addresses, not fetched."


def test_a_run_of_a_colleague_is_in_it_and_an_own_one_is_not_in_it_twice(world: DeskWorld) -> None:
    own: dict[str, object] = {"steps": STEPS, "run_here": True, "run_id": "r1"}
    result_of(world, "a.example", {"plan": PLAN}, own)
    result_of(world, "w.example", {"plan": PLAN}, {**own, "run_id": "r9"})
    result_of(world, "x.example", {"plan": [7]}, {"reasons": "none", "steps": [{"index": -1}, 3]})
    result_of(world, "y.example", {"plan": PLAN[:1]}, {})

    async def go() -> None:
        await world.kept_runs.keep(kept_run(world))
        _, case, _ = await write(world)
        runs = {run.directory: run for run in case.runs}
        assert [run.directory for run in case.runs].count("a.example") == 1
        assert (runs["a.example"].by, runs["w.example"].by, runs["w.example"].run_id) == (
            "", "another staff machine", "r9",
        )  # fmt: skip
        assert "x.example" not in runs, "nothing is known of how it went"
        assert [step.status for step in runs["y.example"].steps] == ["not told"]
        assert case.left_out[2].startswith("Pictures, logs and traces of a run of a colleague stay on their machines")

    asyncio.run(go())


def test_only_the_newest_logs_are_in_it(world: DeskWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.actions.case_remote._MOST_LOGS", 1)
    monkeypatch.setattr("app.actions.case_files._NEWEST_RUNS", 0)
    for number, host in enumerate(("v.example", "w.example")):
        place = place_of_worker(tmp_path / "artifacts", "j1", host)
        told = [{"kind": "console", "at": 3, "level": "error", "text": "x"}]
        write_whole(place.with_suffix(LOG), msgspec.json.encode({"claim": "c1", "told": told}))
        result_of(world, host, {"plan": PLAN, "claim": "c1"}, {"steps": STEPS})
        world.event(50 + number, "j1", "failed", host, reason="HTTP 500")
        world.store.take_changed()

    async def go() -> None:
        await world.kept_runs.keep(kept_run(world))
        _, case, _ = await write(world)
        logs = {run.directory: len(run.console) for run in case.runs if run.by}
        assert (logs["w.example"], logs["v.example"]) == (1, 0)
        assert "The logs of a run of a worker, the older ones, were left out: they would be too much." in case.left_out
        assert "Older runs of this computer were left out: they would be too much." in case.left_out

    asyncio.run(go())


def test_what_cannot_be_written_is_said_and_leaves_nothing(world: DeskWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.domain.case_file.LARGEST_TEXT", 10)

    async def go() -> Operation:
        world.cases.start("nobody")
        world.cases.start("j1")
        await until(lambda: not tasks.running())
        return world.desk.operations.newest_first()[0]

    ended = asyncio.run(go())
    assert ended.state == "failed"
    assert "can't be written" in ended.words
    assert not Path(ended.target).exists()
    (Path(ended.target).parent.rmdir())
    Path(ended.target).parent.write_text("no folder")
    job = world.store.jobs.get("j1")
    assert job is not None
    assert asyncio.run(world.cases.write(job)).state == "failed"


def test_a_file_is_opened_or_refused_in_words(world: DeskWorld, tmp_path: Path) -> None:
    said: list[object] = []
    (tmp_path / "x.zip").write_text("x")

    async def go() -> None:
        ended, case, _ = await write(world)
        open_case(Path(ended.target), lambda found, _: said.append(found), said.append)
        await until(lambda: said)
        assert said == [case]
        open_case(tmp_path / "x.zip", lambda found, _: said.append(found), said.append)
        await until(lambda: len(said) == 2)
        with pytest.raises(Refused):
            await read_case(tmp_path / "none.zip")

    asyncio.run(go())
    assert said[1] == "This is no case file, or it is damaged."
