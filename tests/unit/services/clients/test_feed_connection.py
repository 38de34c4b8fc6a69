"""Bytes from a WebSocket server as messages: however they are cut, and whatever stands between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import websockets
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import OP_CONT, OP_PING, OP_TEXT, Frame
from websockets.utils import accept_key

from services.clients.feed_connection import MUCH, FeedConnection
from tests.waiting import stays, until

LIMIT = 200_000


@asynccontextmanager
async def connected(
    talk: Callable[[ServerConnection], Awaitable[Any]], compression: str | None = None
) -> AsyncIterator[tuple[FeedConnection, list[bytes]]]:
    """A connection to a server that does `talk`, and the messages that it took."""
    taken: list[bytes] = []
    made: Any = partial(FeedConnection, taken.append)
    async with serve(talk, "127.0.0.1", 0, compression=compression) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        address = f"ws://127.0.0.1:{port}"
        async with websockets.connect(
            address, create_connection=made, compression=compression, max_size=LIMIT, ping_interval=None
        ) as connection:
            assert isinstance(connection, FeedConnection)
            yield connection, taken


async def silence(server: ServerConnection) -> None:
    await server.wait_closed()


def frames_of(text: bytes, parts: int) -> list[bytes]:
    """The frames of one message that comes in so many."""
    cuts = [len(text) * part // parts for part in range(parts + 1)]
    return [
        Frame(OP_CONT if part else OP_TEXT, text[cuts[part] : cuts[part + 1]], fin=part == parts - 1).serialize(
            mask=False
        )
        for part in range(parts)
    ]


_SIZES = st.sampled_from([0, 1, 125, 126, 300, 65_535, 65_536])
_MESSAGES = st.lists(st.tuples(_SIZES, st.integers(1, 3), st.booleans()))
"""Bytes, frames, and whether pings stand between them."""


def test_messages_are_the_same_however_their_bytes_are_cut() -> None:
    async def suite() -> None:
        async with connected(silence) as (connection, taken):

            @settings(max_examples=60, deadline=None)
            @given(_MESSAGES, st.lists(st.integers(1, 200_000), max_size=12))
            def check(messages: list[tuple[int, int, bool]], steps: list[int]) -> None:
                taken.clear()
                sent, wire = [], b""
                for number, (size, parts, pinged) in enumerate(messages):
                    sent.append(bytes([97 + number % 26]) * size)
                    for frame in frames_of(sent[-1], parts):
                        # A ping may stand between the parts of a message.
                        wire += (Frame(OP_PING, b"p").serialize(mask=False) if pinged else b"") + frame
                for step in [*steps, len(wire)]:
                    piece, wire = wire[:step], wire[step:]
                    connection.data_received(piece)
                assert taken == sent

            check()

    asyncio.run(suite())


def test_a_message_may_come_byte_by_byte() -> None:
    async def suite() -> None:
        async with connected(silence) as (connection, taken):
            for size in (3, 300, 70_000):
                wire = frames_of(b"x" * size, 1)[0]
                for at in range(12):
                    connection.data_received(wire[at : at + 1])
                connection.data_received(wire[12:])
            assert [len(each) for each in taken] == [3, 300, 70_000]

    asyncio.run(suite())


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_what_a_server_sends_is_taken_in_order_and_its_close_is_heard(compression: str | None) -> None:
    texts = [f"{number} " + "x" * (number * 97 % 3000) for number in range(300)]

    async def talk(server: ServerConnection) -> None:
        for text in texts:
            await server.send(text)
        await server.close(1001)

    async def suite() -> None:
        async with connected(talk, compression) as (connection, taken):
            await asyncio.wait_for(connection.wait_closed(), 30)
            assert [each.decode() for each in taken] == texts
            assert connection.close_code == 1001

    asyncio.run(suite())


def test_a_look_that_finds_little_is_not_followed_at_once_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def suite() -> None:
        async with connected(silence) as (connection, taken):
            monkeypatch.setattr("services.clients.feed_connection.APART_SECONDS", 0.05)
            connection.data_received(frames_of(b"x" * MUCH, 1)[0])
            assert connection.transport.is_reading(), "more waits there"
            connection.data_received(frames_of(b"x", 1)[0])
            assert not connection.transport.is_reading()
            assert [len(each) for each in taken] == [MUCH, 1], "what came is taken all the same"
            await until(connection.transport.is_reading)

    asyncio.run(suite())


def test_a_connection_that_ends_between_two_looks_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def suite() -> None:
        async with connected(silence) as (connection, _):
            monkeypatch.setattr("services.clients.feed_connection.APART_SECONDS", 0.01)
            connection.data_received(frames_of(b"x", 1)[0])
            connection.transport.abort()
            await asyncio.wait_for(connection.wait_closed(), 30)
            await stays(lambda: not connection.transport.is_reading(), 0.03)

    asyncio.run(suite())


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        pytest.param(Frame(OP_TEXT, b"x" * (LIMIT + 1)).serialize(mask=False)[:50], 1009, id="too long"),
        pytest.param(Frame(OP_TEXT, b"x").serialize(mask=True), 1002, id="masked"),
        pytest.param(frames_of(b"xyz", 2)[0] + frames_of(b"xyz", 1)[0], 1002, id="one message inside another"),
    ],
)
def test_what_a_server_must_not_send_ends_the_connection(wire: bytes, code: int) -> None:
    async def suite() -> None:
        async with connected(silence) as (connection, taken):
            connection.data_received(frames_of(b"before", 1)[0] + wire + frames_of(b"after", 1)[0])
            await asyncio.wait_for(connection.wait_closed(), 30)
            sent = connection.protocol.close_sent
            assert sent is not None
            assert (taken, sent.code) == ([b"before"], code)

    asyncio.run(suite())


def test_the_limit_holds_for_the_usual_messages_too() -> None:
    async def suite() -> None:
        async with connected(silence) as (connection, taken):
            connection.protocol.max_size = 1000
            connection.data_received(frames_of(b"x" * 1000, 1)[0] + frames_of(b"y" * 1001, 1)[0])
            await asyncio.wait_for(connection.wait_closed(), 30)
            sent = connection.protocol.close_sent
            assert sent is not None
            assert ([len(each) for each in taken], sent.code) == ([1000], 1009)

    asyncio.run(suite())


class FirstWord(asyncio.Protocol):
    """A server that sends its answer and `word`, cut `after` bytes behind the answer's end."""

    def __init__(self, word: bytes, after: int) -> None:
        self._word, self._after = word, after

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        key = data.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
        if not key:
            return
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
        ).encode()
        self._transport.write(answer + self._word[: self._after])
        asyncio.get_running_loop().call_later(0.05, self._transport.write, self._word[self._after :])


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 200])
def test_a_server_that_speaks_first_is_understood_wherever_its_answer_is_cut(after: int) -> None:
    async def suite() -> None:
        taken: list[bytes] = []
        made: Any = partial(FeedConnection, taken.append)
        # Taken for the header of a frame, its first bytes would tell of one that is far longer.
        text = b"y~" + b"y" * 298
        word = frames_of(text, 1)[0]
        server = await asyncio.get_running_loop().create_server(lambda: FirstWord(word, after), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connection = await websockets.connect(
            f"ws://127.0.0.1:{port}", create_connection=made, compression=None, ping_interval=None, close_timeout=0.1
        )
        await until(lambda: taken)
        assert taken == [text]
        server.close()
        connection.transport.abort()
        await connection.wait_closed()

    asyncio.run(asyncio.wait_for(suite(), 30))
