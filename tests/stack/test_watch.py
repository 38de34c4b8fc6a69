"""The live feed in a terminal, as a process of its own on a real gateway."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import psycopg
import pytest

from services.local.postgres import Postgres
from tests.contract.gateway.conftest import owner, server
from tests.contract.gateway.running import KEY, PASSWORD, add_job, gateway, until
from tests.local_stack import ROOT

__all__ = ["owner", "server"]

pytestmark = pytest.mark.stack


def environment(url: str, **more: str) -> dict[str, str]:
    return {
        **os.environ, "SUPABASE_URL": url, "SUPABASE_ANON_KEY": KEY, "STAFF_PASSWORD": PASSWORD,
        "STAFF_EMAIL": "viewer@directory-bolt.example", **more,
    }  # fmt: skip


def test_it_prints_what_happens_until_its_input_ends(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite() -> None:
        async with gateway(server) as running:
            lines: list[dict[str, Any]] = []
            watching = await asyncio.create_subprocess_exec(
                sys.executable, "main.py", "watch", "--json", "--end-with-parent",
                cwd=ROOT, env=environment(running.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            assert watching.stdout is not None
            assert watching.stdin is not None
            out = watching.stdout

            async def read() -> None:
                async for line in out:
                    lines.append(json.loads(line))

            reading = asyncio.get_running_loop().create_task(read())
            try:
                await until(lambda: any(line.get("state") == "live" for line in lines), limit=60)
                job = await asyncio.to_thread(add_job, owner)
                await until(lambda: any(line["kind"] == "job" and line["id"] == job for line in lines), limit=20)
                watching.stdin.close()
                assert await watching.wait() == 0
                await reading
            finally:
                if watching.returncode is None:
                    watching.kill()
                    await watching.wait()
                    reading.cancel()

    asyncio.run(suite())


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"STAFF_PASSWORD": ""}, 2, "STAFF_PASSWORD"),
        ({"RETRY_BASE_SECONDS": "x"}, 2, "RETRY_BASE_SECONDS"),
        ({"SUPABASE_URL": "http://127.0.0.1:9"}, 1, ""),
    ],
)
def test_it_says_why_it_can_not_watch(more: dict[str, str], code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "main.py", "watch"], cwd=ROOT, env=environment("http://127.0.0.1:9", **more),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
