"""Calls to the queue over connections that stay open: what the other side does to one is told, nothing sent twice."""

from __future__ import annotations

import asyncio
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from services.clients.sqs import SqsQueues
from services.clients.sqs_connections import Connections
from services.domain.checksums import body_md5
from services.domain.errors import ConsoleError, NotReachable
from services.ports.wishes import Outgoing, SentMessage
from services.settings import Settings
from tests.fakes.certificate import certify


class Server(socketserver.ThreadingTCPServer):
    """Notes what it is sent. `then`: what it does at an answer: "keep" the connection, "close" it, "say close" before
    that, give "no answer" or one that is "cut" short, or "hang"."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.closed = threading.Semaphore(0)
        self.then = "keep"
        self.silent = threading.Event()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        while line := self.rfile.readline().decode():
            headers = {}
            while part := self.rfile.readline().decode().strip():
                name, _, value = part.partition(":")
                headers[name.lower()] = value.strip()
            body = json.loads(self.rfile.read(int(headers["content-length"])))
            self.server.requests.append((line.strip(), headers, body))
            if self.server.then == "hang":
                self.server.silent.wait(30)
                return
            answer = json.dumps(answered(body)).encode()
            length = len(answer) + (10 if self.server.then == "cut" else 0)
            closing = "Connection: close\r\n" if self.server.then == "say close" else ""
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n{closing}"
            if self.server.then != "no answer":
                self.wfile.write(f"{head}Content-Length: {length}\r\n\r\n".encode() + answer)
            if self.server.then != "keep":
                break
        self.connection.close()
        self.server.closed.release()


def answered(body: dict[str, Any]) -> dict[str, Any]:
    if "Entries" not in body:
        return {"Attributes": {"ApproximateNumberOfMessages": "7"}}
    return {
        "Successful": [
            {"Id": one["Id"], "MessageId": f"new-{one['Id']}", "MD5OfMessageBody": body_md5(one["MessageBody"])}
            for one in body["Entries"]
        ]
    }


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.silent.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def queues(server: Server) -> Iterator[SqsQueues]:
    made = queues_at(server.origin)
    yield made
    made.close()


def queues_at(origin: str) -> SqsQueues:
    return SqsQueues(
        Settings(
            queue_url=f"{origin}/1/main", dlq_url=f"{origin}/1/dlq", sqs_endpoint=origin,
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="local-secret",
        )
    )  # fmt: skip


def send(queues: SqsQueues, *bodies: str) -> list[SentMessage | ConsoleError]:
    return asyncio.run(queues.send_many([Outgoing(body) for body in bodies]))


def test_calls_are_signed_and_share_a_connection(server: Server, queues: SqsQueues) -> None:
    for body in ("one", "two"):
        assert send(queues, body) == [SentMessage("new-0", body_md5(body))]
    assert asyncio.run(queues.figures("main")).visible == 7
    assert server.connections == 1
    line, headers, body = server.requests[0]
    assert (line, headers["x-amz-target"]) == ("POST / HTTP/1.1", "AmazonSQS.SendMessageBatch")
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert body["Entries"][0]["MessageBody"] == "one"


@pytest.mark.parametrize("how", ["close", "say close"])
def test_a_connection_that_was_closed_meanwhile_is_not_used_again(server: Server, queues: SqsQueues, how: str) -> None:
    server.then = how
    for body in ("one", "two", "three"):
        assert isinstance(send(queues, body)[0], SentMessage)
        assert server.closed.acquire(timeout=30)
    assert server.connections == 3
    assert [body["Entries"][0]["MessageBody"] for _, _, body in server.requests] == ["one", "two", "three"]


@pytest.mark.parametrize("how", ["no answer", "cut"])
def test_a_send_whose_answer_is_lost_is_not_sent_again(server: Server, queues: SqsQueues, how: str) -> None:
    server.then = how
    [answer] = send(queues, "one")
    assert type(answer) is NotReachable
    assert len(server.requests) == 1
    server.then = "keep"
    assert isinstance(send(queues, "two")[0], SentMessage)


def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_said(server: Server, queues: SqsQueues) -> None:
    queues._connections = Connections(connect_timeout=3, read_timeout=0.05)
    server.then = "hang"
    [answer] = send(queues, "one")
    assert type(answer) is NotReachable
    assert "timeout" in answer.raw.lower()
    assert len(server.requests) == 1


def test_a_look_is_asked_again_where_its_answer_was_lost(server: Server, queues: SqsQueues) -> None:
    server.then = "no answer"
    with pytest.raises(NotReachable):
        asyncio.run(queues.figures("main"))
    assert len(server.requests) == 3


def test_where_nobody_listens_it_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        queues = queues_at(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert type(send(queues, "one")[0]) is NotReachable
        queues.close()


def test_many_threads_have_connections_of_their_own(server: Server, queues: SqsQueues) -> None:
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda n: send(queues, f"body {n}")[0], range(40)))
    sums = [one.body_md5 for one in answers if isinstance(one, SentMessage)]
    assert sums == [body_md5(f"body {n}") for n in range(40)]
    assert server.connections <= 4


def test_what_is_closed_keeps_no_connection(server: Server, queues: SqsQueues) -> None:
    connections = Connections(connect_timeout=3, read_timeout=3)
    queues._connections = connections
    assert isinstance(send(queues, "one")[0], SentMessage)
    connections.close()
    assert server.closed.acquire(timeout=30)
    assert isinstance(send(queues, "sent while it was closed")[0], SentMessage)
    assert server.closed.acquire(timeout=30)


def test_where_a_proxy_is_set_the_sdk_s_own_way_through_it_is_gone(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.origin)
    monkeypatch.setenv("NO_PROXY", "")
    queues = queues_at("http://queue.invalid")
    assert isinstance(send(queues, "one")[0], SentMessage)
    assert server.requests[0][0] == "POST http://queue.invalid/ HTTP/1.1"
    queues.close()


@pytest.mark.parametrize("trusted", [True, False])
def test_a_server_that_is_not_known_is_sent_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    own, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certify(own, key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    if trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(own))
    queues = queues_at(server.origin.replace("http:", "https:"))
    answers = [send(queues, body)[0] for body in ("one", "two")]
    assert [type(answer) for answer in answers] == [SentMessage if trusted else NotReachable] * 2
    assert (len(server.requests), server.connections) == ((2, 1) if trusted else (0, server.connections))
    queues.close()
