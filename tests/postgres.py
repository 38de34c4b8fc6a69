"""A PostgreSQL with our schema that lives as long as the tests that need it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.local.postgres import Postgres, free_port


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server with files of its own, where the account that PostgreSQL runs as may enter; both gone afterwards."""
    room = Path("/var/tmp")
    home = Path(tempfile.mkdtemp(prefix="directory-bolt-test-", dir=room if room.is_dir() else None))
    server = Postgres(home, port=free_port(), password="secret-of-the-test")
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
