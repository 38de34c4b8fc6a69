"""Puts a run's last picture into the project's storage, where every console sees it."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

import httpx

from services.domain.pictures import LARGEST, picture_address, upload_address
from services.domain.text import one_line

log = logging.getLogger(__name__)

_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 60.0


class PictureStore:
    """Of the project at `url`, with its service key; without either it takes nothing. Close it with `close`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url if key else ""
        self._headers = {
            "Authorization": f"Bearer {key}",
            "apikey": key,
            "x-upsert": "true",
            "Content-Type": "image/jpeg",
        }
        self._http = httpx.AsyncClient(timeout=_SECONDS, trust_env=False)
        self._again_at = 0.0

    async def put(self, file: str, name: str) -> str | None:
        """The address of the picture once it is there; None where it stays on this disk alone.

        An outcome waits for this: it takes 5 s at the most, and after a failure isn't tried for a minute.
        """
        if not self._url or time.monotonic() < self._again_at:
            return None
        try:
            async with asyncio.timeout(_SECONDS):
                data = await asyncio.to_thread(_read, Path(file))
                answer = await self._http.post(upload_address(self._url, name), content=data, headers=self._headers)
                answer.raise_for_status()
        except (OSError, ValueError, httpx.HTTPError) as error:
            self._again_at = time.monotonic() + _PAUSE_SECONDS
            log.warning("The picture stays on this machine", extra={"reason": one_line(error) or type(error).__name__})
            return None
        return picture_address(self._url, name)

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()


def _read(file: Path) -> bytes:
    if file.stat().st_size > LARGEST:
        raise ValueError("The picture is too large")
    return file.read_bytes()
