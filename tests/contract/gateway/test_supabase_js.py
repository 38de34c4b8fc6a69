"""The stock client for JavaScript, where node and npm are on PATH and its package can be had."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.local.postgres import Postgres
from tests.bench.npm import install
from tests.contract.gateway.running import KEY, PASSWORD, add_job, gateway

pytestmark = pytest.mark.stack

PEER = Path(__file__).with_name("peer.js")


def test_npms_client_meets_a_supabase_project(server: Postgres, owner: psycopg.Connection, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not install(tmp_path, "@supabase/supabase-js", "ws"):
        pytest.skip("not run with npm's @supabase/supabase-js: node or npm is not on PATH, or the package can't be had")
    job = add_job(owner, status="completed")

    async def scenario() -> dict[str, Any]:
        async with gateway(server) as running:
            peer = await asyncio.create_subprocess_exec(
                node, str(PEER), running.url, KEY, PASSWORD, job, cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            assert peer.stdout is not None
            async with asyncio.timeout(60):
                first = await peer.stdout.readline()
                if json.loads(first or b"{}") == "listening":
                    await asyncio.to_thread(owner.execute, "insert into queue_history (event) values ('flow_started')")
                out, err = await peer.communicate()
            assert peer.returncode == 0, err.decode()
            told: dict[str, Any] = json.loads(out)
            return told

    told = asyncio.run(scenario())
    assert told["anonymous"] == {"data": [], "status": 200, "code": None}
    assert told["wrong_password"] == "invalid_credentials"
    assert told["role"] == "operator"
    assert told["rows"] == {"data": [{"id": job}], "status": 200, "code": None}
    assert told["counted"] == 1
    assert (told["written"]["status"], told["written"]["code"]) == (405, "PGRST117")
    done = {"data": {"target": job}, "status": 200, "code": None}
    assert told["acknowledged"] == [done, done]
    assert (told["stale"]["status"], told["stale"]["code"]) == (409, "PT409")
    assert (told["viewer"]["status"], told["viewer"]["code"]) == (403, "42501")
    assert told["heard"] == "flow_started"
    assert (told["renewed"], told["signed_out"]) == (True, None)
    assert told["after"] == {"status": 401, "code": "PGRST303"}
    assert owner.execute("select count(*) from staff_actions").fetchone() == (1,)
