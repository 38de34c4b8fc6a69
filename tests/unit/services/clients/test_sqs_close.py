"""A close of the queues while a thread of theirs is still at the SDK: it leaves no connection open."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import boto3
import pytest

from services.clients.sqs import SqsQueues
from services.settings import Settings
from tests.waiting import until

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}"


def test_a_client_that_is_made_after_the_close_lets_go_of_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    making, may_make = threading.Event(), threading.Event()
    make = boto3.session.Session.client

    def slow(session: boto3.session.Session, *names: Any, **options: Any) -> Any:
        making.set()
        assert may_make.wait(30)
        return make(session, *names, **options)

    monkeypatch.setattr(boto3.session.Session, "client", slow)

    async def suite() -> None:
        asked: list[bytes] = []
        ended = asyncio.Event()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(ANSWER)
            while await reader.read(4096):
                pass
            writer.close()
            ended.set()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        queues = SqsQueues(
            Settings(
                queue_url=f"{origin}/1/q", sqs_endpoint=origin, aws_access_key_id="AKIDEXAMPLE",
                aws_secret_access_key="local-secret",
            )
        )  # fmt: skip
        asking = asyncio.ensure_future(queues.figures("main"))
        await until(making.is_set)
        asking.cancel()
        queues.close()
        may_make.set()
        await until(lambda: asked)
        await until(ended.is_set)
        await asyncio.gather(asking, return_exceptions=True)
        server.close()
        await server.wait_closed()

    asyncio.run(suite())
