"""The trace viewer's server: for this machine, for whoever has the address, and for nothing else."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from services.clients.trace_viewer import TraceViewer
from services.domain.errors import Refused
from services.submission.viewer import viewer_folder


class Shown:
    def __init__(self, viewer: TraceViewer, trace: Path) -> None:
        url = urlsplit(viewer.show(trace))
        assert url.hostname == "127.0.0.1"
        assert url.port is not None
        self.port = url.port
        self.page = url.path
        self.word = url.path.split("/")[1]
        self.trace = urlsplit(parse_qs(url.query)["trace"][0]).path

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.putrequest(method, path, skip_host="Host" in given)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()


@pytest.fixture
def viewer() -> Iterator[TraceViewer]:
    made = TraceViewer(viewer_folder)
    yield made
    made.close()


@pytest.fixture
def shown(viewer: TraceViewer, tmp_path: Path) -> Shown:
    (tmp_path / "trace.zip").write_bytes(b"PK trace")
    return Shown(viewer, tmp_path / "trace.zip")


def test_the_viewer_and_the_trace_are_served(shown: Shown) -> None:
    status, body, headers = shown.ask(shown.page)
    assert (status, headers["Content-Type"]) == (200, "text/html")
    assert b"Playwright Trace Viewer" in body
    assert headers["Cache-Control"] == "no-store"
    assert "connect-src 'self'" in headers["Content-Security-Policy"]
    assert shown.ask(f"/{shown.word}/sw.bundle.js")[2]["Content-Type"] == "text/javascript"
    assert shown.ask(shown.trace)[:2] == (200, b"PK trace")
    assert shown.ask(shown.trace, "HEAD")[:2] == (200, b"")


def test_others_are_refused(shown: Shown, tmp_path: Path) -> None:
    (tmp_path / "other.zip").write_text("another")
    for headers, status in (
        ({"Host": "evil.example"}, 421),
        ({"Host": f"localhost:{shown.port}"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ):
        for path in (shown.page, shown.trace):
            assert shown.ask(path, **headers)[0] == status
    assert shown.ask(shown.trace, Origin=f"http://127.0.0.1:{shown.port}", Sec_Fetch_Site="same-origin")[0] == 200
    for path in (
        "/", "/index.html", "/x/index.html", "/%ff/index.html", f"/{shown.word}/../other.zip",
        f"/{shown.word}/..%2f..%2fcli.js", f"/{shown.word}/%2e%2e/%2e%2e/cli.js", f"/{shown.word}//etc/passwd",
        f"/{shown.word}/traces/other.zip", f"/{shown.word}/traces/../../other.zip", f"/{shown.word}/a%00b",
        f"/{shown.word}/assets", f"/{shown.word}", "/%c3%a9/index.html",
    ):  # fmt: skip
        assert shown.ask(path)[0] == 404, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert shown.ask(shown.page, method)[0] == 501


def test_what_is_no_http_ends_nothing(shown: Shown) -> None:
    for line in (b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", b""):
        with socket.create_connection(("127.0.0.1", shown.port), timeout=30) as wire:
            wire.sendall(line)
            wire.shutdown(socket.SHUT_WR)
            wire.recv(1000)
    assert shown.ask(shown.page)[0] == 200


def test_each_trace_has_one_address_until_the_end(viewer: TraceViewer, shown: Shown, tmp_path: Path) -> None:
    assert Shown(viewer, tmp_path / "trace.zip").trace == shown.trace
    (tmp_path / "trace.zip").unlink()
    assert shown.ask(shown.trace)[0] == 404
    with pytest.raises(Refused, match="gone"):
        viewer.show(tmp_path / "trace.zip")
    viewer.close()
    with pytest.raises(OSError):
        shown.ask(shown.page)
    viewer.close()


def test_a_viewer_that_is_missing_is_said(tmp_path: Path) -> None:
    def missing() -> Path:
        raise FileNotFoundError("not there")

    (tmp_path / "trace.zip").write_text("x")
    with pytest.raises(Refused, match="can't be served"):
        TraceViewer(missing).show(tmp_path / "trace.zip")
