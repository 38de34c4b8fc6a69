"""Ports on 127.0.0.1: who has one, and which are free."""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final

# Below the range from which systems take the near end of outgoing connections: nobody takes one by accident.
_DRAWN_FROM: Final = range(20_000, 32_000)
_DRAWS: Final = 200


class PortTaken(Exception):
    """The port that was asked for `part` is another program's."""

    def __init__(self, part: str, port: int) -> None:
        super().__init__(f"port {port} is taken by another program")
        self.part = part
        self.port = port


def hold(port: int) -> socket.socket | None:
    """A socket that keeps `port` (0: any) until it is closed; None when somebody else has it."""
    held = socket.socket()
    if sys.platform != "win32":
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", port))
        # With reuse allowed, a port that is bound is kept from others only while somebody listens.
        held.listen(1)
    except OSError:
        held.close()
        return None
    return held


def is_taken(port: int) -> bool:
    """Whether somebody has `port` now."""
    held = hold(port)
    if held is None:
        return True
    held.close()
    return False


def choose_ports(kept: Mapping[str, int], given: Mapping[str, int]) -> dict[str, int]:
    """A port of its own for each name of `kept`: the given one, else the kept one if it is free, else a new one.

    Raises PortTaken for a given one that isn't free, OSError when none is left.
    """
    chosen: dict[str, int] = {}
    with ExitStack() as holding:
        # All are held until the last is chosen, so that no two can be the same.
        for name, port in given.items():
            held = hold(port)
            if held is None:
                raise PortTaken(name, port)
            holding.enter_context(held)
            chosen[name] = port
        for name, port in kept.items():
            held = hold(port) if name not in chosen and port else None
            if held is not None:
                holding.enter_context(held)
                chosen[name] = port
        for name in kept:
            if name not in chosen:
                held = holding.enter_context(_draw())
                chosen[name] = int(held.getsockname()[1])
    return chosen


def _draw() -> socket.socket:
    for _ in range(_DRAWS):
        held = hold(random.choice(_DRAWN_FROM))  # noqa: S311  nothing secret
        if held is not None:
            return held
    held = hold(0)
    if held is None:
        raise OSError("no free port on 127.0.0.1")
    return held
