"""All that is known of one act as a text to send to somebody, read off the window's thread."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from app import tasks
from app.actions.letter_items import LetterItems
from app.actions.many_jobs import MANY
from app.actions.operations import FAILURE, Operation, Operations, as_text
from app.actions.registry import RUN_FAILED

_MOST: Final = 100_000


def start_report(
    operations: Operations, letters: LetterItems, operation: Operation, crashes: Path, told: Callable[[str], None]
) -> None:
    """Read it as a task, then call `told` with the text. `crashes`: the folder of the reports of failures."""

    async def whole() -> None:
        found: tuple[Operation, ...] = ()
        if letters.knows(operation):
            with contextlib.suppress(OSError, sqlite3.Error):
                found = await letters.of(operation)
        told(await asyncio.to_thread(report, operations, operation, crashes, found))

    tasks.supersede("report of an operation", whole())


def report(operations: Operations, operation: Operation, crashes: Path, letters: Sequence[Operation] = ()) -> str:
    """The act with its items, its `letters`, or the report of a failure; where these can't be read, without."""
    more = ""
    try:
        if letters or operation.act in (MANY, RUN_FAILED.name):
            items = letters or operations.items(operation.id)
            more = "\n".join(f"{item.label}: {item.words or item.state}" for item in items)[:_MOST]
        elif operation.act == FAILURE and operation.target:
            with (crashes / Path(operation.target).name).open(encoding="utf-8", errors="replace") as file:
                more = file.read(_MOST)
    except (OSError, sqlite3.Error):
        more = ""
    return as_text(operation, more)
