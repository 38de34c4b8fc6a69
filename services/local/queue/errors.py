"""Refusals in the words of SQS, as boto3 turns them into `ClientError`."""

from __future__ import annotations

from typing import Final

# Since the move to JSON a refusal has two names: the shape in the body, and the
# code of the older protocol in a header. boto3 reports the second as Error.Code.
_CODES: Final = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "InvalidParameterValueException": "InvalidParameterValue",
    "MissingRequiredParameterException": "MissingParameter",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}


class QueueError(Exception):
    """The request was refused. `shape` is the name of the error in the JSON protocol."""

    def __init__(self, shape: str, text: str, *, status: int = 400) -> None:
        super().__init__(text)
        self.shape = shape
        self.status = status

    @property
    def code(self) -> str:
        """What boto3 shows as Error.Code."""
        return _CODES.get(self.shape, self.shape)

    @property
    def fault(self) -> str:
        """Whose fault it is: Sender or Receiver."""
        return "Sender" if self.status < 500 else "Receiver"


def queue_does_not_exist() -> QueueError:
    """The queue of the URL or name is not there."""
    return QueueError("QueueDoesNotExist", "The specified queue does not exist.")


def invalid_parameter(text: str) -> QueueError:
    """A value that SQS does not take, in a whole sentence."""
    return QueueError("InvalidParameterValueException", text)


def invalid_value(name: str, value: object, reason: str) -> QueueError:
    """Parameter `name` with `value`, refused for `reason`."""
    return invalid_parameter(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def missing_parameter(name: str) -> QueueError:
    """A parameter that the request needs."""
    return QueueError("MissingRequiredParameterException", f"The request must contain the parameter {name}.")


def unknown_attribute(name: str) -> QueueError:
    """A queue attribute that standard queues don't have."""
    return QueueError("InvalidAttributeName", f"Unknown Attribute {name}.")


def invalid_receipt(handle: str) -> QueueError:
    """A receipt handle that this queue never gave out."""
    return QueueError("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.')


def malformed(text: str) -> QueueError:
    """A body that is not the JSON that the protocol asks for."""
    return QueueError("SerializationException", text)
