"""The e-mails that practice directories "send": none leaves this machine, staff read them on the control site."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

_MOST: Final = 200


class Mail(msgspec.Struct, frozen=True):
    """One e-mail. `time` is unix seconds; `host` is the directory that sent it."""

    time: float
    host: str
    to: str
    subject: str
    text: str


class Mailbox:
    """The newest e-mails, of all addresses; in memory, as the visits are that wait for them."""

    def __init__(self) -> None:
        self._mails: deque[Mail] = deque(maxlen=_MOST)

    def deliver(self, mail: Mail) -> None:
        """Put an e-mail in."""
        self._mails.append(mail)

    def newest(self) -> list[Mail]:
        """All e-mails, newest first."""
        return list(reversed(self._mails))
