"""The write-ahead log as a stream of row changes, through a temporary logical slot."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Final, Protocol

import psycopg
from psycopg.conninfo import make_conninfo

from services.local.gateway.wal import Decoder, RowChange

_LOG: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 1000
_XID_MASK: Final = 0xFFFFFFFF
_READ: Final = """
select data from pg_logical_slot_get_binary_changes(
  %s, null, %s, 'proto_version', '1', 'publication_names', 'supabase_realtime')
"""


class Listener(Protocol):
    """Who is told of changes."""

    def stream_started(self) -> None:
        """Changes before this moment may have been missed."""
        ...

    def waiting(self) -> list[Callable[[], None]]:
        """What to call when a reading of the log that starts now is through."""
        ...

    async def deliver(self, changes: list[RowChange]) -> None:
        """Changes in the order of their commits."""
        ...


class Feed:
    """Reads the log until cancelled; after a failure it starts again with a new slot."""

    def __init__(self, database_url: str, poll_seconds: float, listener: Listener) -> None:
        # Each reading would write twelve lines to the server's log, hundreds of megabytes a day.
        options = "-c timezone=UTC -c datestyle=ISO -c log_min_messages=fatal"
        self._url = make_conninfo(database_url, options=options)
        self._poll_seconds = poll_seconds
        self._listener = listener

    async def run(self) -> None:
        """Never returns; a lost database is tried again each second."""
        while True:
            try:
                await self._read_on()
            except (psycopg.Error, OSError, ValueError):
                _LOG.warning("The change feed broke off; it starts again.", exc_info=True)
            await asyncio.sleep(1.0)

    async def _read_on(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            slot = f"gateway_{secrets.token_hex(8)}"
            await connection.execute("select pg_create_logical_replication_slot(%s, 'pgoutput', true)", (slot,))
            self._listener.stream_started()
            end = ""
            while True:
                confirmed = self._listener.waiting()
                # What is flushed is what the slot can read: nothing new there, nothing to decode.
                now = await _text(connection, "select pg_current_wal_flush_lsn()::text")
                changes: list[RowChange] = []
                if now != end:
                    cursor = await connection.execute(_READ, (slot, _AT_ONCE), binary=True)
                    decoder = Decoder()
                    decoded = [decoder.feed(row[0]) for row in await cursor.fetchall()]
                    changes = [change for change in decoded if change is not None]
                    await _until_visible(connection, {change.xid for change in changes})
                await self._listener.deliver(changes)
                for confirm in confirmed:
                    confirm()
                if not changes:
                    end = now
                    await asyncio.sleep(self._poll_seconds)


def in_progress(xids: set[int], snapshot: str) -> bool:
    """Whether a snapshot `xmin:xmax:list` does not see one of these 32-bit transaction ids yet."""
    _, xmax, running = snapshot.split(":")
    still = {int(xid) & _XID_MASK for xid in running.split(",") if xid}
    # Ids wrap around: the later one is less than half the circle ahead.
    return any(xid in still or (xid - int(xmax)) & _XID_MASK < 2**31 for xid in xids)


async def _until_visible(connection: psycopg.AsyncConnection[tuple[object, ...]], xids: set[int]) -> None:
    """A commit is in the log a moment before others see its rows; asking for them earlier would hide them."""
    while xids:
        snapshot = await _text(connection, "select pg_current_snapshot()::text")
        if not in_progress(xids, snapshot):
            return
        await asyncio.sleep(0.001)


async def _text(connection: psycopg.AsyncConnection[tuple[object, ...]], statement: str) -> str:
    row = await (await connection.execute(statement.encode())).fetchone()
    return str(row[0]) if row else ""
