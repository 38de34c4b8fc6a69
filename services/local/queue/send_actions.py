"""Actions that put messages into a queue."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from services.domain.checksums import attributes_md5, body_md5
from services.local.queue.batches import checked_entries, failed_entry
from services.local.queue.call import Call
from services.local.queue.errors import QueueError, invalid_parameter, invalid_value
from services.local.queue.message_attributes import (
    check_characters,
    checked_message_attributes,
    checked_system_attributes,
    size_of,
)
from services.local.queue.parameters import Parameters
from services.local.queue.queue_attributes import LARGEST_REQUEST
from services.local.queue.store import NewMessage, Queue


async def send_message(call: Call) -> dict[str, Any]:
    """SendMessage."""
    queue = await call.queue()
    message = _checked_message(call.parameters, queue)
    await _keep(call, queue, [message])
    return _sent(message)


async def send_message_batch(call: Call) -> dict[str, Any]:
    """SendMessageBatch. A message that is refused does not hold up the others."""
    queue = await call.queue()
    entries = checked_entries(call.parameters, "SendMessageBatchRequestEntry")
    messages: list[tuple[str, NewMessage]] = []
    failed = []
    for entry_id, entry in entries:
        try:
            messages.append((entry_id, _checked_message(entry, queue)))
        except QueueError as error:
            failed.append(failed_entry(entry_id, error))
    size = sum(size_of(message.body, message.attributes) for _, message in messages)
    if size > LARGEST_REQUEST:
        raise QueueError(
            "BatchRequestTooLong",
            f"Batch requests cannot be longer than {LARGEST_REQUEST} bytes. You have sent {size} bytes.",
        )
    if messages:
        await _keep(call, queue, [message for _, message in messages])
    answer: dict[str, Any] = {"Successful": [{"Id": entry_id, **_sent(message)} for entry_id, message in messages]}
    return {**answer, "Failed": failed} if failed else answer


async def _keep(call: Call, queue: Queue, messages: list[NewMessage]) -> None:
    await call.store.send(queue.name, messages, call.sender)
    await call.bells.ring(queue.name)


def _checked_message(given: Parameters, queue: Queue) -> NewMessage:
    body = given.required_text("MessageBody")
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        if given.has(name):
            reason = "The request include parameter that is not valid for this queue type."
            raise invalid_value(name, given.text(name), reason)
    delay = given.whole("DelaySeconds", 0, 900, "DelaySeconds must be >= 0 and <= 900.")
    check_characters(body)
    attributes = checked_message_attributes(given.mapping("MessageAttributes"))
    system = checked_system_attributes(given.mapping("MessageSystemAttributes"))
    most = queue.whole("MaximumMessageSize")
    if size_of(body, attributes) > most:
        raise invalid_parameter(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes."
        )
    return NewMessage(uuid4(), body, attributes, system, queue.whole("DelaySeconds") if delay is None else delay)


def _sent(message: NewMessage) -> dict[str, str]:
    answer = {"MessageId": str(message.message_id), "MD5OfMessageBody": body_md5(message.body)}
    if message.attributes:
        answer["MD5OfMessageAttributes"] = attributes_md5(message.attributes)
    if message.system:
        answer["MD5OfMessageSystemAttributes"] = attributes_md5(message.system)
    return answer
