"""How many changes a second reach the store, beside clients that do less with them.

Each run has a server process that writes frames which were encoded before, and a client process that counts, and
checks the count and the last value. A change counts when every column and every number derived from it can be read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.bench import npm
from tests.bench.rows import Row, row

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
SEED: Final = 7
COUNT: Final = 100_000
"""Over a second of a full line: of 20,000, a sixth of the time is the wait for the first and behind the last."""
SLOW_COUNT: Final = 3_000
"""For the stock client, which takes ten times as long and more."""
RUNS: Final = 3
LAST: Final = 77


def measure() -> list[Row]:
    """The rows of group `ingest`. The row against supabase-js is left out where there is no node."""
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        node = _node_peer(Path(folder))
        ours: list[float] = []
        floor: list[float] = []
        kept: list[float] = []
        javascript: list[float] = []
        stock: list[float] = []
        for _ in range(RUNS):
            ours.append(_python("ours", COUNT))
            floor.append(_python("websockets", COUNT))
            kept.append(_python("kept", COUNT))
            stock.append(_python("realtime", SLOW_COUNT))
            if node:
                javascript.append(_run([*node], COUNT, Path(folder)))
    rows = [
        _row("changes into the store", ours, floor, "websockets + orjson, nothing else", 0.85),
        row("ingest", "the same", ours=ours, peer=kept, peer_name="websockets + orjson, rows in a dict by id",
            unit="/s", bound="reported"),
    ]  # fmt: skip
    if javascript:
        rows.append(_row("the same", ours, javascript, "supabase-js, empty callback", 1.0))
    rows.append(_row("the same", ours, stock, "stock realtime, empty callback", 15.0))
    return rows


def _row(name: str, ours: Sequence[float], peer: Sequence[float], peer_name: str, goal: float) -> Row:
    return row("ingest", name, ours=ours, peer=peer, peer_name=peer_name, unit="/s", bound=">=", goal=goal)


def _python(kind: str, count: int) -> float:
    return _run([sys.executable, "-m", "tests.bench.ingest_client", kind], count, ROOT)


def _run(command: list[str], count: int, folder: Path) -> float:
    """Changes a second of one client."""
    with _server(count) as url:
        done = subprocess.run(
            [*command, url, str(count), str(SEED)], cwd=folder, capture_output=True, text=True, timeout=180, check=False
        )
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert result["count"] == count, f"{command}: {result}"
    assert result["last"] == LAST, f"{command}: {result}"
    if "derived" in result:
        assert result["derived"] > 0.5 * count, result
    return float(result["per_second"])


@contextmanager
def _server(count: int) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.ingest_server", str(SEED), str(count)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def _node_peer(folder: Path) -> list[str]:
    """The command of the JavaScript client, its package installed into `folder`; [] where that can't be had."""
    node = shutil.which("node")
    if node is None or not npm.install(folder, "@supabase/supabase-js", "ws"):
        return []
    return [node, str(HERE / "ingest_peer.js")]
