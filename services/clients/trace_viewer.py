"""Shows traces of runs in Playwright's viewer, served on loopback to whoever was given the address."""

from __future__ import annotations

import mimetypes
import secrets
import shutil
import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from services.domain.errors import Refused
from services.domain.paths import inside

_POLL_SECONDS: Final = 0.1
_TYPES: Final = {".js": "text/javascript", ".ttf": "font/ttf", ".webmanifest": "application/manifest+json"}
_POLICY: Final = (
    "default-src 'self' 'unsafe-inline' data: blob:; connect-src 'self' data: blob:; frame-ancestors 'self'; "
    "form-action 'none'; base-uri 'none'"
)
"""What a recorded page would load from elsewhere isn't loaded."""


class TraceViewer:
    """`services.ports.TraceView`. Serves from the first `show` on until `close`; `viewer` finds its folder."""

    def __init__(self, viewer: Callable[[], Path]) -> None:
        self._viewer = viewer
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def show(self, file: Path) -> str:
        """The address that shows this trace. Raises Refused where it can't be shown."""
        if not file.is_file():
            raise Refused("The trace is gone.")
        if self._server is None:
            try:
                self._server = _Server(self._viewer())
            except OSError as error:
                raise Refused("The trace viewer can't be served on this computer.", raw=str(error)) from error
            serve = partial(self._server.serve_forever, _POLL_SECONDS)
            self._thread = threading.Thread(target=serve, name="trace viewer", daemon=True)
            self._thread.start()
        return self._server.address_of(file)

    def close(self) -> None:
        """Serve no more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, viewer: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.viewer = viewer
        # Other accounts of this machine reach the port too.
        self.word = secrets.token_urlsafe(18)
        self.traces: dict[str, Path] = {}
        self.home = f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is nothing to tell anybody."""

    def address_of(self, file: Path) -> str:
        name = next((name for name, known in self.traces.items() if known == file), secrets.token_hex(8))
        self.traces[name] = file
        base = f"http://{self.home}/{self.word}"
        return f"{base}/index.html?trace={base}/traces/{name}.zip"


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "trace-viewer", ""
    timeout = 10

    def do_GET(self) -> None:
        self._answer(send_body=True)

    def do_HEAD(self) -> None:
        self._answer(send_body=False)

    def log_message(self, *_: Any) -> None:
        """The address is a secret, and nobody reads this."""

    def _answer(self, *, send_body: bool) -> None:
        server = cast("_Server", self.server)
        if self.headers.get("Host") != server.home:
            self.send_error(421, "This host is not served here")
            return
        origin, site = self.headers.get("Origin"), self.headers.get("Sec-Fetch-Site", "none")
        if origin not in (None, f"http://{server.home}") or site not in ("none", "same-origin"):
            self.send_error(403, "Other sites may not look")
            return
        file = self._file(server)
        if file is None:
            self.send_error(404, "Not found")
            return
        try:
            source = file.open("rb")
        except OSError:
            self.send_error(404, "Not found")
            return
        with source:
            size = file.stat().st_size
            self.send_response(200)
            kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            for name, value in (
                ("Content-Type", kind),
                ("Content-Length", str(size)),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                ("Content-Security-Policy", _POLICY),
            ):
                self.send_header(name, value)
            self.end_headers()
            if send_body:
                shutil.copyfileobj(source, self.wfile)

    def _file(self, server: _Server) -> Path | None:
        try:
            path = unquote(urlsplit(self.path).path, errors="strict")
        except ValueError:
            return None
        word, _, rest = path.removeprefix("/").partition("/")
        if not secrets.compare_digest(word.encode(), server.word.encode()):
            return None
        if rest.startswith("traces/"):
            return server.traces.get(rest.removeprefix("traces/").removesuffix(".zip"))
        found = inside(server.viewer, str(server.viewer / rest))
        return found if found is not None and found.is_file() else None
