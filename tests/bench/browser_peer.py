"""The peer of the window: a page with supabase-js in a headless browser, at the same load from the same feed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from services.submission.browser import FLAGS
from services.submission.choice import find_browser
from tests.bench import npm
from tests.bench.desk import feed_process
from tests.bench.world import World

_PART: Final = 1000
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LIBRARY: Final = Path("node_modules/@supabase/supabase-js/dist/umd/supabase.js")


def measure(*, jobs: int, hot: int, rate: float, seconds: float) -> dict[str, float] | None:
    """`cpu_share` (of one core) and `memory_mib` of all its processes; None where there is no browser or no npm."""
    browser = find_browser()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if browser is None or not npm.install(folder, "@supabase/supabase-js"):
            return None
        count = int(rate * seconds)
        with (
            _site(World(jobs, hot), (folder / _LIBRARY).read_bytes()) as site,
            feed_process(jobs=jobs, hot=hot, count=count, rate=rate) as feed,
            _opened(browser, f"{site.url}/?url=http://127.0.0.1:{feed.port}", folder / "profile") as process,
        ):
            site.wait(lambda: site.state.get("state") in ("SUBSCRIBED", "seen"), 300)
            time.sleep(3)
            cpu = _cpu(process.pid)
            began = feed.go()
            time.sleep(max(0.0, began + seconds - time.monotonic()))
            cpu = _cpu(process.pid) - cpu
            site.wait(lambda: site.state.get("seen", 0) >= count, 60)
            return {"cpu_share": cpu / seconds, "memory_mib": _memory(process.pid), "frames": site.state["frames"]}


class _Site:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.state: dict[str, Any] = {}

    def wait(self, condition: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until or self.state.get("problem"):
                raise RuntimeError(f"the page came no further than {self.state}")
            time.sleep(0.1)


@contextmanager
def _site(world: World, library: bytes) -> Iterator[_Site]:
    """What the page is made of, the rows at the start, and where it says how far it is."""
    page = Path(__file__).with_name("browser_page.html").read_bytes()
    rows = {"jobs": world.jobs, "customers": world.customers}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            table = rows.get(path.removeprefix("/"))
            if table is not None:
                part = int(query.removeprefix("part="))
                self._answer(json.dumps(table[part * _PART : (part + 1) * _PART]).encode(), "application/json")
            elif path == "/supabase.js":
                self._answer(library, "text/javascript")
            else:
                self._answer(page, "text/html")

        def do_POST(self) -> None:
            site.state.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(b"{}", "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = _Site(server.server_port)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


@contextmanager
def _opened(browser: str, url: str, profile: Path) -> Iterator[subprocess.Popen[bytes]]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [browser, *FLAGS, *sandbox, "--headless", "--remote-debugging-port=0", f"--user-data-dir={profile}", url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _family(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has ended
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _cpu(root: int) -> float:
    """Seconds that the family used so far."""
    used = 0
    for pid in _family(root):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / _TICKS


def _memory(root: int) -> float:
    """MiB of the family, what is shared counted once."""
    total = 0
    for pid in _family(root):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
