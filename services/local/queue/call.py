"""One request to the queue endpoint, as its action sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.local.queue.bells import Bells
from services.local.queue.errors import queue_does_not_exist
from services.local.queue.parameters import Parameters
from services.local.queue.queue_attributes import ACCOUNT
from services.local.queue.store import Queue, Store


@dataclass(frozen=True)
class Call:
    """`sender` is the access key id of the signature; `gone()` says that nobody waits for the answer any more."""

    parameters: Parameters
    store: Store
    bells: Bells
    origin: str
    sender: str
    gone: Callable[[], bool]

    async def queue(self) -> Queue:
        """The queue of the parameter QueueUrl."""
        url = self.parameters.required_text("QueueUrl")
        try:
            path = urlsplit(url).path
        except ValueError:
            path = ""
        # The host is not looked at: a URL stays good when the endpoint starts on another port.
        account, _, name = path.removeprefix("/").partition("/")
        queue = await self.store.queue(name) if account == ACCOUNT and "\0" not in name else None
        if queue is None:
            raise queue_does_not_exist()
        return queue

    def url_of(self, name: str) -> str:
        """The URL of the queue with this name."""
        return f"{self.origin}/{ACCOUNT}/{name}"


Action = Callable[[Call], Awaitable[dict[str, Any]]]
