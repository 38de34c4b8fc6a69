"""The rules that every batch of SQS shares."""

from __future__ import annotations

import re
from typing import Any, Final

from services.local.queue.errors import QueueError
from services.local.queue.parameters import Parameters

_MOST_ENTRIES: Final = 10
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")


def checked_entries(parameters: Parameters, kind: str) -> list[tuple[str, Parameters]]:
    """The entries of a batch with their ids; `kind` is how SQS calls an entry."""
    entries = parameters.entries("Entries")
    if not entries:
        raise QueueError("EmptyBatchRequest", f"There should be at least one {kind} in the request.")
    if len(entries) > _MOST_ENTRIES:
        raise QueueError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {_MOST_ENTRIES}. You have sent {len(entries)}.",
        )
    seen: set[str] = set()
    identified = []
    for entry in entries:
        entry_id = entry.text("Id") or ""
        if not _ID.fullmatch(entry_id):
            raise QueueError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                "It can be at most 80 letters long.",
            )
        if entry_id in seen:
            raise QueueError("BatchEntryIdsNotDistinct", f"Id {entry_id} repeated.")
        seen.add(entry_id)
        identified.append((entry_id, entry))
    return identified


def failed_entry(entry_id: str, error: QueueError) -> dict[str, Any]:
    """How the answer to a batch reports an entry that was refused."""
    return {"Id": entry_id, "SenderFault": error.fault == "Sender", "Code": error.code, "Message": str(error)}
