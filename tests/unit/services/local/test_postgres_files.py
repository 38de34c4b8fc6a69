"""A server's files go when their owner's folder has gone, and never before."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.local import postgres_files as module
from services.local.postgres_files import end_leftover, home_for, record_owner, remove_orphans
from tests.local_stack import wait_until


@pytest.fixture
def root_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "ROOT_HOME", tmp_path / "system")
    monkeypatch.setattr(module, "is_root", lambda: True)
    return tmp_path / "system"


def server_of(data_dir: Path, name: str) -> Path:
    home = home_for(data_dir, name)
    (home / "data").mkdir(parents=True)
    (home / "data" / "PG_VERSION").write_text("18")
    record_owner(home, data_dir)
    return home


def test_only_files_whose_data_folder_is_gone_are_removed(root_home: Path, tmp_path: Path) -> None:
    living, gone = tmp_path / "living", tmp_path / "gone"
    living.mkdir()
    kept, orphan = server_of(living, "a" * 12), server_of(gone, "b" * 12)
    unrecorded = root_home / "binaries-1.0"
    unrecorded.mkdir()
    strange = root_home / ("c" * 12)
    strange.mkdir()
    (strange / "data-folder").write_text("not a path")
    assert remove_orphans() == [orphan]
    assert sorted(root_home.iterdir()) == sorted([kept, unrecorded, strange])
    assert (kept / "data" / "PG_VERSION").exists()
    assert remove_orphans() == []


def test_a_deletion_that_was_cut_short_is_finished(root_home: Path, tmp_path: Path) -> None:
    home = server_of(tmp_path / "gone", "b" * 12)
    half = home.rename(home.with_name(f"gone-{home.name}"))
    assert remove_orphans() == [half]
    assert not list(root_home.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_files_that_a_server_uses_stay(root_home: Path, tmp_path: Path) -> None:
    home = server_of(tmp_path / "gone", "b" * 12)
    nap = "import time; print(flush=True); time.sleep(60)"
    server = subprocess.Popen([sys.executable, "-c", nap, str(home / "data")], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        (home / "data" / "postmaster.pid").write_text(f"{server.pid}\n{home / 'data'}\n")
        assert remove_orphans() == []
        assert home.exists()
    finally:
        server.kill()
        server.communicate()
    assert remove_orphans() == [home]


def test_where_nobody_is_root_nothing_is_looked_for(
    root_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = server_of(tmp_path / "gone", "b" * 12)
    monkeypatch.setattr(module, "is_root", lambda: False)
    assert remove_orphans() == []
    assert home.exists()
    assert home_for(tmp_path, "b" * 12) == tmp_path / "local" / "postgres"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_what_is_left_of_a_server_is_ended_and_nobody_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    nap = "import time; print(flush=True); time.sleep(60)"
    orphan, bystander = (
        subprocess.Popen([sys.executable, "-c", naming + nap], cwd=data, stdout=subprocess.PIPE)
        for naming in ("open('/proc/self/comm', 'w').write('postgres');", "")
    )
    try:
        for process in (orphan, bystander):
            assert process.stdout is not None
            process.stdout.readline()
        # Its pid file names a process that is alive, and somebody else's.
        (data / "postmaster.pid").write_text(f"{os.getpid()}\n")
        end_leftover(data)
        assert not (data / "postmaster.pid").exists()
        wait_until(lambda: orphan.poll() is not None, 10, "the orphan's end")
        assert bystander.poll() is None
        # A pid file of a dead server is PostgreSQL's own to judge.
        (data / "postmaster.pid").write_text(f"{orphan.pid}\n")
        end_leftover(data)
        assert (data / "postmaster.pid").exists()
    finally:
        for process in (orphan, bystander):
            process.kill()
            process.communicate()
