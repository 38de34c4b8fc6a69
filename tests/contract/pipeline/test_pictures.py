"""A worker's pictures: in the project's storage where there is one, and never in the way of an outcome."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.domain.text import slug
from services.local.postgres import Postgres
from services.pipeline.database import Pool
from services.pipeline.picture_store import PictureStore
from services.settings import Settings
from services.submission.outcome import Outcome
from tests.contract.gateway.running import SERVICE_KEY, gateway
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import NO_PAGE, Bench, Script
from tests.leaks.logs import Logged

pytestmark = pytest.mark.anyio

SHOWN = Outcome("submitted", ["ok"], False, 34, screenshot="last.jpg")
MakeBench = Callable[[Script, str], Bench]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def bench(pool: Pool, settings_for: Callable[..., Settings]) -> MakeBench:
    def make(script: Script, url: str) -> Bench:
        return Bench(pool, settings_for(task_retries=1, supabase_url=url, service_role_key=SERVICE_KEY), script)

    return make


def pictures_of(records: Records) -> list[str]:
    found = records.ask("select screenshot_url, status from job_results order by directory_name")
    assert {status for _, status in found} == {"submitted"}
    return [str(where) for where, _ in found]


async def test_a_picture_is_seen_from_everywhere(
    bench: MakeBench, records: Records, postgres_server: Postgres, tmp_path: Path
) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    async with gateway(postgres_server) as running:
        await bench(Script(a=[SHOWN]), running.url).work()
        [address] = pictures_of(records)
        assert address.startswith(f"{running.url}/storage/v1/object/authenticated/screenshots/jobs/{job}/a-localhost-")
        assert records.details(job, "submitted")[0]["screenshot_url"] == address
        async with httpx.AsyncClient() as wire:
            shown = await wire.get(address, headers={"Authorization": f"Bearer {SERVICE_KEY}"})
            assert (shown.content, shown.headers["content-type"]) == (b"jpeg", "image/jpeg")
            assert (await wire.get(address)).status_code == 400
    assert (tmp_path / "artifacts" / job / f"{slug('a.localhost')}.jpg").read_bytes() == b"jpeg"


async def test_a_storage_that_is_gone_costs_the_upload_alone_and_is_left_alone(
    bench: MakeBench, records: Records, tmp_path: Path, logged: Logged
) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    await bench(Script(a=[SHOWN], b=[SHOWN]), "http://127.0.0.1:9").work()
    assert [Path(where).parent for where in pictures_of(records)] == [tmp_path / "artifacts" / job] * 2
    assert len(logged.take_every("The picture stays on this machine")) == 1, "asked again though it is gone"


async def test_a_worker_that_is_stopped_meanwhile_writes_what_it_knows(
    bench: MakeBench, records: Records, tmp_path: Path
) -> None:
    job = records.job(["a.localhost"])
    records.run_for(job)
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    storage = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with storage:
        port = storage.sockets[0].getsockname()[1]
        work = asyncio.ensure_future(bench(Script(a=[SHOWN]), f"http://127.0.0.1:{port}").work())
        await asyncio.wait_for(asked.wait(), 30)
        kept = list((tmp_path / "outcomes").iterdir())
        assert len(kept) == 1, "a kill here would lose the outcome"
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    [where] = pictures_of(records)
    assert Path(where).parent == tmp_path / "artifacts" / job


async def test_a_repeat_keeps_a_trace_and_each_run_its_log(bench: MakeBench, records: Records, tmp_path: Path) -> None:
    job = records.job(["a.localhost", "b.localhost"])
    records.run_for(job)
    script = Script(a=[NO_PAGE, SHOWN], b=[SHOWN])
    script.told = [{"kind": "console", "at": 1, "level": "error", "text": "broken"}, {"kind": "beat"}]
    await bench(script, "").work()
    kept = sorted(file.name for file in (tmp_path / "artifacts" / job).iterdir())
    a, b = slug("a.localhost"), slug("b.localhost")
    assert kept == sorted([f"{a}.jpg", f"{a}.trace.zip", f"{a}.log.json", f"{b}.jpg", f"{b}.log.json"])
    log = json.loads((tmp_path / "artifacts" / job / f"{a}.log.json").read_text())
    [(claim,)] = records.ask("select payload ->> 'claim' from job_results where directory_name = 'a.localhost'")
    assert log == {"claim": claim, "told": script.told[:1]}


async def test_what_is_too_large_or_not_there_is_not_sent(tmp_path: Path, logged: Logged) -> None:
    (tmp_path / "big.jpg").write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    for name in ("big.jpg", "none.jpg"):
        store: Any = PictureStore("http://127.0.0.1:9", "key")
        assert await store.put(str(tmp_path / name), "jobs/x.jpg") is None
        await store.close()
        logged.take("The picture stays on this machine")
