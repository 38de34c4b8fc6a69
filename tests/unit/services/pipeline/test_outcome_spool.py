"""Known outcomes on the disk: whole or not at all, kept until they are dropped, readable by a person."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest

from services.pipeline.outcome_spool import KnownOutcome, OutcomeSpool
from services.submission.outcome import Outcome
from tests.leaks.logs import Logged

SENT = Outcome(
    "submitted", ["page says “received”"], False, 12, listing_url="http://x/1", response_log={"n": [1, None]}
)
KNOWN = KnownOutcome("job", "a.localhost", "key", "w-1", SENT)


def test_kept_until_dropped(tmp_path: Path) -> None:
    spool = OutcomeSpool(tmp_path / "outcomes")
    assert spool.left() == []
    spool.drop(KNOWN)
    other = msgspec.structs.replace(KNOWN, owner="w-2")
    for known in (KNOWN, other, KNOWN):
        spool.keep(known)
    assert sorted(OutcomeSpool(tmp_path / "outcomes").left(), key=lambda known: known.owner) == [KNOWN, other]
    spool.drop(KNOWN)
    assert spool.left() == [other]
    spool.put_aside(other)
    assert spool.left() == []
    assert [file.suffix for file in (tmp_path / "outcomes").iterdir()] == [".refused"]


def test_only_this_account_may_read_it(tmp_path: Path) -> None:
    OutcomeSpool(tmp_path / "outcomes").keep(KNOWN)
    assert (tmp_path / "outcomes").stat().st_mode & 0o077 == 0


def test_half_a_file_is_put_aside_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture, logged: Logged) -> None:
    (tmp_path / "x.json").write_bytes(msgspec.json.encode(KNOWN)[:-5])
    (tmp_path / "y.123.new").write_bytes(b"{")
    assert OutcomeSpool(tmp_path).left() == []
    assert (tmp_path / "x.refused").exists()
    assert [record.getMessage() for record in caplog.records] == ["An outcome that was kept can't be read"]
    logged.take("An outcome that was kept can't be read")


def test_a_disk_that_takes_nothing_is_said_with_the_whole_outcome(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, logged: Logged
) -> None:
    (tmp_path / "outcomes").write_text("a file where the folder should be")
    spool = OutcomeSpool(tmp_path / "outcomes")
    spool.keep(KNOWN)
    [said] = caplog.records
    assert said.levelno == logging.ERROR
    assert {name: getattr(said, name) for name in KNOWN.in_words()} == KNOWN.in_words()
    spool.drop(KNOWN)
    spool.put_aside(KNOWN)
    assert [record.levelno for record in caplog.records[1:]] == [logging.WARNING] * 2
    assert len(logged.take_every("services.pipeline.outcome_spool")) == 3
