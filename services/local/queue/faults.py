"""Fault switches: what SQS does on a bad day, on request and counted."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Annotated, Any, Final, Literal

import msgspec

from services.local.queue.call import Action, Call
from services.local.queue.errors import QueueError
from services.local.queue.parameters import Parameters
from services.local.queue.receipts import decode_handle

Kind = Literal[
    "access_denied",  # the caller may not do this
    "throttled",  # refused for now, nothing was done
    "partial",  # the entries at `entries` of a batch fail, the others go through; the answer is still a 200
    "flipped",  # the body arrives with its first character changed
    "lost_reply",  # done, but the connection breaks before the answer
    "slow",  # done, and answered after `seconds`
    "miscounted",  # the approximate counts are off by `off`
    "twice",  # received messages stay visible to others
    "no_effect",  # a delete that says yes and deletes nothing
]
_COUNTS: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One switch. It holds for the next `times` calls of `action` (a name of the protocol, or * for all)
    after the first `skip` of them; `times` 0: until it is switched off. Only the first fault that fits a call acts."""

    kind: Kind
    action: str = "*"
    times: Annotated[int, msgspec.Meta(ge=0)] = 1
    skip: Annotated[int, msgspec.Meta(ge=0)] = 0
    entries: list[Annotated[int, msgspec.Meta(ge=0, le=9)]] = []
    seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    off: int = 3


class LostReply(Exception):
    """The call was carried out; its answer must not arrive."""


class Faults:
    """The switches of one endpoint, off at the start. They live as long as the process."""

    def __init__(self) -> None:
        self._active: list[Fault] = []

    def active(self) -> list[Fault]:
        """The switches that still hold, with what is left of their counts."""
        return self._active

    def switch(self, order: bytes) -> None:
        """Hold the faults of this JSON list and no others. Raises msgspec.DecodeError, which names the field."""
        self._active = msgspec.json.decode(order, type=list[Fault])

    async def run(self, name: str, action: Action, call: Call) -> dict[str, Any]:
        """Carry out the call, with the fault that is due. Raises QueueError or LostReply."""
        fault = self._due(name)
        if fault is None:
            return await action(call)
        match fault.kind:
            case "access_denied":
                raise QueueError("AccessDeniedException", f"User is not authorized to perform: sqs:{name}", status=403)
            case "throttled":
                raise QueueError("RequestThrottled", "The request was denied due to request throttling.")
            case "no_effect" if name.startswith("Delete"):
                return _all_deleted(call.parameters)
            case "partial":
                return await _partly(fault.entries, action, call)
            case "flipped" if name.startswith("SendMessage"):
                return await action(dataclasses.replace(call, parameters=_flipped(call.parameters)))
        answer = await action(call)
        match fault.kind:
            case "lost_reply":
                raise LostReply
            case "slow":
                await asyncio.sleep(fault.seconds)
            case "flipped":
                for message in answer.get("Messages", []):
                    message["Body"] = _flip(message["Body"])
            case "miscounted":
                for key in set(_COUNTS) & set(answer.get("Attributes", {})):
                    answer["Attributes"][key] = str(max(0, int(answer["Attributes"][key]) + fault.off))
            case "twice":
                await _show_again(call, answer)
        return answer

    def _due(self, name: str) -> Fault | None:
        for fault in self._active:
            if fault.action not in ("*", name):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times:
                fault.times -= 1
                if not fault.times:
                    self._active.remove(fault)
            return fault
        return None


def _flip(body: str) -> str:
    return ("y" if body[:1] == "x" else "x") + body[1:]


def _flipped(given: Parameters) -> Parameters:
    values = dict(given.values)
    if isinstance(values.get("MessageBody"), str):
        values["MessageBody"] = _flip(values["MessageBody"])
    if given.has("Entries"):
        values["Entries"] = [_flipped(entry).values for entry in given.entries("Entries")]
    return Parameters(values)


def _all_deleted(given: Parameters) -> dict[str, Any]:
    if not given.has("Entries"):
        return {}
    return {"Successful": [{"Id": entry.text("Id")} for entry in given.entries("Entries")]}


async def _partly(positions: list[int], action: Action, call: Call) -> dict[str, Any]:
    entries = call.parameters.entries("Entries")
    failing = [entry for position, entry in enumerate(entries) if position in positions]
    others = [entry.values for position, entry in enumerate(entries) if position not in positions]
    answer: dict[str, Any] = {"Successful": []}
    if others:
        answer = await action(
            dataclasses.replace(call, parameters=Parameters({**call.parameters.values, "Entries": others}))
        )
    failed = [
        {"Id": entry.text("Id"), "SenderFault": False, "Code": "InternalError", "Message": "Please try again."}
        for entry in failing
    ]
    return {**answer, "Failed": [*answer.get("Failed", []), *failed]}


async def _show_again(call: Call, answer: dict[str, Any]) -> None:
    queue = await call.queue()
    for message in answer.get("Messages", []):
        message_id, receipt = decode_handle(queue.name, message["ReceiptHandle"])
        await call.store.change_visibility(queue.name, message_id, receipt, 0)
