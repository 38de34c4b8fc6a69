"""Pictures in the project's storage: the real client and the fake one."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest

from resources import ROOT
from services.clients.supabase_pictures import SupabasePictures
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.domain.pictures import OF_STAFF, OF_WORKERS, picture_address, picture_name
from services.local.postgres import Postgres
from services.ports.wishes import PictureStore
from tests.contract.gateway.running import KEY, PASSWORD, gateway
from tests.fakes.pictures import FakePictures

pytestmark = pytest.mark.stack

JPEG = b"\xff\xd8\xff picture"


@asynccontextmanager
async def desk(url: str, who: str = "operator") -> AsyncIterator[SupabaseSession]:
    session = await SupabaseSession.sign_in(url, KEY, f"{who}@directory-bolt.example", PASSWORD)
    try:
        yield session
    finally:
        await session.close()


async def holds_what_the_port_says(store: PictureStore) -> None:
    name = picture_name(OF_STAFF, str(uuid.uuid4()), "b.example", str(uuid.uuid4()))
    address = await store.put(name, JPEG)
    assert store.owns(address)
    assert await store.get(address) == JPEG
    assert await store.put(name, b"another") == address, "asked again as after an answer that was lost"
    assert await store.get(address) == JPEG, "evidence was replaced"
    with pytest.raises(NotInstalled):
        await store.get(address.replace(name, f"runs/{uuid.uuid4()}.jpg"))
    await store.check()
    for other in ("", "/data/a.jpg", "https://evil.example/a.jpg"):
        assert not store.owns(other)


def test_the_fake_holds_it() -> None:
    asyncio.run(holds_what_the_port_says(FakePictures()))


def test_the_real_one_holds_it_and_says_what_is_wrong(server: Postgres, owner: psycopg.Connection) -> None:
    async def why(what: object) -> ConsoleError:
        with pytest.raises(ConsoleError) as caught:
            await what  # type: ignore[misc]
        return caught.value

    async def go() -> None:
        async with gateway(server, max_object_bytes=2000) as running, desk(running.url) as session:
            store = SupabasePictures(session)
            await holds_what_the_port_says(store)
            of_worker = picture_name(OF_WORKERS, "j", "h", "r")
            assert type(await why(store.put(of_worker, JPEG))) is NotPermitted
            assert type(await why(store.put(picture_name(OF_STAFF, "j", "h", "r"), b"x" * 3000))) is Refused
            elsewhere = await why(store.get("https://evil.example/storage/v1/object/authenticated/screenshots/a.jpg"))
            assert type(elsewhere) is Refused, "the sign-in was sent to somebody else"
            async with desk(running.url, "viewer") as viewer:
                await SupabasePictures(viewer).check()
                assert type(await why(SupabasePictures(viewer).put("runs/x.jpg", JPEG))) is NotPermitted
            owner.execute("delete from storage.objects")
            owner.execute("delete from storage.buckets where id = 'screenshots'")
            try:
                for act in (store.check(), store.put("runs/y.jpg", JPEG), store.get(picture_address(running.url, "y"))):
                    error = await why(act)
                    assert type(error) is NotInstalled
                    assert str(error) == "The project has no bucket “screenshots” for pictures of runs."
                    assert "0010_pictures.sql" in error.hint
            finally:
                owner.execute((ROOT / "schema" / "0010_pictures.sql").read_bytes())
            await running.runner.cleanup()
            assert type(await why(store.check())) is NotReachable
            assert type(await why(store.put("runs/y.jpg", JPEG))) is NotReachable
            assert type(await why(store.get(picture_address(running.url, "runs/y.jpg")))) is NotReachable

    asyncio.run(go())


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (502, "<html>Bad gateway", NotReachable), (200, "", None), (404, "{}", NotInstalled), (400, "[]", Refused),
        (500, '{"statusCode": "500"}', NotReachable), (302, "", NotReachable),
    ],
)  # fmt: skip
def test_odd_answers_are_no_pictures(status: int, text: str, kind: type[ConsoleError] | None) -> None:
    class Session:
        url, key = "http://127.0.0.1:9", "key"
        wire = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(status, text=text)))

        async def token(self) -> str:
            return "token"

    async def go() -> None:
        store = SupabasePictures(Session())  # type: ignore[arg-type]
        if kind is None:
            assert await store.get(await store.put("runs/a.jpg", JPEG)) == b""
            await store.check()
            return
        with pytest.raises(kind):
            await store.put("runs/a.jpg", JPEG)
        with pytest.raises(kind):
            await store.get(picture_address(Session.url, "runs/a.jpg"))
        with pytest.raises(kind):
            await store.check()
        await Session.wire.aclose()

    asyncio.run(go())


def test_what_is_too_large_is_not_read_to_its_end() -> None:
    class Session:
        url, key = "http://127.0.0.1:9", "key"
        wire = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, content=b"x" * 6_000_000)))

        async def token(self) -> str:
            return "token"

    async def go() -> None:
        with pytest.raises(Refused, match="too large"):
            await SupabasePictures(Session()).get(picture_address(Session.url, "runs/a.jpg"))  # type: ignore[arg-type]
        await Session.wire.aclose()

    asyncio.run(go())
