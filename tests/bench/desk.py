"""The real store, sync and pages over a world in numbers, fed by another process."""

from __future__ import annotations

import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from services.ports.facts import Table

ROOT: Final = Path(__file__).parents[2]


class WorldReads:
    """`services.ports.Reads` of a world's rows at its start, which another process has."""

    def __init__(self, port: int) -> None:
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self._places: dict[tuple[str, str], int] = {}
        """After which row how many were read."""

    async def due(self) -> dict[str, array[int]]:
        """See `Expected`."""
        answer: dict[str, list[int]] = (await self._client.get("/due")).json()
        return {key: array("I", numbers) for key, numbers in answer.items()}

    async def results(self) -> int:
        """How many results there are in the end."""
        return int((await self._client.get("/results")).json())

    async def close(self) -> None:
        """End the connection."""
        await self._client.aclose()

    async def page(
        self, table: Table, *, order: str, descending: bool = False, limit: int = 1000,
        after: tuple[str, str] | None = None, equals: Mapping[str, str] | None = None, since: str | None = None,
        columns: Sequence[str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        start = 0 if after is None else self._places[table, after[1]]
        rows: list[dict[str, Any]] = (await self._client.get(f"/rows/{table}/{start}/{limit}")).json()
        if rows and "id" in rows[-1]:
            self._places[table, rows[-1]["id"]] = start + len(rows)
        return rows

    async def by_ids(self, table: Table, ids: Sequence[str]) -> list[dict[str, Any]]:
        return []

    async def server_offset(self) -> float:
        return 0.0


class BenchSession:
    """What the feed asks of a sign-in."""

    key = "bench"

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    async def token(self) -> str:
        return "bench"

    def on_token(self, listener: Callable[[str], None]) -> None:
        pass


class FeedProcess:
    """The feed as a child; `go()` starts it and gives the monotonic time of the start."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child = child
        self.port = int(self._line())

    def go(self) -> float:
        assert self._child.stdin is not None
        self._child.stdin.write("go\n")
        self._child.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline()


@contextmanager
def feed_process(*, jobs: int, hot: int, count: int, rate: float, seed: int = 1) -> Iterator[FeedProcess]:
    """A feed of `count` changes of a world, `rate` a second."""
    told = {"jobs": jobs, "hot": hot, "count": count, "rate": rate, "seed": seed}
    arguments = [text for name, value in told.items() for text in (f"--{name}", str(value))]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.feed_server", *arguments],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield FeedProcess(child)
    finally:
        child.kill()
        child.communicate()
