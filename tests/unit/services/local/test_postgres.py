"""Setting up PostgreSQL: a set-up that was cut short is done again, and its files are nobody else's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.local.postgres import Postgres, free_port
from tests.postgres import running_postgres


class Killed(BaseException):
    """As abrupt as a kill: no clean-up of ours may count on more."""


def test_a_set_up_that_was_cut_short_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(command: list[Any], **_: Any) -> subprocess.CompletedProcess[str]:
        # As initdb does: the version first, the rest after it.
        folder = Path(command[command.index("-D") + 1])
        folder.mkdir()
        (folder / "PG_VERSION").write_text("18")
        asked.append(folder)
        raise Killed

    asked: list[Path] = []
    monkeypatch.setattr(subprocess, "run", cut_short)
    server = Postgres(tmp_path / "home", port=free_port(), password="secret-of-the-test")
    for _ in range(2):
        with pytest.raises(Killed):
            server.start()
    assert len(asked) == 2


@pytest.mark.stack
def test_the_log_is_the_owners() -> None:
    with running_postgres() as server:
        assert (server.home / "server.log").stat().st_mode & 0o077 == 0
        assert sorted(entry.name for entry in server.home.iterdir()) == ["data", "server.log"]


def test_the_last_words_are_the_end_of_the_log_or_nothing(tmp_path: Path) -> None:
    server = Postgres(tmp_path, port=free_port(), password="secret-of-the-test")
    assert server.last_words() == ""
    (tmp_path / "server.log").write_text("x" * 100_000 + "\nFATAL:  no space left on device\n")
    assert server.last_words().endswith("FATAL:  no space left on device")
    assert len(server.last_words()) < 50_000
