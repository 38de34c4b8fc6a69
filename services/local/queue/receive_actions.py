"""Actions that take messages out of a queue."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from services.domain.checksums import attributes_md5, body_md5
from services.local.queue.batches import checked_entries, failed_entry
from services.local.queue.call import Call
from services.local.queue.errors import QueueError, invalid_value, missing_parameter
from services.local.queue.message_attributes import chosen
from services.local.queue.queue_attributes import LONGEST_VISIBILITY, arn_of
from services.local.queue.receipts import decode_handle, encode_handle
from services.local.queue.store import Queue, Received

# The bell covers what this process does; looking again covers what others do to the tables.
_LOOK_EVERY: Final = 1.0
# A message that is due but locked by somebody else must not make the wait a busy loop.
_SHORTEST_WAIT: Final = 0.02
_VISIBILITY_RULE: Final = f"Must be >= 0 and <= {LONGEST_VISIBILITY}, if provided."


async def receive_message(call: Call) -> dict[str, Any]:
    """ReceiveMessage, waiting up to WaitTimeSeconds for the first message."""
    queue = await call.queue()
    given = call.parameters
    most = given.whole("MaxNumberOfMessages", 1, 10, "Must be between 1 and 10, if provided.")
    wait = given.whole("WaitTimeSeconds", 0, 20, "Must be >= 0 and <= 20, if provided.")
    visibility = given.whole("VisibilityTimeout", 0, LONGEST_VISIBILITY, _VISIBILITY_RULE)
    system_names = given.texts("AttributeNames") + given.texts("MessageSystemAttributeNames")
    names = given.texts("MessageAttributeNames")
    received = await _first_messages(
        call,
        queue,
        1 if most is None else most,
        queue.whole("ReceiveMessageWaitTimeSeconds") if wait is None else wait,
        queue.whole("VisibilityTimeout") if visibility is None else visibility,
    )
    messages = [_as_answer(queue.name, message, names, system_names) for message in received]
    return {"Messages": messages} if messages else {}


async def delete_message(call: Call) -> dict[str, Any]:
    """DeleteMessage. An older handle of the message is taken without deleting anything."""
    queue = await call.queue()
    receipt = decode_handle(queue.name, call.parameters.required_text("ReceiptHandle"))
    await call.store.delete(queue.name, [receipt])
    return {}


async def delete_message_batch(call: Call) -> dict[str, Any]:
    """DeleteMessageBatch."""
    queue = await call.queue()
    entries = checked_entries(call.parameters, "DeleteMessageBatchRequestEntry")
    receipts, successful, failed = [], [], []
    for entry_id, entry in entries:
        try:
            receipts.append(decode_handle(queue.name, entry.required_text("ReceiptHandle")))
            successful.append({"Id": entry_id})
        except QueueError as error:
            failed.append(failed_entry(entry_id, error))
    await call.store.delete(queue.name, receipts)
    return {"Successful": successful, "Failed": failed} if failed else {"Successful": successful}


async def change_message_visibility(call: Call) -> dict[str, Any]:
    """ChangeMessageVisibility of a message in flight."""
    queue = await call.queue()
    handle = call.parameters.required_text("ReceiptHandle")
    seconds = call.parameters.whole("VisibilityTimeout", 0, LONGEST_VISIBILITY, _VISIBILITY_RULE)
    if seconds is None:
        raise missing_parameter("VisibilityTimeout")
    message_id, receipt = decode_handle(queue.name, handle)
    changed = await call.store.change_visibility(queue.name, message_id, receipt, seconds)
    if changed is None:
        reason = "Message does not exist or is not available for visibility timeout change."
        raise invalid_value("ReceiptHandle", handle, reason)
    if not changed:
        raise QueueError("MessageNotInflight", "The specified message isn't in flight.")
    await call.bells.ring(queue.name)
    return {}


async def _first_messages(call: Call, queue: Queue, most: int, wait: int, visibility: int) -> list[Received]:
    deadline = time.monotonic() + wait
    while True:
        rings = call.bells.rings(queue.name)
        # Messages for somebody who has hung up would stay hidden until their time is over.
        if call.gone():
            return []
        await call.store.sweep(queue)
        if queue.redrive and await call.store.move_spent(queue.name, queue.redrive):
            await call.bells.ring(queue.redrive.target)
        received = await call.store.receive(queue, most, visibility)
        remaining = deadline - time.monotonic()
        if received or remaining <= 0 or call.bells.closed:
            return received
        due = await call.store.seconds_to_next(queue)
        pause = _LOOK_EVERY if due is None else max(_SHORTEST_WAIT, min(due, _LOOK_EVERY))
        await call.bells.wait(queue.name, rings, min(pause, remaining))


def _as_answer(queue: str, message: Received, names: list[str], system_names: list[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "MessageId": str(message.message_id),
        "ReceiptHandle": encode_handle(queue, message.message_id, message.receipt),
        "MD5OfBody": body_md5(message.body),
        "Body": message.body,
    }
    attributes = chosen(message.attributes["message"], names)
    if attributes:
        answer["MessageAttributes"] = attributes
        answer["MD5OfMessageAttributes"] = attributes_md5(attributes)
    system = {
        "SenderId": message.sender,
        "SentTimestamp": _milliseconds(message.sent_at),
        "ApproximateReceiveCount": str(message.receive_count),
        "ApproximateFirstReceiveTimestamp": _milliseconds(message.first_received_at),
    }
    if message.source_queue:
        system["DeadLetterQueueSourceArn"] = arn_of(message.source_queue)
    system |= {name: attribute["StringValue"] for name, attribute in message.attributes["system"].items()}
    if "All" not in system_names:
        system = {name: value for name, value in system.items() if name in system_names}
    if system:
        answer["Attributes"] = system
    return answer


def _milliseconds(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1000))
