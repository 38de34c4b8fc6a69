"""A role that is told to end while PostgreSQL stands still ends by itself."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from services.local.postgres import free_port
from services.local.queue.app import build_app
from services.settings import Settings
from tests.contract.pipeline.fragile_postgres import Fragile, fragile_postgres
from tests.contract.pipeline.test_roles import ROLES, start, wait_for_line
from tests.local_http import serve


@pytest.fixture(scope="module")
def server() -> Iterator[Fragile]:
    with fragile_postgres() as fragile:
        yield fragile


@pytest.fixture(scope="module")
def queue_origin(server: Fragile) -> Iterator[str]:
    with serve(lambda origin: build_app(server.url, origin)) as origin:
        yield origin


@pytest.mark.parametrize("role", ROLES)
def test_ends_though_the_database_stands_still(
    role: str, server: Fragile, settings_for: Callable[..., Settings], queue_origin: str, tmp_path: Path
) -> None:
    port = free_port()
    queue = f"{queue_origin}/000000000000/none"
    process = start(
        role, "--end-with-parent",
        DATABASE_URL=server.url, SQS_QUEUE_URL=queue, SQS_DLQ_URL=queue, SQS_WAIT_TIME_SECONDS="0",
        AWS_DEFAULT_ACCESS_KEY_ID="local-key", AWS_DEFAULT_SECRET_ACCESS_KEY="local-secret",
        CREWAI_URL="http://127.0.0.1:9", PORT=str(port), DIRECTORY_BOLT_HOME=str(tmp_path), LOG_LEVEL="INFO",
        WORKER_POLL_SECONDS="0.05", RELAY_POLL_SECONDS="0.05", CHECK_INTERVAL_SECONDS="0.05",
    )  # fmt: skip
    asking = threading.Thread(target=_ask_for_a_plan, args=(port,))
    try:
        wait_for_line(process, ROLES[role])
        with server.frozen():
            if role == "brain":
                asking.start()
                health = httpx.get(f"http://127.0.0.1:{port}/health", timeout=60)
                assert health.json()["status"] == "unhealthy"
            assert process.stdin
            process.stdin.close()
            assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        if asking.ident:
            asking.join()


def _ask_for_a_plan(port: int) -> None:
    with contextlib.suppress(httpx.HTTPError):
        httpx.post(f"http://127.0.0.1:{port}/plan", json={"directory": "a.localhost", "business": {"name": "B"}})
