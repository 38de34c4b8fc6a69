"""Actions on a queue itself."""

from __future__ import annotations

import re
from typing import Any, Final

from services.local.queue.call import Call
from services.local.queue.errors import QueueError, invalid_parameter, invalid_value, queue_does_not_exist
from services.local.queue.queue_attributes import (
    arn_of,
    check_names,
    checked_attributes,
    difference,
    readable,
    redrive_of,
    wants_counts,
)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


async def create_queue(call: Call) -> dict[str, Any]:
    """CreateQueue. A queue that is there with the same attributes is fine."""
    name = call.parameters.required_text("QueueName")
    if not _NAME.fullmatch(name):
        raise invalid_parameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
    wanted = checked_attributes(call.parameters.mapping("Attributes"))
    await _check_target(call, wanted)
    if not await call.store.create_queue(name, {key: value for key, value in wanted.items() if value}):
        present = await call.store.queue(name)
        other = difference(present.attributes, wanted) if present else None
        if other:
            raise QueueError(
                "QueueNameExists",
                f"A queue already exists with the same name and a different value for attribute {other}",
            )
    return {"QueueUrl": call.url_of(name)}


async def get_queue_url(call: Call) -> dict[str, Any]:
    """GetQueueUrl."""
    name = call.parameters.required_text("QueueName")
    if not _NAME.fullmatch(name) or await call.store.queue(name) is None:
        raise queue_does_not_exist()
    return {"QueueUrl": call.url_of(name)}


async def get_queue_attributes(call: Call) -> dict[str, Any]:
    """GetQueueAttributes, with the counts of this instant."""
    queue = await call.queue()
    names = call.parameters.texts("AttributeNames")
    check_names(names)
    extra = {
        "QueueArn": arn_of(queue.name),
        "CreatedTimestamp": str(int(queue.created_at.timestamp())),
        "LastModifiedTimestamp": str(int(queue.modified_at.timestamp())),
    }
    if wants_counts(names):
        visible, hidden, delayed = await call.store.counts(queue)
        extra["ApproximateNumberOfMessages"] = str(visible)
        extra["ApproximateNumberOfMessagesNotVisible"] = str(hidden)
        extra["ApproximateNumberOfMessagesDelayed"] = str(delayed)
    attributes = readable(queue.attributes, names, extra)
    return {"Attributes": attributes} if attributes else {}


async def set_queue_attributes(call: Call) -> dict[str, Any]:
    """SetQueueAttributes. An empty RedrivePolicy takes the policy away."""
    queue = await call.queue()
    wanted = checked_attributes(call.parameters.mapping("Attributes"))
    await _check_target(call, wanted)
    without = [name for name, value in wanted.items() if not value]
    await call.store.set_attributes(queue.name, wanted, without)
    # A receiver who waits may have messages to get, or to lose, under the new attributes.
    await call.bells.ring(queue.name)
    return {}


async def _check_target(call: Call, wanted: dict[str, str]) -> None:
    policy = wanted.get("RedrivePolicy")
    redrive = redrive_of({"RedrivePolicy": policy}) if policy else None
    if redrive and (not _NAME.fullmatch(redrive.target) or await call.store.queue(redrive.target) is None):
        raise invalid_value("RedrivePolicy", policy, "Dead letter target does not exist.")
