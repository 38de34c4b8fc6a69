"""Both queues in memory, as unkind as SQS: stale receipts, lost answers, partial batches, and a kill at any call."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from services.domain.checksums import attributes_md5, body_md5
from services.domain.errors import Busy, ConsoleError, NotPermitted, NotReachable, Refused
from services.ports.wishes import DeadLetter, Outgoing, QueueFigures, SentMessage

Fault = Literal[
    "", "busy", "denied", "unreachable", "lost_reply", "partial", "flipped", "twice", "no_effect", "slow", "miscounted"
]
FAULTS: Final[tuple[Fault, ...]] = (
    "busy", "denied", "unreachable", "lost_reply", "partial", "flipped", "twice", "no_effect", "slow", "miscounted",
)  # fmt: skip
_SLOW: Final = 70.0


class Killed(BaseException):
    """Stands for kill -9: nothing in the program may catch it."""


@dataclass
class Held:
    """A message of the DLQ."""

    message: Outgoing
    visible_at: float = 0.0
    receipt: str = ""
    receives: int = 3


@dataclass
class UnkindQueues:
    """`faults`: what happens to the next calls, in their order, "" for nothing. `step` is told of each call before
    and after its effect, and may raise Killed."""

    dead: dict[str, Held]
    faults: list[Fault] = field(default_factory=list)
    step: Callable[[str], None] = lambda _: None
    may_release: bool = True
    largest: int = 262_144
    lacks: dict[str, str] = field(default_factory=dict)
    arn: str = "dlq"
    """That of the dead letter queue."""
    named: str = "dlq"
    """The dead letter queue that the main queue names."""
    failing: set[int] = field(default_factory=set)
    """Positions in a batch that the queue refuses."""
    main_fault: Fault = ""
    """What happens to the next send."""
    stale: int = 0
    """Deletes that came with a receipt that was not the newest any more, or whose hold had run out."""
    slept: float = 0.0
    """Seconds for which the program's machine has slept."""
    main: dict[str, Outgoing] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def holding(cls, bodies: Mapping[str, str]) -> UnkindQueues:
        """With these dead letters, by id."""
        return cls({key: Held(Outgoing(body)) for key, body in bodies.items()})

    def now(self) -> float:
        """The queue's clock, which goes on while the program's machine sleeps."""
        return asyncio.get_running_loop().time() + self.slept

    async def figures(self, which: Literal["main", "dlq"]) -> QueueFigures:
        fault = self._begin("figures")
        now = self.now()
        hidden = sum(one.visible_at > now for one in self.dead.values()) if which == "dlq" else 0
        visible = len(self.dead) - hidden if which == "dlq" else len(self.main)
        off = 3 if fault == "miscounted" else 0
        named = self.named if which == "main" else ""
        return QueueFigures(
            visible + off,
            hidden + off,
            0,
            arn=self.arn if which == "dlq" else "",
            redrive_target_arn=named,
            largest=self.largest,
        )

    async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
        fault = self._begin("receive")
        now = self.now()
        found = [key for key, one in self.dead.items() if one.visible_at <= now][:limit]
        if not found and wait:
            await asyncio.sleep(wait)
        letters = []
        for key in found:
            one = self.dead[key]
            one.receipt = f"{key}#{next(self._numbers)}"
            one.visible_at = now if fault == "twice" else now + visibility
            one.receives += 1
            letters.append(
                DeadLetter(
                    key, one.receipt, one.message.body, body_md5(one.message.body), one.message.attributes,
                    0.0, one.receives, one.message.trace,
                )
            )  # fmt: skip
        await self._after("receive", fault)
        return letters

    async def send(self, body: str, attributes: Mapping[str, Any], trace: str = "") -> SentMessage:
        [answer] = await self.send_many([Outgoing(body, dict(attributes), trace)])
        if isinstance(answer, ConsoleError):
            raise answer
        return answer

    async def send_many(
        self, messages: Sequence[Outgoing], *, to: Literal["main", "dlq"] = "main"
    ) -> list[SentMessage | ConsoleError]:
        try:
            chosen, self.main_fault = self.main_fault, ""
            fault = self._begin("send", chosen)
            answers = [self._take_in(at, message, fault, to) for at, message in enumerate(messages)]
            await self._after("send", fault)
        except ConsoleError as error:
            return [error] * len(messages)
        return answers

    async def delete_dead(self, receipt: str) -> None:
        [answer] = await self.delete_many([receipt])
        if answer is not None:
            raise answer

    async def delete_many(self, receipts: Sequence[str]) -> list[ConsoleError | None]:
        answers: list[ConsoleError | None] = []
        try:
            fault = self._begin("delete")
            for at, receipt in enumerate(receipts):
                if fault == "partial" and at % 3 == 1:
                    answers.append(Refused("Please try again."))
                    continue
                answers.append(None)
                key = receipt.split("#")[0]
                if key in self.dead and (self.dead[key].receipt != receipt or self.dead[key].visible_at <= self.now()):
                    self.stale += 1
                # A stale receipt gets a yes, and nothing is deleted.
                if fault != "no_effect" and key in self.dead and self.dead[key].receipt == receipt:
                    del self.dead[key]
            await self._after("delete", fault)
        except ConsoleError as error:
            return [error] * len(receipts)
        return answers

    async def hold_dead(self, receipt: str, seconds: int) -> None:
        await self._change("hold", receipt, seconds)

    async def release_dead(self, receipt: str) -> None:
        await self._change("release", receipt, 0)

    async def _change(self, name: str, receipt: str, seconds: int) -> None:
        fault = self._begin(name)
        if not self.may_release:
            raise NotPermitted("This sign-in may not change how long a message is hidden.")
        one = self.dead.get(receipt.split("#")[0])
        if one is not None and one.receipt == receipt:
            one.visible_at = self.now() + seconds
        await self._after(name, fault)

    def _take_in(self, at: int, message: Outgoing, fault: Fault, to: str) -> SentMessage | ConsoleError:
        if at in self.failing or (fault == "partial" and at % 3 == 1):
            return Refused("Please try again.")
        body = f"x{message.body[1:]}" if fault == "flipped" else message.body
        key = f"new-{next(self._numbers)}"
        taken = Outgoing(body, message.attributes, message.trace)
        if to == "main":
            self.main[key] = taken
        else:
            self.dead[key] = Held(taken)
        return SentMessage(key, body_md5(body), attributes_md5(message.attributes))

    def _begin(self, name: str, chosen: Fault = "") -> Fault:
        self.calls.append(name)
        self.step(f"{name}: before")
        fault = chosen or (self.faults.pop(0) if self.faults else "")
        if fault == "busy":
            raise Busy("The queue asks to go slower.")
        if fault == "denied":
            raise NotPermitted(f"This sign-in may not {name}.")
        if fault == "unreachable":
            raise NotReachable("The queue does not answer.")
        return fault

    async def _after(self, name: str, fault: Fault) -> None:
        self.step(f"{name}: after")
        if fault == "slow":
            await asyncio.sleep(_SLOW)
        if fault == "lost_reply":
            raise NotReachable("The queue does not answer.")
