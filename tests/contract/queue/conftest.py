"""The two queues of the contract: our endpoint on a real PostgreSQL, and moto's server."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from aiohttp import web
from botocore.config import Config
from moto.server import ThreadedMotoServer

from services.local.postgres import free_port
from services.local.queue.app import build_app
from tests.postgres import running_postgres

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient


class Endpoint:
    """Our endpoint in a thread with a loop of its own."""

    def __init__(self, database_url: str) -> None:
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self._database_url = database_url
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._ready.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="queue-endpoint")
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        assert self._loop
        assert self._stop
        assert self._thread
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(build_app(self._database_url, self.origin), shutdown_timeout=5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()


def client_for(origin: str, *, attempts: int = 1) -> SQSClient:
    return boto3.client(
        "sqs",
        endpoint_url=origin,
        region_name="us-east-2",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="local-secret",
        config=Config(retries={"total_max_attempts": attempts}, read_timeout=30),
    )


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    with running_postgres() as server:
        yield server.url


@pytest.fixture(scope="session")
def endpoint(database_url: str) -> Iterator[Endpoint]:
    ours = Endpoint(database_url)
    ours.start()
    yield ours
    ours.stop()


@pytest.fixture(scope="session")
def moto_origin() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def ours(endpoint: Endpoint) -> Iterator[SQSClient]:
    client = client_for(endpoint.origin)
    yield client
    client.close()


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Queue names that no other test uses."""
    return lambda: f"queue-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def url(ours: SQSClient, new_name: Callable[[], str]) -> str:
    """URL of a fresh queue on our endpoint."""
    return ours.create_queue(QueueName=new_name())["QueueUrl"]
