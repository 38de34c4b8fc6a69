"""A WebSocket connection that hands each message on the moment its bytes are there.

The library takes 10 us for a frame, most of it for a queue and a task that nobody needs here. So plain whole text
frames are cut out of the bytes right here; whatever else comes is the library's.

Each look at the socket costs as much as several frames, and a busy server sends them one by one. So after a look that
found little the next one waits a moment, unseen by people, in which more of them gather.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.frames import DATA_OPCODES, Frame
from websockets.protocol import CONNECTING, OPEN, Event

_WHOLE_TEXT: Final = 0x81
"""First byte of a frame: the whole of a text message, not compressed."""
_USUAL: Final = _WHOLE_TEXT << 8 | 126
"""First two bytes of such a frame whose length comes in the next two, as that of nearly every change does."""
_usual_head: Final = struct.Struct(">HH").unpack_from
_USUAL_HEAD: Final = 4
_ANSWER_END: Final = b"\r\n\r\n"
_MASKED: Final = 0x80
_LENGTHS: Final = {126: 2, 127: 8}
"""Bytes of the length that follows, where it isn't the second byte itself."""

APART_SECONDS: Final = 0.016
"""Between two looks at the socket: as long as what they bring may wait to be applied."""
MUCH: Final = 32 * 1024
"""Bytes that one look finds when more comes than is taken in: then there is no waiting."""


class FeedConnection(ClientConnection):
    """Give it to `websockets.connect`. `take` gets the bytes of each message in the order they came, and must not
    raise; `recv` has nothing to give.
    """

    def __init__(self, take: Callable[[bytes], None], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._take = take
        self._rest = b""
        """The beginning of a frame whose end is still to come."""
        self._parts: list[bytes] = []
        """What came so far of a message that comes in several frames."""

    def data_received(self, data: bytes) -> None:
        """Bytes came: any number of frames, the first and the last of them perhaps in part."""
        if len(data) < MUCH and self.protocol.state is OPEN:
            self.transport.pause_reading()
            self.loop.call_later(APART_SECONDS, self.transport.resume_reading)
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, size, protocol = 0, len(data), self.protocol
        if protocol.state is CONNECTING:
            # Not a byte beyond the answer's end: of a frame's header the library shows no trace once it has read it.
            at = data.find(_ANSWER_END) + len(_ANSWER_END) if _ANSWER_END in data else size
            super().data_received(data[:at])
        # Before the handshake is over, after the first word of a close, and as long as the library has a part of a
        # frame, the bytes are its own.
        while at < size and protocol.state is OPEN and not protocol.reader.buffer:
            if not self._parts:
                at = self._take_usual(data, at)
                if at == size:
                    return
            body, end = self._bounds(data, at)
            if end > size:
                self._rest = data[at:]
                return
            if data[at] == _WHOLE_TEXT and body and not self._parts:
                self._take(data[body:end])
            else:
                super().data_received(data[at:end])
            at = end
        if at < size:
            super().data_received(data[at:])

    def process_event(self, event: Event) -> None:
        """The library read a frame."""
        if not isinstance(event, Frame) or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            return
        self._parts.append(bytes(event.data))
        if event.fin:
            message, self._parts = b"".join(self._parts), []
            self._take(message)

    def _take_usual(self, data: bytes, at: int) -> int:
        """Hand on the messages from `at` on that are of the usual kind; where the first frame begins that is of
        another, or not all there."""
        take, size, most = self._take, len(data), self.protocol.max_size or len(data)
        while size - at >= _USUAL_HEAD:
            head, length = _usual_head(data, at)
            body = at + _USUAL_HEAD
            end = body + length
            if head != _USUAL or length > most or end > size:
                break
            take(data[body:end])
            at = end
        return at

    def _bounds(self, data: bytes, at: int) -> tuple[int, int]:
        """Where the body of the frame at `at` begins and ends; the end is beyond `data` while some of it is missing.

        The beginning is 0 for a frame that no server may send: the library ends the connection at the sight of it.
        """
        body = at + 2
        if body > len(data):
            return body, body
        size = data[at + 1]
        if size > 125:
            if size & _MASKED:
                return 0, len(data)
            body += _LENGTHS[size]
            if body > len(data):
                return body, body
            size = int.from_bytes(data[at + 2 : body])
            if size > (self.protocol.max_size or size):
                return 0, len(data)
        return body, body + size
