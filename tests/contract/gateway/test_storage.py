"""Files over the stock client: who may put one there and see it, and what is refused in Storage's own words."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from supabase import AsyncClient, StorageException

from services.local.postgres import Postgres
from tests.contract.gateway.running import SERVICE_KEY, Gateway, gateway

pytestmark = pytest.mark.stack

JPEG = b"\xff\xd8\xff\xe0 a picture"
AS_JPEG: Any = {"content-type": "image/jpeg"}
BUCKET = "screenshots"


def fresh(folder: str = "runs") -> str:
    return f"{folder}/{uuid.uuid4()}/b.example/r 1.jpg"


async def refused(act: Any) -> tuple[str, str]:
    with pytest.raises(StorageException) as caught:
        await act
    error: Any = caught.value
    return str(error.status), str(error.code)


async def put(client: AsyncClient, name: str, data: bytes = JPEG, **more: str) -> None:
    options: Any = {**AS_JPEG, **more}
    await client.storage.from_(BUCKET).upload(name, data, options)


def test_the_stock_client_puts_shows_and_signs(server: Postgres) -> None:
    async def go() -> None:
        async with gateway(server) as running:
            pipeline, viewer = await running.client(key=SERVICE_KEY), await running.client("viewer")
            name = fresh("jobs")
            answer = await pipeline.storage.from_(BUCKET).upload(name, JPEG, AS_JPEG)
            assert (answer.path, answer.full_path) == (name, f"{BUCKET}/{name}")
            assert await viewer.storage.from_(BUCKET).download(name) == JPEG
            assert await refused(put(pipeline, name)) == ("409", "Duplicate")
            await put(pipeline, name, JPEG + b"2", upsert="true")
            await pipeline.storage.from_(BUCKET).update(name, JPEG + b"3", AS_JPEG)
            assert await viewer.storage.from_(BUCKET).download(name) == JPEG + b"3"
            signed = str((await viewer.storage.from_(BUCKET).create_signed_url(name, 60))["signedURL"])
            async with httpx.AsyncClient() as wire:
                shown = await wire.get(signed)
                assert (shown.status_code, shown.content) == (200, JPEG + b"3")
                assert shown.headers["content-type"] == "image/jpeg"
                assert shown.headers["x-content-type-options"] == "nosniff"
                for wrong in (signed[:-2] + "xx", signed.split("?")[0], signed.replace("r%201", "r%202")):
                    answered = await wire.get(wrong)
                    assert (answered.status_code, answered.json()["statusCode"]) == (400, "400")
                late = running.url + "/storage/v1/object/sign/" + urlsplit(signed).path.split("/sign/")[1]
                assert (await wire.get(late, params={"token": "a.b.c"})).json()["error"] == "InvalidJWT"
                session = await viewer.auth.get_session()
                assert session is not None
                assert (await wire.get(late, params={"token": session.access_token})).status_code == 400

    asyncio.run(go())


def test_roles_decide_who_may(server: Postgres, owner: psycopg.Connection) -> None:
    async def go() -> None:
        async with gateway(server) as running:
            pipeline, operator = await running.client(key=SERVICE_KEY), await running.client("operator")
            name, theirs = fresh(), fresh("jobs")
            await put(operator, name)
            await put(pipeline, theirs)
            assert await refused(put(operator, name, upsert="true")) == ("403", "Unauthorized"), "evidence is replaced"
            assert await refused(put(operator, fresh("jobs"))) == ("403", "Unauthorized")
            viewer, customer = await running.client("viewer"), await running.client("customer")
            for outside in (customer, await running.client()):
                bucket = outside.storage.from_(BUCKET)
                assert await refused(put(outside, fresh())) == ("403", "Unauthorized")
                for known in (name, theirs):
                    assert await refused(bucket.download(known)) == ("404", "not_found")
                    assert await refused(bucket.create_signed_url(known, 60)) == ("404", "not_found")
            assert await refused(put(viewer, fresh())) == ("403", "Unauthorized")
            # To the file of a bucket that isn't there the hosted one says so; to its signed address it doesn't.
            assert await refused(viewer.storage.from_("none").download(name)) == ("404", "Bucket not found")
            assert await refused(viewer.storage.from_("none").create_signed_url(name, 60)) == ("404", "not_found")
            assert await refused(pipeline.storage.from_("none").upload(name, JPEG, AS_JPEG)) == (
                "404", "Bucket not found"
            )  # fmt: skip
            rows = owner.execute("select owner_id is not null from storage.objects where name = %s", (name,))
            assert rows.fetchall() == [(True,)]

    asyncio.run(go())
    assert owner.execute("select count(*) from storage.objects o left join storage.object_bytes b"
                         " on b.object_id = o.id where b.object_id is null").fetchall() == [(0,)]  # fmt: skip


def test_what_does_not_belong_there_is_refused(server: Postgres, owner: psycopg.Connection) -> None:
    async def go() -> None:
        async with gateway(server, max_object_bytes=2000) as running:
            pipeline = await running.client(key=SERVICE_KEY)
            assert await refused(put(pipeline, fresh(), b"x" * 2001)) == ("413", "Payload too large")
            assert await refused(put(pipeline, fresh(), b"x" * 500_000)) == ("413", "Payload too large")
            await put(pipeline, fresh(), b"x" * 2000)
            page: Any = {"content-type": "text/html"}
            assert await refused(pipeline.storage.from_(BUCKET).upload(fresh(), b"<b>", page)) == (
                "415", "invalid_mime_type"
            )  # fmt: skip
            base = f"{running.url}/storage/v1/object"
            key = {"Authorization": f"Bearer {SERVICE_KEY}", "Content-Type": "image/jpeg"}
            async with httpx.AsyncClient() as wire:
                for name in ("..%2f..%2fetc", "a//b", "a%00b", "a%ffb", "a%5cb", "x" * 901, "%ED"):
                    answered = await wire.post(f"{base}/{BUCKET}/{name}", headers=key, content=JPEG)
                    assert (answered.status_code, answered.json()["error"]) == (400, "InvalidKey"), name
                answered = await wire.post(f"{base}/{BUCKET}/a/%2e%2e/../{BUCKET}/b.jpg", headers=key, content=JPEG)
                assert answered.json().get("Key", "").count("..") == 0
                for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
                    answered = await wire.get(f"{base}/{BUCKET}/a.jpg", headers=headers)
                    assert (answered.status_code, set(answered.json())) == (400, {"statusCode", "error", "message"})
                assert (
                    await wire.get(f"{base}/{BUCKET}/a.jpg", headers={**key, "Host": "evil.example"})
                ).status_code == 421
                assert (
                    await wire.get(f"{base}/{BUCKET}/a.jpg", headers={**key, "Origin": "https://evil.example"})
                ).status_code == 403
                for method, path in (("GET", "bucket"), ("DELETE", f"object/{BUCKET}"), ("POST", "object/list/x")):
                    answered = await wire.request(method, f"{running.url}/storage/v1/{path}", headers=key)
                    assert answered.status_code in (400, 404)
                    assert {"message", "error", "statusCode"} == set(answered.json())
                for body in (b"", b"{", b"[]", b'{"expiresIn": null}', b'{"expiresIn": 0}', b'{"expiresIn": 1e400}',
                             b'{"expiresIn": true}', b'{"expiresIn": "9999999999999"}', b"[" * 5000):  # fmt: skip
                    answered = await wire.post(f"{base}/sign/{BUCKET}/a.jpg", headers=key, content=body)
                    assert (answered.status_code, answered.json()["error"]) == (400, "Error"), body

    asyncio.run(go())


def test_the_oldest_file_goes_when_there_is_no_room(server: Postgres, owner: psycopg.Connection) -> None:
    async def go() -> None:
        async with gateway(server, most_object_bytes=1500) as running:
            pipeline = await running.client(key=SERVICE_KEY)
            names = [fresh("jobs") for _ in range(3)]
            for name in names:
                await put(pipeline, name, b"x" * 600)
            bucket = pipeline.storage.from_(BUCKET)
            assert await refused(bucket.download(names[0])) == ("404", "not_found")
            assert [len(await bucket.download(name)) for name in names[1:]] == [600, 600]

    asyncio.run(go())
    assert owner.execute("select count(*) from storage.object_bytes").fetchall() == [(2,)]


_BODY = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from([
            b"--edge", b"--edge--", b"\r\n", b"\r\n\r\n", b"Content-Disposition: form-data; name=f; filename=a",
            b"Content-Transfer-Encoding: base64", b"Content-Type: \xff/x", b"Content-Length: 99999", b"\xff\xfe",
            b"Content-Disposition: form-data; filename*=utf-9''%ff", b"Content-Type: multipart/mixed; boundary=in",
        ]), max_size=12,
    ).map(b"".join),
)  # fmt: skip
_KIND = st.sampled_from([
    b"multipart/form-data; boundary=edge", b"multipart/form-data", b"multipart/form-data; boundary=", b"image/jpeg",
    b"multipart/mixed; boundary=" + b"e" * 80, b"/", b"\xff", b"application/json; charset=\xff",
])  # fmt: skip
_PLACE = st.sampled_from([
    b"/object/screenshots/a.jpg", b"/object/sign/screenshots/a.jpg", b"/object/%00/%ff", b"/object/", b"/object/a",
    b"/object/sign/x/y?token=%ff", b"/object/sign/x/y?token=eyJhbGciOiJub25lIn0.e30.", b"/object/authenticated/%2f/%2f",
    b"/%ff", b"", b"/object/screenshots/%F0%9F%98%80", b"/object/screenshots/a'\"--;",
])  # fmt: skip


def test_nonsense_is_answered_in_words_and_never_breaks_the_gateway(server: Postgres) -> None:
    async def go(asked: list[tuple[bytes, bytes, bytes, bytes]]) -> None:
        async with gateway(server) as running:
            for method, place, kind, body in asked:
                status, answer = await _raw(running, method, place, kind, body)
                assert status < 500, (method, place, kind, body, answer)
                assert method == b"HEAD" or status == 200 or "message" in json.loads(answer), (status, answer)

    @settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.tuples(st.sampled_from([b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"PATCH"]), _PLACE, _KIND, _BODY),
            min_size=40, max_size=60,
        )
    )  # fmt: skip
    def all_of(asked: list[tuple[bytes, bytes, bytes, bytes]]) -> None:
        asyncio.run(go(asked))

    all_of()


async def _raw(running: Gateway, method: bytes, place: bytes, kind: bytes, body: bytes) -> tuple[int, bytes]:
    parts = urlsplit(running.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        head = [method + b" /storage/v1" + place + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close"]
        head += [b"Authorization: Bearer " + SERVICE_KEY.encode(), b"Content-Type: " + kind]
        head += [b"Content-Length: " + str(len(body)).encode()]
        writer.write(b"\r\n".join(head) + b"\r\n\r\n" + body)
        answer, _, said = (await reader.read()).partition(b"\r\n\r\n")
        return int(answer.split(b" ", 2)[1]), said
    finally:
        writer.close()
        await writer.wait_closed()
