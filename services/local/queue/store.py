"""Queues and messages in PostgreSQL: every statement of the endpoint."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Json, Jsonb
from psycopg_pool import AsyncConnectionPool

from services.local.queue.message_attributes import Attributes
from services.local.queue.queue_attributes import Redrive, redrive_of, whole_attribute

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]

_SWEEP_EVERY: Final = 30.0


@dataclass(frozen=True)
class Queue:
    """A queue with the attributes that were set on it."""

    name: str
    attributes: dict[str, str]
    created_at: datetime
    modified_at: datetime

    @property
    def redrive(self) -> Redrive | None:
        """Where messages go that were received too often."""
        return redrive_of(self.attributes)

    def whole(self, name: str) -> int:
        """A numeric attribute, or its default."""
        return whole_attribute(self.attributes, name)


@dataclass(frozen=True)
class NewMessage:
    """A message to keep; `delay` in seconds."""

    message_id: UUID
    body: str
    attributes: Attributes
    system: Attributes
    delay: int


@dataclass(frozen=True)
class Received:
    """A message as one receiver got it."""

    message_id: UUID
    body: str
    attributes: dict[str, Attributes]
    sender: str
    sent_at: datetime
    receive_count: int
    first_received_at: datetime
    receipt: UUID
    source_queue: str | None


class Store:
    """The statements. Each is one transaction; a time in them is the database's `now()`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._swept: dict[str, float] = {}

    async def queue(self, name: str) -> Queue | None:
        """The queue with this name."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Queue))
            await cursor.execute(
                "select name, attributes, created_at, modified_at from sqs.queues where name = %s", (name,)
            )
            return await cursor.fetchone()

    async def create_queue(self, name: str, attributes: dict[str, str]) -> bool:
        """Whether the queue is new; one that is there stays as it is."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "insert into sqs.queues (name, attributes) values (%s, %s) on conflict do nothing",
                (name, Jsonb(attributes)),
            )
            return cursor.rowcount == 1

    async def set_attributes(self, name: str, attributes: dict[str, str], without: list[str]) -> None:
        """Set `attributes`, take away those named in `without`."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """update sqs.queues set attributes = (attributes || %s) - %s::text[], modified_at = now()
                    where name = %s""",
                (Jsonb(attributes), without, name),
            )

    async def counts(self, queue: Queue) -> tuple[int, int, int]:
        """How many messages are visible, not visible, delayed."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """select count(*) filter (where visible_at <= now()),
                          count(*) filter (where visible_at > now() and receipt is not null),
                          count(*) filter (where visible_at > now() and receipt is null)
                     from sqs.messages
                    where queue = %s and sent_at > now() - make_interval(secs => %s)""",
                (queue.name, queue.whole("MessageRetentionPeriod")),
            )
            row: tuple[Any, ...] = await cursor.fetchone() or (0, 0, 0)
            return int(row[0]), int(row[1]), int(row[2])

    async def send(self, queue: str, messages: Sequence[NewMessage], sender: str) -> None:
        """Keep `messages`, all or none, to be received in this order."""
        async with self._pool.connection() as connection:
            # now() is one instant for the whole statement; clock_timestamp() keeps the order.
            await connection.execute(
                """insert into sqs.messages (message_id, queue, body, attributes, sender, sent_at, visible_at)
                   select m.id, %s, m.body, m.attributes, %s, m.at, m.at + make_interval(secs => m.delay)
                     from (select *, clock_timestamp() as at
                             from rows from (json_to_recordset(%s) as (id uuid, body text, attributes jsonb, delay int))
                                  with ordinality as given (id, body, attributes, delay, position)
                            order by position offset 0) m""",
                (
                    queue,
                    sender,
                    # One text: an array of texts would be escaped character by character.
                    Json(
                        [
                            {
                                "id": str(message.message_id),
                                "body": message.body,
                                "attributes": {"message": message.attributes, "system": message.system},
                                "delay": message.delay,
                            }
                            for message in messages
                        ]
                    ),
                ),
            )

    async def receive(self, queue: Queue, most: int, visibility: int) -> list[Received]:
        """Take up to `most` visible messages, hidden from others for `visibility` seconds."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(Received))
            await cursor.execute(
                """with due as materialized (
                     select message_id from sqs.messages
                      where queue = %(queue)s and visible_at <= now() and receive_count < %(limit)s
                        and sent_at > now() - make_interval(secs => %(retention)s)
                      order by visible_at limit %(most)s for update skip locked
                   ), taken as (
                     update sqs.messages m
                        set receive_count = receive_count + 1, receipt = gen_random_uuid(),
                            first_received_at = coalesce(first_received_at, now()),
                            visible_at = now() + make_interval(secs => %(visibility)s)
                       from due where m.message_id = due.message_id
                     returning m.message_id, m.body, m.attributes, m.sender, m.sent_at, m.receive_count,
                               m.first_received_at, m.receipt, m.source_queue
                   )
                   select * from taken order by sent_at""",
                {
                    "queue": queue.name,
                    "limit": queue.redrive.most if queue.redrive else 2**31 - 1,
                    "retention": queue.whole("MessageRetentionPeriod"),
                    "most": most,
                    "visibility": visibility,
                },
            )
            return await cursor.fetchall()

    async def move_spent(self, queue: str, redrive: Redrive) -> int:
        """Move visible messages that were received `redrive.most` times; how many."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """with spent as materialized (
                     select message_id from sqs.messages
                      where queue = %s and visible_at <= now() and receive_count >= %s for update skip locked
                   )
                   update sqs.messages m
                      set queue = %s, source_queue = m.queue, receipt = null, visible_at = now()
                     from spent where m.message_id = spent.message_id""",
                (queue, redrive.most, redrive.target),
            )
            return cursor.rowcount

    async def sweep(self, queue: Queue) -> None:
        """Delete messages older than the queue keeps them, at most every half minute per queue."""
        if time.monotonic() - self._swept.get(queue.name, -_SWEEP_EVERY) < _SWEEP_EVERY:
            return
        self._swept[queue.name] = time.monotonic()
        async with self._pool.connection() as connection:
            await connection.execute(
                "delete from sqs.messages where queue = %s and sent_at <= now() - make_interval(secs => %s)",
                (queue.name, queue.whole("MessageRetentionPeriod")),
            )

    async def seconds_to_next(self, queue: Queue) -> float | None:
        """When the next message becomes visible; None if the queue has none. Negative is overdue."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """select extract(epoch from min(visible_at) - now())::float8 from sqs.messages
                    where queue = %s and sent_at > now() - make_interval(secs => %s)""",
                (queue.name, queue.whole("MessageRetentionPeriod")),
            )
            row = await cursor.fetchone()
            return row[0] if row else None

    async def delete(self, queue: str, receipts: Sequence[tuple[UUID, UUID]]) -> None:
        """Delete the messages whose newest receipt is given as (message id, receipt); others stay."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """delete from sqs.messages m using unnest(%s::uuid[], %s::uuid[]) as given (id, receipt)
                    where m.queue = %s and m.message_id = given.id and m.receipt = given.receipt""",
                ([message_id for message_id, _ in receipts], [receipt for _, receipt in receipts], queue),
            )

    async def change_visibility(self, queue: str, message_id: UUID, receipt: UUID, seconds: int) -> bool | None:
        """Hide a message in flight for `seconds` from now. False: it is not in flight; None: no such receipt."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                """with found as (
                     select message_id, visible_at > now() as in_flight from sqs.messages
                      where queue = %s and message_id = %s and receipt = %s for update
                   ), changed as (
                     update sqs.messages m set visible_at = now() + make_interval(secs => %s)
                       from found where m.message_id = found.message_id and found.in_flight
                   )
                   select in_flight from found""",
                (queue, message_id, receipt, seconds),
            )
            row = await cursor.fetchone()
            return row[0] if row else None
