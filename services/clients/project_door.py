"""Tries a project's address, key, person and queue, so that a form can say what is wrong before anybody signs in."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Final

import httpx

from services.clients.sqs import SqsQueues
from services.clients.supabase_session import SupabaseSession
from services.clients.supabase_sign_in import URL, blame, check_address, not_staff, not_this_key, something_else
from services.domain.errors import NotReachable
from services.domain.redaction import keep_out
from services.settings import Settings

_TIMEOUT: Final = httpx.Timeout(6.0, connect=4.0)
_WHOLE: Final = 8.0
_MOST: Final = 64 * 1024


class SupabaseDoor:
    """`services.ports.doors.ProjectDoor`. `settings`: how the queue is asked, its address left out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wire: httpx.AsyncClient | None = None

    async def find(self, url: str) -> None:
        """See the port."""
        status, body = await self._health(url, "")
        # Without a key a project says that one is missing; one of one's own may say that it is well.
        lacks_key = status == 401 and ("api key" in body.lower() or "apikey" in body.lower())
        if not lacks_key and not (status == 200 and "GoTrue" in body):
            raise something_else(url, f"{status}: {body[:300]}")

    async def try_key(self, url: str, key: str) -> None:
        """See the port."""
        status, body = await self._health(url, key)
        if status in (401, 403):
            raise not_this_key(url, f"{status}: {body[:300]}")
        if status != 200 or "GoTrue" not in body:
            raise something_else(url, f"{status}: {body[:300]}")

    async def try_person(self, url: str, key: str, email: str, password: str) -> str:
        """See the port."""
        keep_out(password)
        session = await SupabaseSession.sign_in(url, key, email, password)
        try:
            role = session.role
            await session.sign_out()
        finally:
            await session.close()
        if role is None:
            raise not_staff(email)
        return role

    async def try_queue(self, url: str) -> str:
        """See the port."""
        queues = SqsQueues(dataclasses.replace(self._settings, queue_url=url, dlq_url=""))
        try:
            target = (await queues.figures("main")).redrive_target_arn
        finally:
            queues.close()
        return f"{url.rpartition('/')[0]}/{target.rpartition(':')[2]}" if target else ""

    async def close(self) -> None:
        """See the port."""
        if self._wire is not None:
            await self._wire.aclose()

    async def _health(self, url: str, key: str) -> tuple[int, str]:
        check_address(url)
        if self._wire is None:
            # In a thread: it reads every certificate that this machine trusts, which takes longer than a frame.
            self._wire = await asyncio.to_thread(httpx.AsyncClient, timeout=_TIMEOUT, follow_redirects=False)
        try:
            async with asyncio.timeout(_WHOLE):  # of something that never stops answering nothing is wanted
                answer = await self._wire.get(
                    f"{url.rstrip('/')}/auth/v1/health", headers={"apikey": key} if key else {}
                )
        except TimeoutError as error:
            words = f"{httpx.URL(url).host} did not answer in time."
            raise NotReachable("The project can't be reached.", raw=repr(error), settings={URL: words}) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise blame(error, url) from error
        except UnicodeEncodeError as error:
            raise not_this_key(url, str(error)) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            words = f"{httpx.URL(url).host} answers with error {answer.status_code}."
            raise NotReachable("The project has trouble answering.", raw=str(answer.status_code), settings={URL: words})
        return answer.status_code, answer.text[:_MOST]
