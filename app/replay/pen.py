"""One pen for the lanes of a batch: what they have to write while it writes goes to the disk together."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from app.replay.answers import JournalFailed
from app.replay.journal import Journal
from app.replay.moves import Move


class _Page:
    """Steps of several lanes, written or not at all."""

    def __init__(self) -> None:
        self.moves: list[Move] = []
        self.is_done = False
        self.error: BaseException | None = None


class Pen:
    """Writes steps into the journal off the loop's thread, one page after another."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turn = asyncio.Lock()
        self._next = _Page()

    async def write(self, moves: Sequence[Move]) -> None:
        """Return when these steps are on the disk, in their order. Raises JournalFailed when they may not be."""
        page = self._next
        page.moves += moves
        async with self._turn:
            if not page.is_done:
                self._next = _Page()
                await self._fill(page)
        if page.error is not None:
            raise JournalFailed(page.error) from page.error

    async def _fill(self, page: _Page) -> None:
        page.is_done = True
        try:
            await asyncio.to_thread(self._journal.move_many, page.moves)
        except (OSError, sqlite3.Error) as error:
            page.error = error
        except BaseException as error:
            # Who only shares the page must not believe that it was written.
            page.error = error
            raise
