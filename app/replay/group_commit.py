"""Group commit: what the lanes of a batch have to write while the journal writes goes to the disk together."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from app.replay.answers import JournalFailed
from app.replay.journal import Journal
from app.replay.journal_moves import Move


class _Group:
    """Steps of several lanes, written or not at all."""

    def __init__(self) -> None:
        self.moves: list[Move] = []
        self.is_done = False
        self.error: BaseException | None = None


class GroupCommit:
    """Writes steps into the journal off the loop's thread, one group after another."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._turn = asyncio.Lock()
        self._next = _Group()

    async def write(self, moves: Sequence[Move]) -> None:
        """Return when these steps are on the disk, in their order. Raises JournalFailed when they may not be."""
        group = self._next
        group.moves += moves
        async with self._turn:
            if not group.is_done:
                self._next = _Group()
                await self._fill(group)
        if group.error is not None:
            raise JournalFailed(group.error) from group.error

    async def _fill(self, group: _Group) -> None:
        group.is_done = True
        try:
            await asyncio.to_thread(self._journal.move_many, group.moves)
        except (OSError, sqlite3.Error) as error:
            group.error = error
        except BaseException as error:
            # Who only shares the group must not believe that it was written.
            group.error = error
            raise
