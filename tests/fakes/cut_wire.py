"""A wire to a server on this machine that a test may cut: before a request arrives, or before its answer does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

Cut = Literal["", "before the request", "before the answer"]


class CutWire:
    """`cuts` are taken one for each request that names `call`; what isn't cut passes."""

    def __init__(self, origin: str, call: str, cuts: list[Cut]) -> None:
        self._target = urlsplit(origin)
        self._call = call.encode()
        self.cuts = cuts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """Cut everything."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection((self._target.hostname or "", self._target.port or 0))
            self._open += [client, server]
            deaf = threading.Event()
            for work in (self._up, self._down):
                thread = threading.Thread(target=work, args=(client, server, deaf), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _up(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        own = urlsplit(self.origin).netloc.encode()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                cut: Cut = ""
                if self._call in data:
                    cut = self.cuts.pop(0) if self.cuts else ""
                if cut == "before the request":
                    break
                if cut == "before the answer":
                    # The server does it; nobody hears of it.
                    deaf.set()
                # The server answers to its own name only.
                server.sendall(data.replace(b"Host: " + own, b"Host: " + self._target.netloc.encode()))
        self._end(client)

    def _down(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while (data := server.recv(65536)) and not deaf.is_set():
                client.sendall(data)
        self._end(client)

    def _end(self, one: socket.socket) -> None:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_wire(origin: str, call: str, cuts: list[Cut]) -> Iterator[CutWire]:
    """A wire to `origin` for the time of the block."""
    wire = CutWire(origin, call, cuts)
    try:
        yield wire
    finally:
        wire.close()
