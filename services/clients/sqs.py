"""The main queue and its dead letter queue, over the AWS SDK in threads of its own."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from services.clients.sqs_errors import EXPIRED, SIGN_IN, translated
from services.domain.errors import ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.domain.messages import message_size
from services.ports.wishes import DeadLetter, Outgoing, QueueFigures, SentMessage
from services.settings import Settings

if TYPE_CHECKING:
    from boto3.session import Session
    from types_boto3_sqs.client import SQSClient

_T = TypeVar("_T")
_FIGURES: Final = (
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
    "QueueArn", "RedrivePolicy", "MessageRetentionPeriod", "MaximumMessageSize",
)  # fmt: skip
_TOLD: Final = ("SentTimestamp", "ApproximateReceiveCount", "AWSTraceHeader")
"""What is asked about a message beside what its sender gave it."""
_BATCH_BYTES: Final = 262_144
"""Bytes of one call that every queue takes; a message larger than that goes alone."""


class SqsQueues:
    """`services.ports.Queues` for the queues of the settings. The SDK is imported on the first call, off the loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(6, thread_name_prefix="sqs")
        self._making = threading.Lock()
        self._clients: dict[int, SQSClient] = {}
        self._session: Session | None = None
        self._closed = False
        self.lacks: dict[str, str] = {}
        """See the port; a name is the right and the queue's own."""

    async def figures(self, which: Literal["main", "dlq"]) -> QueueFigures:
        """See the port."""
        url = self._settings.queue_url if which == "main" else self._settings.dlq_url
        answer: Any = await self._call(
            url,
            "GetQueueAttributes",
            lambda client: client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_FIGURES)),
        )
        found = answer.get("Attributes", {})
        redrive = _redrive(found.get("RedrivePolicy", ""))
        return QueueFigures(
            visible=int(found.get("ApproximateNumberOfMessages", 0)),
            in_flight=int(found.get("ApproximateNumberOfMessagesNotVisible", 0)),
            delayed=int(found.get("ApproximateNumberOfMessagesDelayed", 0)),
            arn=found.get("QueueArn", ""),
            redrive_target_arn=str(redrive.get("deadLetterTargetArn", "")),
            max_receives=int(redrive["maxReceiveCount"]) if "maxReceiveCount" in redrive else None,
            kept_seconds=float(found["MessageRetentionPeriod"]) if "MessageRetentionPeriod" in found else None,
            largest=int(found.get("MaximumMessageSize", 262_144)),
        )

    async def find(self, which: Literal["main", "dlq"]) -> str:
        """The address that the queue service gives for the queue's name: whether GetQueueUrl is allowed."""
        url = self._settings.queue_url if which == "main" else self._settings.dlq_url
        name = url.rpartition("/")[2]
        answer: Any = await self._call(url, "GetQueueUrl", lambda client: client.get_queue_url(QueueName=name))
        return str(answer["QueueUrl"])

    async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
        """See the port."""
        url = self._settings.dlq_url
        answer: Any = await self._call(
            url,
            "ReceiveMessage",
            lambda client: client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=max(1, min(limit, 10)),
                VisibilityTimeout=visibility,
                WaitTimeSeconds=wait,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=list(_TOLD),
            ),
        )
        return [_dead_letter(message) for message in answer.get("Messages", [])]

    async def send_many(
        self, messages: Sequence[Outgoing], *, to: Literal["main", "dlq"] = "main"
    ) -> list[SentMessage | ConsoleError]:
        """See the port. Never repeated by itself: a repeat could be a second message."""
        url = self._settings.queue_url if to == "main" else self._settings.dlq_url
        answers: list[SentMessage | ConsoleError] = []
        for part in _parts(messages):
            entries: Any = [{"Id": str(at), **_entry(message)} for at, message in enumerate(part)]
            try:
                answer: Any = await self._call(
                    url, "SendMessage", functools.partial(_send_batch, url=url, entries=entries), attempts=1
                )
            except ConsoleError as error:
                answers += [error] * len(part)
                continue
            done = {one["Id"]: one for one in answer.get("Successful", [])}
            failed = {one["Id"]: one for one in answer.get("Failed", [])}
            answers += [_judged(str(at), done, failed) for at in range(len(part))]
        return answers

    async def delete_many(self, receipts: Sequence[str]) -> list[ConsoleError | None]:
        """See the port."""
        url = self._settings.dlq_url
        entries: Any = [{"Id": str(at), "ReceiptHandle": receipt} for at, receipt in enumerate(receipts)]
        try:
            answer: Any = await self._call(
                url, "DeleteMessage", lambda client: client.delete_message_batch(QueueUrl=url, Entries=entries)
            )
        except ConsoleError as error:
            return [error] * len(receipts)
        done = {one["Id"] for one in answer.get("Successful", [])}
        failed = {one["Id"]: one for one in answer.get("Failed", [])}
        return [None if str(at) in done else _refusal(failed.get(str(at))) for at in range(len(receipts))]

    async def hold_dead(self, receipt: str, seconds: int) -> None:
        """See the port."""
        await self._change_visibility(receipt, seconds)

    async def send(self, body: str, attributes: Mapping[str, Any], trace: str = "") -> SentMessage:
        """See the port. Never repeated by itself: a repeat could be a second message."""
        url = self._settings.queue_url
        entry: Any = _entry(Outgoing(body, dict(attributes), trace))
        answer: Any = await self._call(
            url, "SendMessage", lambda client: client.send_message(QueueUrl=url, **entry), attempts=1
        )
        return SentMessage(answer["MessageId"], answer["MD5OfMessageBody"], answer.get("MD5OfMessageAttributes", ""))

    async def delete_dead(self, receipt: str) -> None:
        """See the port."""
        url = self._settings.dlq_url
        await self._call(
            url, "DeleteMessage", lambda client: client.delete_message(QueueUrl=url, ReceiptHandle=receipt)
        )

    async def release_dead(self, receipt: str) -> None:
        """See the port."""
        await self._change_visibility(receipt, 0)

    def close(self) -> None:
        """Let go of the threads without waiting for calls under way; the last of them lets go of its connection."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        for client in list(self._clients.values()):
            client.close()

    async def _change_visibility(self, receipt: str, seconds: int) -> None:
        url = self._settings.dlq_url
        await self._call(
            url,
            "ChangeMessageVisibility",
            lambda client: client.change_message_visibility(
                QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=seconds
            ),
        )

    async def _call(self, url: str, right: str, act: Callable[[SQSClient], _T], *, attempts: int = 3) -> _T:
        """`right`: the IAM action that it takes."""
        if not url:
            raise NotInstalled("The queue's address is not set.", hint="Set SQS_QUEUE_URL and SQS_DLQ_URL.")
        work = functools.partial(self._in_thread, act, attempts, f"sqs:{right}", url.rpartition("/")[2])
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _in_thread(self, act: Callable[[SQSClient], _T], attempts: int, right: str, queue: str) -> _T:
        from botocore import exceptions as sdk

        try:
            answer = act(self._client(attempts))
        except sdk.ClientError as error:
            problem = translated(error.response, right, queue)
            if problem.lacks:
                self.lacks[f"{right} on {queue}"] = str(problem)
            raise problem.error from error
        except (sdk.SSOTokenLoadError, sdk.UnauthorizedSSOTokenError, sdk.TokenRetrievalError) as error:
            raise NotPermitted(EXPIRED, hint=SIGN_IN, raw=str(error)) from error
        except (
            sdk.NoCredentialsError, sdk.PartialCredentialsError, sdk.CredentialRetrievalError, sdk.ProfileNotFound,
        ) as error:  # fmt: skip
            raise NotPermitted(
                "There is no sign-in for the queue.", hint="Set an AWS profile or key.", raw=str(error)
            ) from error
        except (sdk.BotoCoreError, ValueError) as error:
            raise NotReachable("The queue does not answer.", hint="Check the network.", raw=repr(error)) from error
        finally:
            if self._closed:
                self._let_go()
        self.lacks.pop(f"{right} on {queue}", None)
        return answer

    def _client(self, attempts: int) -> SQSClient:
        with self._making:
            if attempts not in self._clients:
                import boto3
                from botocore.config import Config

                settings = self._settings
                # A session of its own: boto3's would keep the profile of whoever came first. One for all clients: each
                # reads what the SDK knows of every service.
                self._session = self._session or boto3.session.Session()
                self._clients[attempts] = self._session.client(
                    "sqs",
                    region_name=settings.sqs_region,
                    endpoint_url=settings.sqs_endpoint_url,
                    aws_access_key_id=settings.aws_access_key_id or None,
                    aws_secret_access_key=settings.aws_secret_access_key or None,
                    config=Config(
                        connect_timeout=3,
                        read_timeout=10,
                        retries={"total_max_attempts": attempts},
                        # The SDK makes its own anew for each call; what it checks of one the queue checks too.
                        user_agent="directory-bolt",
                        parameter_validation=False,
                    ),
                )
            return self._clients[attempts]


def _send_batch(client: SQSClient, *, url: str, entries: Any) -> Any:
    return client.send_message_batch(QueueUrl=url, Entries=entries)


def _parts(messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """The messages in their order, in batches that fit into one call."""
    parts: list[list[Outgoing]] = []
    room = 0
    for message in messages:
        size = message_size(message.body, message.attributes)
        if not parts or len(parts[-1]) == 10 or size > room:
            parts.append([])
            room = _BATCH_BYTES
        parts[-1].append(message)
        room -= size
    return parts


def _entry(message: Outgoing) -> dict[str, Any]:
    entry: dict[str, Any] = {"MessageBody": message.body, "MessageAttributes": dict(message.attributes)}
    if message.trace:
        entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": message.trace}}
    return entry


def _judged(key: str, done: Mapping[str, Any], failed: Mapping[str, Any]) -> SentMessage | ConsoleError:
    if key in done:
        one = done[key]
        return SentMessage(one["MessageId"], one["MD5OfMessageBody"], one.get("MD5OfMessageAttributes", ""))
    if key in failed:
        return _refusal(failed[key])
    return NotReachable("The queue's answer doesn't say what became of this message.")


def _refusal(entry: Mapping[str, Any] | None) -> ConsoleError:
    """An entry of a batch that the queue did not carry out."""
    if entry is None:
        return NotReachable("The queue's answer doesn't say what became of this message.")
    raw = f"{entry.get('Code', '')}: {entry.get('Message', '')}"
    return Refused(f"The queue refused: {entry.get('Message') or entry.get('Code', '')}", raw=raw)


def _redrive(policy: str) -> dict[str, Any]:
    try:
        found = json.loads(policy) if policy else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _dead_letter(message: Mapping[str, Any]) -> DeadLetter:
    system = message.get("Attributes", {})
    sent = system.get("SentTimestamp")
    return DeadLetter(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        body_md5=message.get("MD5OfBody", ""),
        attributes=dict(message.get("MessageAttributes", {})),
        sent_at=int(sent) / 1000 if sent else None,
        receive_count=int(system.get("ApproximateReceiveCount", 0)),
        trace=system.get("AWSTraceHeader", ""),
    )
