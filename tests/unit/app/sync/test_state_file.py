"""The file of the last known state: whole or not there, and never a crash over what is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sync import state_file
from app.sync.state_file import Head, StateWriter, Unusable, parts, read_state
from services.domain.customer_row import CustomerRow
from services.domain.records import HistoryEvent, Job
from services.domain.result import Result

HEAD = Head("http://p", "a@b.example", 5.0, {"jobs": 4.0}, history_from=1.0)
JOBS = [Job(f"j{number}", status="failed", metadata={"n": number}, version=number) for number in range(450)]


def write(file: Path, most: int = state_file.MOST_BYTES) -> bool:
    writer = StateWriter(file, most)
    whole = all([writer.add("jobs", part) for part in parts(JOBS)] + [writer.add("customers", [CustomerRow("c")])])
    writer.finish(HEAD)
    writer.drop()
    return whole


def test_what_was_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "sub" / "a.state"
    breaths: list[None] = []
    assert write(file)
    head, rows = read_state(file, lambda: breaths.append(None))
    assert head == HEAD
    assert [record for table, records in rows if table == "jobs" for record in records] == JOBS
    assert rows[-1] == ("customers", [CustomerRow("c")])
    assert len(breaths) == len(rows) + 1
    assert os.listdir(file.parent) == ["a.state"]
    if os.name == "posix":
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_it_never_grows_beyond_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "a.state"
    assert not write(file, most=3000)
    assert file.stat().st_size < 3500
    assert read_state(file)[0] == HEAD


def test_one_that_is_given_up_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "a.state"
    write(file)
    before = file.read_bytes()
    writer = StateWriter(file)
    writer.add("jobs", JOBS[:3])
    writer.drop()
    assert (file.read_bytes(), os.listdir(tmp_path)) == (before, ["a.state"])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("good") / "a.state"
    write(file)
    return file.read_bytes()


@given(st.data())
def test_any_damage_is_noticed(good: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.state"
    at = data.draw(st.integers(0, len(good) - 1))
    if data.draw(st.booleans()):
        spoiled = good[:at]
    else:
        spoiled = good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :]
    file.write_bytes(spoiled)
    with pytest.raises(Unusable, match="last known state"):
        read_state(file)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ((b"nowhere\0", b"\x90"), "of another kind"),
        ((b"jobs\0", b"\xc1"), "of another kind"),
        ((b"\xff\0", b"\x90"), "of another kind"),
        ((b"end\0", b"\x80"), "of another kind"),
    ],
)
def test_whole_blocks_of_another_kind(tmp_path: Path, block: tuple[bytes, bytes], words: str) -> None:
    file = tmp_path / "a.state"
    writer = StateWriter(file)
    writer._put(zlib.compress(b"".join(block)))
    writer._out.close()
    with pytest.raises(Unusable, match=words):
        read_state(writer._part)


def test_a_block_that_is_not_packed(tmp_path: Path) -> None:
    writer = StateWriter(tmp_path / "a.state")
    writer._put(b"not packed")
    writer._out.close()
    with pytest.raises(Unusable, match="damaged"):
        read_state(writer._part)


def test_another_version_is_called_so(tmp_path: Path, good: bytes) -> None:
    file = tmp_path / "a.state"
    file.write_bytes(good.replace(b"state 3\n", b"state 2\n", 1))
    with pytest.raises(Unusable, match="another version"):
        read_state(file)


_KILLED = """
import sys
import zlib
from pathlib import Path
from app.sync.state_file import Head, StateWriter
from services.domain.records import HistoryEvent, Job
from services.domain.result import Result
file = Path(sys.argv[1])
number = 0
while True:
    number += 1
    writer = StateWriter(file)
    for part in range(20):
        writer.add("jobs", [Job(f"{number}-{part}-{row}") for row in range(200)])
    writer.finish(Head("p", "a", number, {"jobs": 1.0}))
    print(number, flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "a.state"
    for rounds in range(1, 6):
        child = subprocess.Popen([sys.executable, "-c", _KILLED, str(file)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(rounds):
            child.stdout.readline()
        child.kill()
        child.wait()
        child.stdout.close()
        head, rows = read_state(file)
        assert len(rows) == 20
        assert {record.id.split("-")[0] for _, records in rows for record in records} == {f"{head.written_at:.0f}"}


def test_one_that_ends_between_two_parts_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.state"
    write(file)
    file.write_bytes(file.read_bytes().partition(b"\n")[0] + b"\n")
    with pytest.raises(Unusable, match="ends too early"):
        read_state(file)


def test_a_secret_that_a_site_repeats_is_left_out_and_the_rest_of_its_result_is_not(tmp_path: Path) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoicGxhbnRlZCJ9.cGxhbnRlZA"
    row = {
        "id": "r1", "job_id": "j1", "directory_name": "a.example", "status": "failed",
        "response_log": {"said": f"Bearer {token}", "verdict": "no"}, "screenshot_url": "https://a.example/s.png",
    }  # fmt: skip
    results = [Result.from_row(row), Result.from_row({**row, "id": "r2", "response_log": {"verdict": "yes"}})]
    file = tmp_path / "a.state"
    writer = StateWriter(file)
    writer.add("job_results", results)
    writer.add("queue_history", [HistoryEvent("h1", event=f"Bearer {token}", details_json=b"{")])
    writer.finish(HEAD)
    (_, (first, second)), (_, (event,)) = read_state(file)[1]
    assert (token in event.event, event.details_json) == (False, b"{}")
    assert token not in str(first.seldom_columns())
    assert (first.response_log["verdict"], first.screenshot_url) == ("no", "https://a.example/s.png")
    assert second == results[1]
