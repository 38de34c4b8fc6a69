"""Playwright's own browser, fetched from a loopback download host: whole and in place, or not at all, and in words."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.clients.browser_source import BrowserFetch
from services.submission import browser_download as module
from services.submission import fetch_role
from services.submission.browser_download import NotFetched, fetch
from services.submission.choice import browsers_below, fetched_browser, find_browser
from tests.stack.test_disk_full import may_mount, small_disk

COMMAND = (sys.executable, "-c", "import sys; from services.submission.fetch_role import run; sys.exit(run([]))")
Answer = Callable[[BaseHTTPRequestHandler], None]


def archive(*, damaged: bool = False, link: str = "chrome", name: str = "chrome-linux64/chrome") -> bytes:
    """A small browser as the host has it: an executable, a link and a text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as pack:
        for path, mode, text in (
            (name, 0o100755, "#!/bin/sh\necho chromium\n" * 40),
            ("chrome-linux64/about.txt", 0o100644, "about"),
            ("chrome-linux64/current", 0o120777, link),
        ):
            entry = zipfile.ZipInfo(path)
            entry.external_attr = mode << 16
            pack.writestr(entry, text)
    data = packed.getvalue()
    if damaged:
        # One letter of the executable: only the archive's checksum can tell.
        data = data.replace(b"echo chromium", b"echo chromixm", 1)
    return data


class Host:
    """Answers every request in the way that `answer` says."""

    def __init__(self) -> None:
        self.answer: Answer = sends(archive())
        self.asked: list[str] = []
        self.release = threading.Event()
        host = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host.asked.append(self.path)
                host.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def sends(data: bytes, *, claims: int | None = None, status: int = 200) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(data) if claims is None else claims))
        request.end_headers()
        request.wfile.write(data)

    return answer


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    made = Host()
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", made.url)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    serving = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    yield made
    made.release.set()
    made.server.shutdown()
    made.server.server_close()
    serving.join()


@pytest.fixture
def asked_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver is asked in one test; in the others what it says is known."""
    monkeypatch.setattr(module, "_asked", lambda: ("chromium-9", [f"{host.url}/chrome.zip"]))


def left(home: Path) -> list[str]:
    return sorted(path.name for path in home.glob("*")) if home.exists() else []


def test_it_is_fetched_by_a_process_of_its_own_and_found(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def suite() -> list[dict[str, Any]]:
        source = BrowserFetch({"DIRECTORY_BOLT_HOME": str(tmp_path)}, command=COMMAND)
        return [event async for event in source.fetch()]

    events = asyncio.run(suite())
    home = browsers_below(tmp_path)
    assert events[-1]["kind"] == "ended", events
    path = Path(events[-1]["path"])
    assert events[-2] == {"kind": "progress", "done": len(archive()), "total": len(archive())}
    assert host.asked[0].endswith("/chrome-linux64.zip"), "the driver names what is to be had for this system"
    assert os.access(path, os.X_OK)
    assert (path.parent / "current").resolve() == path
    assert left(home) == [path.parent.parent.name]
    assert path.parent.parent.name.startswith("chromium-")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser(data_dir=tmp_path) == fetched_browser(home) == str(path)
    assert find_browser("/own/chrome", data_dir=tmp_path) == "/own/chrome"


@pytest.mark.usefixtures("asked_once")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sends(b"gone", status=404), r"doesn't have the browser: it answered 404\.$"),
        (sends(archive()[:400], claims=len(archive())), "broke off after 0.0 MB of 0.0 MB. Try again"),
        (sends(b"<html>Sign in to the hotel's network</html>"), "is damaged"),
        (sends(archive(damaged=True)), "is damaged .*CRC"),
        (sends(archive(link="/etc/passwd")), "leads out of its own folder"),
        (sends(archive(link="../../../x")), "leads out of its own folder"),
        (sends(archive(name="chrome-linux64/other")), "holds no browser"),
        (lambda request: request.connection.close(), "broke off|can't be reached"),
    ],
)
def test_what_is_not_whole_is_said_and_nothing_of_it_is_kept(
    host: Host, tmp_path: Path, answer: Answer, words: str
) -> None:
    host.answer = answer
    with pytest.raises(NotFetched, match=words):
        fetch(tmp_path / "browsers", lambda *_: None)
    assert left(tmp_path / "browsers") == []


@pytest.mark.usefixtures("asked_once")
def test_a_new_one_takes_the_place_of_the_old_and_a_failed_one_leaves_it(host: Host, tmp_path: Path) -> None:
    home = tmp_path / "browsers"
    for old in ("chromium-8/chrome-linux64", "chromium-9/broken", ".part-killed/x"):
        (home / old).mkdir(parents=True)
    (home / "chromium-8/chrome-linux64/chrome").touch()
    host.answer = sends(archive(damaged=True))
    with pytest.raises(NotFetched):
        fetch(home, lambda *_: None)
    assert left(home) == ["chromium-8", "chromium-9"]
    host.answer = sends(archive())
    assert fetch(home, lambda *_: None) == str(home / "chromium-9/chrome-linux64/chrome")
    assert left(home) == ["chromium-9"]


@pytest.mark.usefixtures("asked_once")
def test_another_host_is_asked_where_the_first_does_not_answer(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_asked", lambda: ("chromium-9", ["http://127.0.0.1:9/x.zip", f"{host.url}/x.zip"]))
    assert fetch(tmp_path, lambda *_: None)
    monkeypatch.setattr(module, "_asked", lambda: ("chromium-9", ["http://127.0.0.1:9/x.zip"]))
    with pytest.raises(NotFetched, match=r"127\.0\.0\.1:9 can't be reached: .*refused"):
        fetch(tmp_path, lambda *_: None)


@pytest.mark.usefixtures("asked_once")
def test_a_full_disk_is_said(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host.answer = sends(b"x", claims=10**15)
    with pytest.raises(NotFetched, match=r"too little space: .* MB are needed in "):
        fetch(tmp_path / "browsers", lambda *_: None)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    host.answer = sends(archive())
    monkeypatch.setattr(module, "_unpack", full)
    with pytest.raises(NotFetched, match="The disk is full: the browser doesn't fit into"):
        fetch(tmp_path / "browsers", lambda *_: None)
    assert left(tmp_path / "browsers") == []
    (tmp_path / "file").touch()
    with pytest.raises(NotFetched, match="can't be written to"):
        fetch(tmp_path / "file" / "browsers", lambda *_: None)


def test_a_cancelled_one_leaves_nothing_that_counts(host: Host, tmp_path: Path) -> None:
    def hangs(request: BaseHTTPRequestHandler) -> None:
        sends(archive()[:300], claims=len(archive()))(request)
        request.wfile.flush()
        host.release.wait(60)

    host.answer = hangs

    async def suite() -> dict[str, Any]:
        source = BrowserFetch({"DIRECTORY_BOLT_HOME": str(tmp_path)}, command=COMMAND)
        source.cancel()  # nothing to stop yet
        waiting = asyncio.get_running_loop().create_task(_last(source))
        while not host.asked:  # noqa: ASYNC110 - another thread answers
            await asyncio.sleep(0.01)
        source.cancel()
        return await waiting

    last = asyncio.run(suite())
    assert last["error"] == "Fetching ended before the browser was whole (code -9)."
    home = browsers_below(tmp_path)
    assert fetched_browser(home) is None
    assert not [name for name in left(home) if not name.startswith(".part-")], "the next one removes that"


async def _last(source: BrowserFetch) -> dict[str, Any]:
    return [event async for event in source.fetch()][-1]


def test_what_cannot_be_started_or_says_nothing_is_said(tmp_path: Path) -> None:
    missing = asyncio.run(_last(BrowserFetch({}, command=[str(tmp_path / "none")])))
    assert missing["error"].startswith("It could not be started")
    silent = BrowserFetch({}, command=[sys.executable, "-c", "import time; time.sleep(60)"], silence=0.2)
    assert asyncio.run(_last(silent))["error"].startswith("Fetching ended before")


def test_a_driver_that_cannot_tell_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for driver, words in ((("/none",), "doesn't say"), (("/bin/echo",), "has no browser for this system")):
        monkeypatch.setattr(module, "compute_driver_executable", lambda driver=driver: driver)
        assert fetch_role.run([]) == 1
        assert words in capsys.readouterr().out


@pytest.mark.usefixtures("asked_once")
@pytest.mark.skipif(not may_mount(), reason="a small disk can be mounted by root alone")
def test_a_disk_that_fills_up_on_the_way_is_said(host: Host, tmp_path: Path) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        with contextlib.suppress(OSError):
            request.wfile.write(bytes(3 * 1024 * 1024))

    host.answer = endless
    with small_disk(tmp_path / "disk", 1):
        with pytest.raises(NotFetched, match="The disk is full: the browser doesn't fit into"):
            fetch(tmp_path / "disk" / "browsers", lambda *_: None)
        assert left(tmp_path / "disk" / "browsers") == []
