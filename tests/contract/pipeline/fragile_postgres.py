"""A PostgreSQL of its own that a test may kill, freeze, thaw and start again."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from services.local.postgres import Postgres, PostgresFailed
from tests.postgres import running_postgres


class Fragile:
    """One server. `kill` is kill -9 of all its processes."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        # The server ends with the thread that started it.
        self._starter = ThreadPoolExecutor(1)
        self._starter.submit(lambda: None).result()
        self.url = server.url

    def kill(self) -> None:
        """No process of it is left when this returns."""
        processes = self._processes()
        self._signal(signal.SIGKILL, processes)
        end = time.monotonic() + 20
        while self._server.exited() is None or any(_runs(pid) for pid in processes):
            assert time.monotonic() < end, "it does not die"
            time.sleep(0.01)

    def start(self) -> None:
        """Again on the same data."""
        self.start_soon().result()

    def start_soon(self) -> Future[None]:
        """`start`, without waiting for it."""
        return self._starter.submit(self._start)

    def close(self) -> None:
        """Let the server end."""
        self._starter.shutdown()

    def _start(self) -> None:
        end = time.monotonic() + 60
        while True:
            try:
                self._server.start()
                return
            except PostgresFailed:
                assert time.monotonic() < end, "it does not come back"
                time.sleep(0.1)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of it stands still; connections stay open and give no answer."""
        processes = self._processes()
        self._signal(signal.SIGSTOP, processes)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT, processes)

    def _signal(self, number: int, processes: list[int]) -> None:
        for pid in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _processes(self) -> list[int]:
        main = self._server.pid
        assert main is not None
        return [main, *(pid for pid in _all() if _parent(pid) == main)]


@contextmanager
def fragile_postgres() -> Iterator[Fragile]:
    """Runs from start to end of the block, whatever was done to it."""
    with running_postgres() as server:
        fragile = Fragile(server)
        try:
            yield fragile
            if server.exited() is not None:
                fragile.start()
        finally:
            fragile.close()


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int:
    return int(_stat(pid)[1]) if _stat(pid) else 0


def _runs(pid: int) -> bool:
    return bool(_stat(pid)) and _stat(pid)[0] != "Z"


def _stat(pid: int) -> list[str]:
    """State and parent of a process; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return []
