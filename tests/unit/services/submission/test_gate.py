"""The only way out for a run's browser."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from services.submission import gate as gate_module
from services.submission.gate import FAULT_HEADER, Gate, Refused, check_address, practice_port

MOST = 1024 * 1024
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0",
     "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "fec0::1",
     "ff0e::1", "2001:0:7f00:1::", "100.64.0.1", "192.0.0.8", "198.18.0.1", "240.0.0.1", "255.255.255.255", "0.1.2.3"],
)  # fmt: skip
def test_addresses_inside_are_refused(address: str) -> None:
    with pytest.raises(Refused):
        check_address(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111"])
def test_addresses_of_the_internet_are_allowed(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize(
    ("url", "practice_url", "port"),
    [
        ("http://mapnook.localhost:8000/add", "http://127.0.0.1:8000", 8000),
        ("http://mapnook.localhost:5432/add", "http://127.0.0.1:8000", None),
        ("http://mapnook.localhost/add", "http://127.0.0.1:8000", None),
        ("http://mapnook.localhost/add", "", None),
        ("http://mapnook.localhost:/add", "", None),
        ("http://mapnook.localhost:99999/add", "http://127.0.0.1:8000", None),
        ("http://localhost:8000/add", "http://127.0.0.1:8000", None),
        ("http://127.0.0.1:8000/add", "http://127.0.0.1:8000", None),
        ("https://localhost.example:8000/add", "http://127.0.0.1:8000", None),
    ],
)
def test_practice_sites_are_told_by_name_and_port(url: str, practice_url: str, port: int | None) -> None:
    assert practice_port(url, practice_url) == port


async def _through(answer: Answer, request: str, *, shut: list[tuple[str, str, int, bytes]] | None = None) -> bytes:
    """What a browser gets for `request`, whose PORT is that of a site that gives `answer`."""
    site = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = site.sockets[0].getsockname()[1]
    async with site, Gate(port, MOST) as gate:
        if shut is not None:
            gate.shut(lambda *what: shut.append(what))
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.address.rsplit(":", 1)[1]))
        writer.write(request.replace("PORT", str(port)).replace("\n", "\r\n").encode())
        async with asyncio.timeout(30):
            got = await reader.read(-1)
        writer.close()
        return got


async def _hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(2) if b"content-length" in head.lower() else b""
    # A server that keeps the connection although it was asked not to.
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(head + body))
    writer.write(head + body)
    await writer.drain()
    writer.close()


async def _drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()


def test_a_request_is_passed_on_over_a_connection_of_its_own() -> None:
    request = "POST http://shop.localhost:PORT/add?x=1 HTTP/1.1\nHost: shop\nProxy-Connection: keep-alive\n"
    got = asyncio.run(_through(_hello, request + "Content-Length: 2\n\nhi"))
    head, _, echoed = got.partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    assert b"keep-alive" not in got
    assert echoed.startswith(b"POST /add?x=1 HTTP/1.1\r\n")
    assert echoed.endswith(b"\r\n\r\nhi")


def test_a_dropped_form_is_answered_so_that_the_browser_does_not_send_it_again() -> None:
    got = asyncio.run(_through(_drop, "POST http://shop.localhost:PORT/add HTTP/1.1\nHost: shop\n\n"))
    assert got.startswith(b"HTTP/1.1 502")
    assert f"{FAULT_HEADER}: net::ERR_EMPTY_RESPONSE".encode() in got


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "places.example:80", "shop.localhost:1"])
def test_a_practice_run_stays_on_the_practice_site(host: str) -> None:
    got = asyncio.run(_through(_hello, f"GET http://{host}/ HTTP/1.1\nHost: x\n\n"))
    assert got.startswith(b"HTTP/1.1 502")
    assert b"ERR_BLOCKED_BY_CLIENT" in got


def test_a_real_run_does_not_reach_this_machine() -> None:
    async def reach() -> bytes:
        site = await asyncio.start_server(_hello, "127.0.0.1", 0)
        port = site.sockets[0].getsockname()[1]
        async with site, Gate(None, MOST) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.address.rsplit(":", 1)[1]))
            writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
            got = await reader.read(-1)
            writer.close()
            assert "not on the public internet" in (gate.fault(f"http://127.0.0.1:{port}/") or "")
            return got

    assert asyncio.run(reach()).startswith(b"HTTP/1.1 502")


def test_a_name_of_this_machine_is_reached_by_no_run_but_practice() -> None:
    async def reach() -> bytes:
        async with Gate(None, MOST) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.address.rsplit(":", 1)[1]))
            writer.write(b"GET http://localhost:80/ HTTP/1.1\r\nHost: places.example\r\n\r\n")
            got = await reader.read(-1)
            writer.close()
            return got

    assert b"not on the public internet" in asyncio.run(reach())


def test_after_the_most_nothing_passes_any_more() -> None:
    told: list[int] = []

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()

    async def ask(gate: Gate, port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.address.rsplit(":", 1)[1]))
        writer.write(f"GET http://shop.localhost:{port}/ HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        got = b""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                got += data
        writer.close()
        return got

    async def reach() -> tuple[bytes, bytes]:
        site = await asyncio.start_server(flood, "127.0.0.1", 0)
        port = site.sockets[0].getsockname()[1]
        async with site, Gate(port, MOST) as gate:
            gate.on_too_much = lambda: told.append(1)
            async with asyncio.timeout(30):
                return await ask(gate, port), await ask(gate, port)

    first, second = asyncio.run(reach())
    assert len(first) <= MOST + 100
    assert b"sent too much" in second
    assert told == [1]


def test_a_shut_gate_lets_nothing_out_and_tells_what_was_held_back() -> None:
    held: list[tuple[str, str, int, bytes]] = []
    request = "POST http://shop.localhost:PORT/add HTTP/1.1\nHost: shop\nContent-Length: 2\n\nhi"
    assert asyncio.run(_through(_hello, request, shut=held)) == b""
    assert [(method, size, body) for method, _, size, body in held] == [("POST", 2, b"hi")]
    assert asyncio.run(_through(_hello, "CONNECT shop.localhost:PORT HTTP/1.1\n\n", shut=held)) == b""
    assert held[1][0] == "CONNECT"


def test_a_request_that_was_being_dialled_does_not_go_out_of_a_shut_gate() -> None:
    asked, found = asyncio.Event(), asyncio.Event()

    class Slow(Gate):
        async def _resolve(self, host: str, port: int) -> list[str]:
            asked.set()
            await found.wait()
            return await super()._resolve(host, port)

    arrived: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.read(-1))
        writer.close()

    async def dial() -> None:
        site = await asyncio.start_server(note, "127.0.0.1", 0)
        port = site.sockets[0].getsockname()[1]
        async with site, Slow(port, MOST) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.address.rsplit(":", 1)[1]))
            writer.write(f"GET http://shop.localhost:{port}/?name=typed HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
            await asked.wait()
            gate.shut(lambda *_: None)
            found.set()
            with contextlib.suppress(ConnectionError):
                assert await reader.read(-1) == b""
            writer.close()
        # The gate is closed: what it had to pass on has arrived.

    asyncio.run(dial())
    assert b"".join(arrived) == b""


@pytest.mark.parametrize(("keep", "cut"), [(set(), True), ({"shop.localhost"}, False)])
def test_tunnels_are_renewed_except_to_hosts_with_a_socket(keep: set[str], cut: bool) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async def still_open() -> bool:
        site = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = site.sockets[0].getsockname()[1]
        async with site, Gate(port, MOST) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(gate.address.rsplit(":", 1)[1]))
            writer.write(f"CONNECT shop.localhost:{port} HTTP/1.1\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"one")
            assert await reader.readexactly(3) == b"one"
            gate.freshen(keep)
            try:
                writer.write(b"two")
                return await reader.read(3) == b"two"
            except ConnectionError:
                return False
            finally:
                writer.close()

    assert asyncio.run(still_open()) is not cut


def test_the_end_waits_for_no_site_that_is_still_being_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    def serving() -> list[str]:
        return [name for task in asyncio.all_tasks() if "Gate._serve" in (name := repr(task.get_coro()))]

    async def suite() -> None:
        looking = asyncio.Event()

        async def never(*_: object, **__: object) -> None:
            looking.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
        async with Gate(None, MOST) as gate:
            _, writer = await asyncio.open_connection("127.0.0.1", int(gate.address.rsplit(":", 1)[1]))
            writer.write(b"GET http://shop.example/ HTTP/1.1\r\n\r\n")
            await looking.wait()
            assert serving()
        assert not serving()
        writer.close()

    monkeypatch.setattr(gate_module, "_CLOSE_SECONDS", 10.0)
    asyncio.run(suite())
