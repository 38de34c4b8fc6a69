"""A project that is tried before anybody signs in: the real gateway, the real queue, and things that are neither."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from services.clients.project_door import SupabaseDoor
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.local.postgres import Postgres, free_port
from services.settings import Settings
from tests.contract.clients.test_sqs import settings as queue_settings
from tests.contract.gateway.running import KEY, PASSWORD, SERVICE_KEY, gateway
from tests.local_http import serve
from tests.unit.services.clients.test_supabase_sign_in import answering

pytestmark = pytest.mark.stack
EMAIL = "operator@directory-bolt.example"

__all__ = ["queue_settings"]


async def refused(asked: Awaitable[object]) -> ConsoleError:
    with pytest.raises(ConsoleError) as caught:
        await asked
    assert PASSWORD not in f"{caught.value} {caught.value.hint} {caught.value.raw} {caught.value.settings}"
    return caught.value


def run(suite: Callable[[SupabaseDoor], Awaitable[None]], settings: Settings | None = None) -> None:
    async def act() -> None:
        door = SupabaseDoor(settings or Settings())
        await door.close()  # before anything was asked there is nothing to close
        try:
            async with asyncio.timeout(60):
                await suite(door)
        finally:
            await door.close()

    asyncio.run(act())


def test_a_project_its_key_and_its_people(server: Postgres, owner: psycopg.Connection) -> None:
    async def suite(door: SupabaseDoor) -> None:
        async with gateway(server) as running:
            await door.find(running.url)
            await door.find(f"{running.url}/")
            await door.try_key(running.url, KEY)
            await door.try_key(running.url, SERVICE_KEY)  # the form refuses it outside the local profile
            for key in ("sb_publishable_other", "schlüssel"):
                assert list((await refused(door.try_key(running.url, key))).settings) == ["SUPABASE_ANON_KEY"]
            assert await door.try_person(running.url, KEY, EMAIL, PASSWORD) == "operator"
            assert owner.execute("select count(*) from auth.sessions").fetchone() == (0,)
            wrong = await refused(door.try_person(running.url, KEY, EMAIL, "wrong"))
            assert list(wrong.settings) == ["STAFF_EMAIL", "STAFF_PASSWORD"]
            nobody = await refused(door.try_person(running.url, KEY, "customer@directory-bolt.example", PASSWORD))
            assert "has no role here" in nobody.settings["STAFF_EMAIL"]
            assert owner.execute("select count(*) from auth.sessions").fetchone() == (0,)

    run(suite)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "<html>A shop</html>", Refused), (200, {"status": "ok"}, Refused), (404, "nothing here", Refused),
        (401, {"error": "who are you?"}, Refused), (301, "moved", Refused), (200, "x" * 200_000, Refused),
        (502, "bad gateway", NotReachable), (429, "slow down", NotReachable),
    ],
)  # fmt: skip
def test_what_answers_and_is_no_project(status: int, body: object, kind: type[ConsoleError]) -> None:
    async def suite(door: SupabaseDoor) -> None:
        error = await refused(door.find(url))
        assert isinstance(error, kind)
        assert list(error.settings) == ["SUPABASE_URL"]
        if isinstance(error, Refused) and status != 401:
            assert "SUPABASE_URL" in (await refused(door.try_key(url, KEY))).settings

    with serve(answering(status, body, "text/html")) as url:
        run(suite)


def test_where_nothing_answers() -> None:
    async def suite(door: SupabaseDoor) -> None:
        error = await refused(door.find(f"http://127.0.0.1:{free_port()}"))
        assert isinstance(error, NotReachable)
        assert "Nothing answers at" in error.settings["SUPABASE_URL"]
        assert isinstance(await refused(door.find("http://a.example")), Refused)

    run(suite)


def test_a_queue_and_its_dead_letters(queue_settings: Settings) -> None:
    async def suite(door: SupabaseDoor) -> None:
        assert await door.try_queue(queue_settings.queue_url) == queue_settings.dlq_url
        assert await door.try_queue(queue_settings.dlq_url) == ""
        assert isinstance(await refused(door.try_queue(f"{queue_settings.queue_url}-other")), NotInstalled)

    run(suite, queue_settings)


def test_a_queue_without_rights() -> None:
    denied = {"__type": "com.amazonaws.sqs#AccessDenied", "message": "not authorized to perform sqs:GetQueueAttributes"}

    async def suite(door: SupabaseDoor) -> None:
        error = await refused(door.try_queue(f"{origin}/1/Main"))
        assert isinstance(error, NotPermitted)

    with serve(answering(403, denied, "application/x-amz-json-1.0")) as origin:
        run(suite, Settings(sqs_endpoint=origin, aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="no"))
