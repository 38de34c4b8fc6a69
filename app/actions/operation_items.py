"""The items of one act on many things, read from the file off the window's thread."""

from __future__ import annotations

import asyncio
import sqlite3

from app import tasks
from app.actions.operations import Operation, Operations


class OperationItems:
    """`version` grows with each change of `items`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._read_at = -1
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
            self.of, self.items, self.loaded, self.problem, self._read_at = operation_id, (), False, "", -1
            self.version += 1
        if self.of and not self._reading and self._read_at != self._operations.version:
            self._reading, self._read_at = True, self._operations.version
            tasks.spawn("operation items", self._read(operation_id))

    async def _read(self, operation_id: str) -> None:
        found: tuple[Operation, ...] = ()
        problem = ""
        try:
            found = tuple(await asyncio.to_thread(self._operations.items, operation_id))
        except (OSError, sqlite3.Error) as error:
            problem = f"The items can't be read: {error}."
        finally:
            self._reading = False
        if operation_id == self.of:
            self.items, self.problem, self.loaded = found, problem, True
            self.version += 1
