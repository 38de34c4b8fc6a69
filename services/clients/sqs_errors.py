"""What the queue's refusals mean, in words: a right that is missing is named, a sign-in that ended is told apart."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from services.domain.errors import Busy, ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused

EXPIRED: Final = "The sign-in for the queue has expired."
SIGN_IN: Final = "Sign in again, for example by aws sso login, or set fresh keys."
_EXPIRED: Final = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_STRANGER: Final = (
    "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId",
)  # fmt: skip
_ENCRYPTED: Final = ("KmsAccessDenied", "KMS.AccessDeniedException")
_FORBIDDEN: Final = ("AccessDenied", "AccessDeniedException", *_ENCRYPTED)
_NO_QUEUE: Final = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class Problem(NamedTuple):
    """The error, and whether it says that a right is missing."""

    error: ConsoleError
    lacks: bool = False

    def __str__(self) -> str:
        return str(self.error)


def translated(response: Any, right: str, queue: str) -> Problem:
    """What an error of the SDK means for a call that takes `right`, such as sqs:SendMessage, on `queue`."""
    code = str(response.get("Error", {}).get("Code", ""))
    message = str(response.get("Error", {}).get("Message", "")) or code
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    raw = f"{code}: {message}"
    if code in _EXPIRED:
        return Problem(NotPermitted(EXPIRED, hint=SIGN_IN, raw=raw))
    if code in _STRANGER:
        words = "The queue does not know this sign-in."
        return Problem(NotPermitted(words, hint="Check the AWS keys or the profile in the settings.", raw=raw))
    if code in _FORBIDDEN or status in (401, 403):
        missing = "the key that its messages are encrypted with" if code in _ENCRYPTED else f"the right {right}"
        words = f"This sign-in lacks {missing} on {queue}."
        return Problem(NotPermitted(words, hint="Ask an admin for this right.", raw=raw), lacks=True)
    if code in _NO_QUEUE:
        words = f"The queue {queue} does not exist."
        return Problem(NotInstalled(words, hint="Check SQS_QUEUE_URL and SQS_DLQ_URL.", raw=raw))
    if "Throttl" in code:
        return Problem(Busy("The queue asks to go slower.", hint="Try again.", raw=raw))
    if status >= 500 or status == 408:
        return Problem(NotReachable("The queue has trouble answering.", hint="Try again.", raw=raw))
    return Problem(Refused(f"The queue refused: {message}", raw=raw))
