"""Follows the dead letter queue for as long as the console is open, and tells the store whose jobs are in it."""

from __future__ import annotations

import asyncio
from typing import Final

from app.actions.dead_letters import DeadLetterActs
from app.store.store import Store

FOLLOW_SECONDS: Final = 5.0


async def follow_dead_letters(letters: DeadLetterActs, store: Store) -> None:
    """Never returns."""
    while True:
        await letters.follow()
        store.set_dead_letters(letters.job_ids())
        await asyncio.sleep(FOLLOW_SECONDS)
