"""Requests and frames that make no sense: refused in words, never an error of the gateway, never a row."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import psycopg
import pytest
from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.local.postgres import Postgres
from tests.contract.gateway.running import KEY, Gateway, add_job, gateway
from tests.leaks.logs import Logged

pytestmark = pytest.mark.stack

_BYTES = st.one_of(
    st.sampled_from([b"\xff", b"\xed\xa0\x80", b"%00", b"%ff", b"%ED%A0%80", b"a%25b", b"%25s", b"..%2f", b"(" * 40]),
    st.binary(max_size=40).map(lambda text: text.translate(None, b"\r\n \0#")),
)  # fmt: skip
_HEADER = st.binary(max_size=60).map(lambda text: text.translate(None, b"\r\n\0"))
_PATHS = st.one_of(
    st.builds(lambda table: b"/rest/v1/" + table, _BYTES),
    st.builds(
        lambda key, operator, value: b"/rest/v1/jobs?" + key + b"=" + operator + value,
        st.one_of(st.sampled_from([b"id", b"or", b"not.and", b"select", b"order", b"limit", b"offset"]), _BYTES),
        st.sampled_from([b"", b"eq.", b"in.(", b"is.", b"like.", b"(id.eq.", b"not."]),
        _BYTES,
    ),
    st.builds(lambda name: b"/rest/v1/rpc/" + name, _BYTES),
    st.builds(lambda tail: b"/auth/v1/" + tail, _BYTES),
)  # fmt: skip
_TEXT = st.one_of(st.text(max_size=20), st.sampled_from(["\ud800", "\0", "operator@directory-bolt.example"]))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=8,
)


async def answer_to(running: Gateway, request: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to these bytes; the connection is closed after it."""
    parts = urlsplit(running.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), body
    finally:
        writer.close()
        await writer.wait_closed()


def plain(method: bytes, path: bytes, headers: dict[bytes, bytes], body: bytes = b"") -> bytes:
    lines = [method + b" " + path + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers.items()]
    lines += [b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_requests_that_make_no_sense_are_refused_without_a_row(
    server: Postgres, owner: psycopg.Connection, logged: Logged
) -> None:
    logged.allow("aiohttp.server", "Error handling request")  # its own refusals; an answer of 500 shows below
    job = add_job(owner).encode()
    loop = asyncio.new_event_loop()
    around = gateway(server)
    running = loop.run_until_complete(around.__aenter__())
    try:

        def fine(request: bytes) -> None:
            status, body = loop.run_until_complete(asyncio.wait_for(answer_to(running, request), 30))
            assert status < 500, (status, body)
            assert job not in body

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from([b"GET", b"POST", b"HEAD", b"PUT"]), _PATHS, _HEADER)
        def paths_and_headers(method: bytes, path: bytes, text: bytes) -> None:
            key = {b"apikey": KEY.encode()}
            fine(plain(method, path, key))
            fine(plain(method, path, {**key, b"Authorization": b"Bearer " + text, b"Range": text, b"Prefer": text}))
            fine(plain(method, path, {b"apikey": text}))

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.sampled_from(
                [b"/auth/v1/token?grant_type=password", b"/auth/v1/token?grant_type=refresh_token",
                 b"/rest/v1/rpc/staff_acknowledge"]
            ),
            st.one_of(
                _JSON,
                st.fixed_dictionaries({"email": _TEXT, "password": _TEXT, "refresh_token": _TEXT}),
                st.fixed_dictionaries({"p_request_id": _JSON, "p_target": _JSON}),
            ),
        )  # fmt: skip
        def bodies(path: bytes, body: object) -> None:
            fine(plain(b"POST", path, {b"apikey": KEY.encode()}, json.dumps(body).encode()))

        paths_and_headers()
        bodies()
        fine(plain(b"GET", b"/rest/v1/jobs?select=" + b",".join([b"id"] * 1700), {b"apikey": KEY.encode()}))
    finally:
        loop.run_until_complete(around.__aexit__(None, None, None))
        loop.close()


def test_frames_that_make_no_sense_leave_the_socket_alive(server: Postgres) -> None:
    loop = asyncio.new_event_loop()
    around = gateway(server)
    running = loop.run_until_complete(around.__aenter__())
    address = f"{running.url}/realtime/v1/websocket?apikey={KEY}&vsn=2.0.0"

    async def lives(frames: list[str]) -> bool:
        async with ClientSession() as session, session.ws_connect(address) as ws:
            for frame in frames:
                await ws.send_str(frame)
            await ws.send_str(json.dumps([None, "alive", "phoenix", "heartbeat", {}]))
            async for message in ws:
                if json.loads(message.data)[1] == "alive":
                    return True
        return False

    event = st.sampled_from(["phx_join", "access_token", "broadcast", "phx_leave"])
    change = st.fixed_dictionaries({"event": _JSON, "schema": _JSON, "table": _JSON, "filter": _TEXT})
    payload = st.one_of(
        _JSON,
        st.fixed_dictionaries({"access_token": _TEXT}),
        st.fixed_dictionaries({"config": st.fixed_dictionaries({"postgres_changes": st.lists(change, max_size=2)})}),
    )
    frame = st.tuples(st.just("1"), _JSON, st.sampled_from(["realtime:x", "\ud800"]), event, payload)

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.one_of(frame.map(json.dumps), st.text(max_size=40)), max_size=4))
    def frames(texts: list[str]) -> None:
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        assert loop.run_until_complete(asyncio.wait_for(lives(clean), 30))

    try:
        frames()
        join = json.dumps(["1", "1", "realtime:x", "phx_join", {}])
        for token in ("\ud800", "é"):
            assert loop.run_until_complete(
                lives([join, json.dumps(["1", "2", "realtime:x", "access_token", {"access_token": token}])])
            )
        for depth in (100, 300, 600, 900, 980, 990, 5000):
            deep = '{"a":' * depth + "1" + "}" * depth
            config = '{"config":{"postgres_changes":[{"event":"*","x":' + deep + "}]}}"
            assert loop.run_until_complete(lives([f'["1","1","realtime:x","phx_join",{config}]'])), depth
    finally:
        loop.run_until_complete(around.__aexit__(None, None, None))
        loop.close()
