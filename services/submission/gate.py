"""The only way out for a run's browser: a forward proxy on loopback that checks each address and can be shut.

Playwright's routes don't see shared workers, WebSockets of workers, or redirects, and leave a gap
between checking a name and dialling it. Here the checked address is the one that is dialled.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from services.submission.masking import BODY_KEPT

_HEAD_LIMIT: Final = 256 * 1024
_DIAL_SECONDS: Final = 15.0
_OTHER_SECONDS: Final = 4.0
_CLOSE_SECONDS: Final = 1.0
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
_ASSIGNED_V4: Final = ipaddress.IPv4Network("192.0.0.0/24")
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that only ask."""
FAULT_HEADER: Final = "x-console-gate-fault"
"""On an answer that is the gate's own: why there is none of the site's."""
_NOT_PASSED_ON: Final = (b"connection:", b"proxy-connection:", b"keep-alive:", f"{FAULT_HEADER}:".encode())
# The browser's own traffic: it would tell the form's structure to its maker.
_BROWSERS_OWN: Final = frozenset(
    {"content-autofill.googleapis.com", "update.googleapis.com", "optimizationguide-pa.googleapis.com"}
)

Blocked = Callable[[str, str, int, bytes], None]
"""Takes method, address, size in bytes and the start of the body of a request that was held back."""


class Refused(Exception):
    """A connection that isn't made; the text is the error in the browser's words."""


def told_fault(url: str, headers: Mapping[str, str]) -> str | None:
    """Why the gate has no answer of the site's, from what it answered itself; None when the answer is the site's."""
    return headers.get(FAULT_HEADER) if url.startswith("http:") else None


def practice_port(url: str, practice_url: str) -> int | None:
    """The port that a run of `url` may reach on this machine; None for any but a practice site (`NAME.localhost`).

    An address comes from a database: that it ends in ".localhost" proves nothing about its port.
    """
    try:
        parts, port = urlsplit(url), urlsplit(practice_url).port
        return port if port and parts.port == port and (parts.hostname or "").endswith(".localhost") else None
    except ValueError:
        return None


def check_address(address: str) -> None:
    """Raises Refused for an address that isn't on the public internet."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # A tunnel or a translator may stand behind an address that carries one of IPv4.
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    # Of these Python calls some global that no site has.
    inside = ip in _ASSIGNED_V4 if isinstance(ip, ipaddress.IPv4Address) else ip not in _PUBLIC_V6
    if inside or not ip.is_global or ip.is_multicast:
        raise Refused(f"the address {address} is not on the public internet")


class Gate:
    """An async context manager. `local_port`: see `practice_port`.

    A practice run reaches the practice site's port on loopback and nothing else; any other run
    reaches the public internet and nothing else. After `most_bytes` nothing passes any more.
    """

    def __init__(self, local_port: int | None, most_bytes: int) -> None:
        self._local_port = local_port
        self._bytes_left = most_bytes
        self.on_too_much: Callable[[], None] | None = None
        """Called once, when more than the most came or went."""
        self._server: asyncio.Server | None = None
        self._writers: dict[asyncio.StreamWriter, str] = {}
        self._serving: set[asyncio.Task[Any]] = set()
        self._blocked: Blocked | None = None
        self._sends_blocked: Blocked | None = None
        self._faults: dict[tuple[str, int], str] = {}

    async def __aenter__(self) -> Gate:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_HEAD_LIMIT)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self._cut()
        # One that dials a site which doesn't answer would go on for long.
        for task in self._serving:
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving, timeout=_CLOSE_SECONDS)

    @property
    def address(self) -> str:
        """Where the browser finds the proxy."""
        if self._server is None:
            raise RuntimeError("the gate isn't open")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def shut(self, blocked: Blocked) -> None:
        """From now on nothing leaves: connections are cut, and new requests told to `blocked`."""
        self._blocked = blocked
        self._cut()

    def hold_sends(self, blocked: Blocked | None) -> None:
        """From now on requests that send something (POST and the like) are told to `blocked` and end here.

        None lets them through. What goes over TLS can't be told apart here.
        """
        self._sends_blocked = blocked

    def freshen(self, keep: set[str]) -> None:
        """Cut the tunnels in use, so that what is sent next goes over a new connection.

        A browser that sends a form over a connection it already had sends it again, unasked, when
        that connection closes without an answer. Hosts in `keep` (open WebSockets) are spared.
        """
        for writer, host in list(self._writers.items()):
            if host and host not in keep:
                writer.transport.abort()

    def fault(self, url: str) -> str | None:
        """Why the last connection to the address's host wasn't made; None when it was."""
        parts = urlsplit(url)
        with contextlib.suppress(ValueError):
            return self._faults.get((parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)))
        return None

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers[writer] = ""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            # Streams of Python 3.11 log a cancelled handler as an error of its own.
            with contextlib.suppress(
                OSError, EOFError, asyncio.LimitOverrunError, ValueError, Refused, asyncio.CancelledError
            ):
                await self._request(reader, writer)
        finally:
            self._writers.pop(writer, None)
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *headers = head[:-4].split(b"\r\n")
        method, target, _ = line.decode("latin-1").split(" ", 2)
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if tunnel else target)
        host, port = (parts.hostname or "").rstrip("."), parts.port or 80
        length = _content_length(headers)
        if host in _BROWSERS_OWN or (not tunnel and parts.scheme != "http"):
            return
        blocked = self._blocked or (None if tunnel or method in READS else self._sends_blocked)
        if blocked is not None:
            body = b""
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                async with asyncio.timeout(1):
                    body = await reader.readexactly(min(length, BODY_KEPT))
            blocked(method, target, length, body)
            return
        try:
            site, to_site = await self._dial(host, port)
        except Refused as error:
            writer.write(_no_answer(str(error)))
            return
        if self._blocked is not None:
            # Shut while the site was being dialled: what was read of the request must not go out now.
            to_site.transport.abort()
            return
        self._writers[writer] = self._writers[to_site] = host if tunnel else ""
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _both(self._pump(reader, to_site), self._pump(site, writer))
            else:
                path = target.split("/", 3)[3] if target.count("/") > 2 else ""
                to_site.write(_rewritten(f"{method} /{path} HTTP/1.1".encode("latin-1"), headers))
                await _both(self._upload(reader, to_site, length), self._answer(site, writer))
        finally:
            self._writers.pop(to_site, None)
            to_site.close()

    async def _dial(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._faults.pop((host, port), None)
        try:
            if self._bytes_left < 0:
                raise Refused("the site sent too much")
            async with asyncio.timeout(_DIAL_SECONDS):
                *others, last = await self._resolve(host, port)
                for address in others:
                    with contextlib.suppress(OSError, TimeoutError):
                        async with asyncio.timeout(_OTHER_SECONDS):
                            return await asyncio.open_connection(address, port, limit=_HEAD_LIMIT)
                return await asyncio.open_connection(last, port, limit=_HEAD_LIMIT)
        except Refused as error:
            why = f"net::ERR_BLOCKED_BY_CLIENT: {error}"
        except socket.gaierror:
            why = "net::ERR_NAME_NOT_RESOLVED"
        except ConnectionRefusedError:
            why = "net::ERR_CONNECTION_REFUSED"
        except (OSError, TimeoutError):
            why = "net::ERR_CONNECTION_TIMED_OUT"
        self._faults[host, port] = why
        raise Refused(why)

    async def _resolve(self, host: str, port: int) -> list[str]:
        """The host's addresses, each of them checked."""
        if self._local_port is not None:
            if not host.endswith(".localhost") or port != self._local_port:
                raise Refused("a practice run stays on the practice site")
            return ["127.0.0.1"]
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(info[4][0]) for info in found]
        for address in addresses:
            check_address(address)
        return addresses

    def _count(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            if self.on_too_much is not None:
                told, self.on_too_much = self.on_too_much, None
                told()
            self._cut()
            raise Refused("too much")

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            self._count(len(data))
            sink.write(data)
            await sink.drain()

    async def _upload(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, length: int) -> None:
        """The request's body, then until the browser is gone."""
        while length > 0:
            data = await source.read(min(length, 65536))
            if not data:
                return
            length -= len(data)
            self._count(len(data))
            sink.write(data)
            await sink.drain()
        await source.read(1)

    async def _answer(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await source.readuntil(b"\r\n\r\n")
            except (OSError, EOFError):
                # A browser may send the form again when a connection just closes; an answer it believes.
                sink.write(_no_answer("net::ERR_EMPTY_RESPONSE"))
                return
            first, *headers = head[:-4].split(b"\r\n")
            sink.write(_rewritten(first, headers))
            if not re.match(rb"HTTP/1\.\d 1\d\d", first):
                break
        await self._pump(source, sink)
        await sink.drain()


def _content_length(headers: list[bytes]) -> int:
    for header in headers:
        if match := re.fullmatch(rb"content-length:\s*(\d{1,12})\s*", header, re.IGNORECASE):
            return int(match[1])
    return 0


def _rewritten(first: bytes, headers: list[bytes]) -> bytes:
    # One request a connection: a browser that sends on a used connection repeats the request,
    # a POST too, when that connection closes without an answer.
    kept = [header for header in headers if not header.lower().startswith(_NOT_PASSED_ON)]
    return b"\r\n".join([first, *kept, b"Connection: close"]) + b"\r\n\r\n"


async def _both(up: Coroutine[Any, Any, None], down: Coroutine[Any, Any, None]) -> None:
    """Until one direction ends; the other is then given up."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_ended(part)) for part in (up, down)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _ended(part: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError, Refused):
        await part


def _no_answer(why: str) -> bytes:
    head = f"HTTP/1.1 502 No answer\r\n{FAULT_HEADER}: {why}\r\nContent-Type: text/plain\r\n"
    head += "Content-Length: 10\r\nConnection: close\r\n\r\nNo answer."
    return head.encode("latin-1", "replace")
