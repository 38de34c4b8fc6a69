"""Pictures of runs in the project's storage, as the person who is signed in may put and see them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Collection
from typing import Any, Final, cast

import httpx

from services.clients.supabase_errors import console_errors
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.domain.pictures import BUCKET, LARGEST, name_at, picture_address, upload_address

_DUPLICATE: Final = "409"
_NO_BUCKET: Final = ("Bucket not found", "NoSuchBucket")
_NO_OBJECT: Final = ("Object not found", "NoSuchKey")
_APPLY: Final = (
    "Apply resources/schema/0010_pictures.sql. Where the project refuses that, make a private bucket named "
    f"“{BUCKET}” in its dashboard, which staff may see and to whose folder “runs” they may add."
)


class SupabasePictures:
    """The port `PictureStore`."""

    def __init__(self, session: SupabaseSession) -> None:
        self._session = session

    def owns(self, address: str) -> bool:
        """See the port."""
        return name_at(self._session.url, address) is not None

    async def put(self, name: str, data: bytes) -> str:
        """See the port."""
        with console_errors("keep a picture"):
            answer = await self._session.wire.post(
                upload_address(self._session.url, name),
                content=data,
                headers={**await self._headers(), "Content-Type": "image/jpeg"},
            )
        # Asked before, and the answer was lost: a run's picture has a name of its own.
        if not answer.is_success and _code(answer) != _DUPLICATE:
            raise _error(answer, "keep a picture")
        return picture_address(self._session.url, name)

    async def get(self, address: str) -> bytes:
        """See the port."""
        if not self.owns(address):
            raise Refused("This picture isn't one of the project's.")
        headers, data = await self._headers(), bytearray()
        with console_errors("read a picture"):
            async with self._session.wire.stream("GET", address, headers=headers) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _error(answer, "read a picture")
                async with contextlib.aclosing(cast("AsyncGenerator[bytes, None]", answer.aiter_bytes())) as chunks:
                    async for chunk in chunks:
                        data += chunk
                        if len(data) > LARGEST:
                            raise Refused("The picture is too large.")
        return bytes(data)

    async def check(self) -> None:
        """See the port. It asks for a picture that nobody has: the answer says what is missing."""
        nobody_has = picture_address(self._session.url, "check/none.jpg")
        with console_errors("ask for the pictures"):
            answer = await self._session.wire.get(nobody_has, headers=await self._headers())
        if answer.is_success or _is_told(answer, _NO_OBJECT):
            return
        if _is_told(answer, _NO_BUCKET):
            raise _no_bucket(answer.text)
        if _code(answer) == "404" or answer.status_code == 404:
            raise NotInstalled("The project has no storage.", hint=_APPLY, raw=answer.text[:500])
        raise _error(answer, "look for pictures")

    async def _headers(self) -> dict[str, str]:
        return {"apikey": self._session.key, "Authorization": f"Bearer {await self._session.token()}"}


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _code(answer: httpx.Response) -> str:
    """The status that the body means: that of the answer is 400 for most."""
    return str(_body(answer).get("statusCode") or "")


def _is_told(answer: httpx.Response, words: Collection[str]) -> bool:
    """Whether the answer is one of these errors: which part of it says so depends on the storage's age."""
    body = _body(answer)
    return not answer.is_success and any(body.get(part) in words for part in ("message", "error", "code"))


def _no_bucket(raw: str) -> NotInstalled:
    return NotInstalled(f"The project has no bucket “{BUCKET}” for pictures of runs.", hint=_APPLY, raw=raw[:500])


def _error(answer: httpx.Response, what: str) -> ConsoleError:
    code, raw = _code(answer) or str(answer.status_code), answer.text[:500]
    if _is_told(answer, _NO_BUCKET):
        return _no_bucket(raw)
    if code in ("401", "403"):
        return NotPermitted(f"This sign-in may not {what}.", hint="Ask an administrator.", raw=raw)
    if code == "404":
        return NotInstalled(f"There is nothing in the project's storage to {what}.", hint="Apply the schema.", raw=raw)
    if code in ("400", "409", "413", "415"):
        return Refused(f"The project's storage would not {what}.", raw=raw)
    return NotReachable(f"The project's storage did not {what}.", hint="Try again.", raw=raw)
