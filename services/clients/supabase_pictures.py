"""Pictures of runs in the project's storage, as the person who is signed in may put and see them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Final, cast

import httpx

from services.clients.supabase_errors import console_errors
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.domain.pictures import LARGEST, name_at, picture_address, upload_address

_DUPLICATE: Final = "409"


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

    async def _headers(self) -> dict[str, str]:
        return {"apikey": self._session.key, "Authorization": f"Bearer {await self._session.token()}"}


def _code(answer: httpx.Response) -> str:
    """The status that the body means: that of the answer is 400 for most."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    return str(body.get("statusCode") or "") if isinstance(body, dict) else ""


def _error(answer: httpx.Response, what: str) -> ConsoleError:
    code, raw = _code(answer) or str(answer.status_code), answer.text[:500]
    if code in ("401", "403"):
        return NotPermitted(f"This sign-in may not {what}.", hint="Ask an administrator.", raw=raw)
    if code == "404":
        return NotInstalled(f"There is nothing in the project's storage to {what}.", hint="Apply the schema.", raw=raw)
    if code in ("400", "409", "413", "415"):
        return Refused(f"The project's storage would not {what}.", raw=raw)
    return NotReachable(f"The project's storage did not {what}.", hint="Try again.", raw=raw)
