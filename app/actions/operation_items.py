"""The items of one act on many things, read from the file off the window's thread."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import Final

from app import tasks
from app.actions.letter_items import LetterItems
from app.actions.operations import Operation, Operations

_PAUSE: Final = 0.5
"""Seconds between two reads of letters that are being moved."""


class OperationItems:
    """`version` grows with each change of `items`. `letters`: those of acts on dead letters, None for no such acts."""

    def __init__(self, operations: Operations, letters: LetterItems | None = None) -> None:
        self._operations = operations
        self._letters = letters
        self._read_at = (-1, -1)
        self._not_before = 0.0
        self._reading = False
        self.of = ""
        """The id of the operation whose items these are, "" for none."""
        self.items: tuple[Operation, ...] = ()
        self.loaded = False
        self.problem = ""
        """Why they can't be read, as a sentence."""
        self.version = 0

    def show(self, operation_id: str) -> None:
        """Have the items of this one; costs nothing while no act has changed. May be called with each frame."""
        if operation_id != self.of:
            self.of, self.items, self.loaded, self.problem = operation_id, (), False, ""
            self._read_at, self._not_before = (-1, -1), 0.0
            self.version += 1
        now = (self._operations.version, self._letters.version if self._letters is not None else 0)
        due = self._read_at[0] != now[0] or time.monotonic() >= self._not_before
        if self.of and not self._reading and self._read_at != now and due:
            self._reading, self._read_at, self._not_before = True, now, time.monotonic() + _PAUSE
            tasks.spawn("operation items", self._read(operation_id))

    async def _read(self, operation_id: str) -> None:
        found: tuple[Operation, ...] = ()
        problem = ""
        operation = self._operations.get(operation_id)
        try:
            if self._letters is not None and operation is not None and self._letters.knows(operation):
                found = await self._letters.of(operation)
            else:
                found = tuple(await asyncio.to_thread(self._operations.items, operation_id))
        except (OSError, sqlite3.Error) as error:
            problem = f"The items can't be read: {error}."
        finally:
            self._reading = False
        if operation_id == self.of:
            self.items, self.problem, self.loaded = found, problem, True
            self.version += 1
