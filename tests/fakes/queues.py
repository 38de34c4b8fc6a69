"""The main queue and its dead letters in memory, with the manners that matter: hiding, and rights that are missing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from services.domain.checksums import attributes_md5, body_md5
from services.domain.errors import ConsoleError, NotPermitted
from services.ports.wishes import DeadLetter, Outgoing, QueueFigures, SentMessage


class FakeQueues:
    """`faults` maps a call's name to what it raises. `may_release` False: as staff who lack that right."""

    def __init__(self, dead: Mapping[str, str], clock: Callable[[], float], *, may_release: bool = True) -> None:
        self.dead = dict(dead)
        self.sent: list[str] = []
        self.received = 0
        """How often the dead letters were asked for."""
        self.faults: dict[str, ConsoleError] = {}
        self.kept_seconds: float | None = 14 * 86400.0
        self.lacks: dict[str, str] = {}
        self.named = "dlq"
        """The dead letter queue that the main queue names."""
        self._clock = clock
        self._may_release = may_release
        self._hidden: dict[str, float] = {}
        self._receives: dict[str, int] = {}
        self._numbers = itertools.count(1)

    def hide(self, message_id: str, until: float) -> None:
        """Somebody else holds it until then, by the clock."""
        self._hidden[message_id] = until

    async def figures(self, which: Literal["main", "dlq"]) -> QueueFigures:
        self._fail("figures")
        if which == "main":
            return QueueFigures(len(self.sent), 0, 0, redrive_target_arn=self.named, max_receives=3)
        hidden = sum(1 for message_id in self.dead if self._is_hidden(message_id))
        return QueueFigures(len(self.dead) - hidden, hidden, 0, arn="dlq", kept_seconds=self.kept_seconds)

    async def find(self, which: Literal["main", "dlq"]) -> str:
        self._fail("find")
        return f"http://127.0.0.1:9/{which}"

    async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
        self._fail("receive")
        self.received += 1
        letters = []
        for message_id in [one for one in self.dead if not self._is_hidden(one)][:limit]:
            self._hidden[message_id] = self._clock() + visibility
            self._receives[message_id] = self._receives.get(message_id, 3) + 1
            body = self.dead[message_id]
            letters.append(
                DeadLetter(
                    message_id,
                    f"receipt {message_id}",
                    body,
                    body_md5(body),
                    {"priority": {"DataType": "String", "StringValue": "starter"}},
                    self._clock() - 3600,
                    self._receives[message_id],
                )
            )
        return letters

    async def send(self, body: str, attributes: Mapping[str, Any], trace: str = "") -> SentMessage:
        self._fail("send")
        self.sent.append(body)
        return SentMessage(f"new-{next(self._numbers)}", body_md5(body), attributes_md5(attributes))

    async def delete_dead(self, receipt: str) -> None:
        self._fail("delete")
        self.dead.pop(receipt.removeprefix("receipt "), None)

    async def release_dead(self, receipt: str) -> None:
        if not self._may_release:
            raise NotPermitted("This sign-in may not give messages back.")
        self._hidden.pop(receipt.removeprefix("receipt "), None)

    async def send_many(
        self, messages: Sequence[Outgoing], *, to: Literal["main", "dlq"] = "main"
    ) -> list[SentMessage | ConsoleError]:
        answers: list[SentMessage | ConsoleError] = []
        for message in messages:
            try:
                answer = await self.send(message.body, message.attributes, message.trace)
                if to == "dlq":
                    self.dead[answer.message_id] = self.sent.pop()
                answers.append(answer)
            except ConsoleError as error:
                answers.append(error)
        return answers

    async def delete_many(self, receipts: Sequence[str]) -> list[ConsoleError | None]:
        answers: list[ConsoleError | None] = []
        for receipt in receipts:
            try:
                await self.delete_dead(receipt)
                answers.append(None)
            except ConsoleError as error:
                answers.append(error)
        return answers

    async def hold_dead(self, receipt: str, seconds: int) -> None:
        self._hidden[receipt.removeprefix("receipt ")] = self._clock() + seconds

    def _is_hidden(self, message_id: str) -> bool:
        return self._hidden.get(message_id, 0.0) > self._clock()

    def _fail(self, name: str) -> None:
        if name in self.faults:
            raise self.faults[name]
