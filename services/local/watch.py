"""Signs of life of a process, gathered on a thread, so that whoever counts them never waits."""

from __future__ import annotations

import contextlib
import http.client
import os
import threading
from collections.abc import Callable, Sequence
from typing import IO, Final, NamedTuple, Protocol

import psycopg

_EVERY: Final = 1.0
_ANSWER_SECONDS: Final = 2


class Look(NamedTuple):
    """What one look found. `ready`: it does its work; `alive`: it answers at all; `why`: what is missing."""

    ready: bool
    alive: bool
    why: str = ""


class Watch(Protocol):
    """`signs` grows with each sign of life; `ready` and `why` are those of the newest look."""

    signs: int
    ready: bool
    why: str

    def close(self) -> None:
        """Watch no longer."""
        ...


class Asking:
    """Asks again and again. A question that gets no answer keeps the thread waiting, and nobody else."""

    def __init__(self, ask: Callable[[], Look], *, every: float = _EVERY) -> None:
        self.signs = 0
        self.ready = False
        self.why = ""
        self._ask = ask
        self._every = every
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def close(self) -> None:
        """Ask no more."""
        self._closed.set()

    def _run(self) -> None:
        # Often at first: somebody waits for it to come up.
        while not self._closed.wait(self._every if self.ready else 0.1):
            try:
                look = self._ask()
            except Exception as error:
                # Whatever it was: a watch that is gone would let a sound part be ended.
                look = Look(False, False, f"it could not be asked: {error}")
            self.why = look.why
            self.ready = look.ready
            self.signs += look.alive


class Listening:
    """Hears whatever a child writes to its standard output."""

    def __init__(self, output: IO[bytes]) -> None:
        self.signs = 0
        self.ready = False
        self.why = "it shows no sign of life"
        self._output = output
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def close(self) -> None:
        """The thread ends by itself when the last writer is gone."""

    def _run(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._output:
            while os.read(self._output.fileno(), 4096):
                self.ready = True
                self.signs += 1


def ask_http(ports: Sequence[int]) -> Look:
    """Whether something speaks HTTP on every port. What it says doesn't matter: not all is its own fault."""
    for port in ports:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return Look(False, False, f"no answer on port {port}")
        finally:
            connection.close()
    return Look(True, True)


def ask_postgres(url: str, port: int) -> Look:
    """Whether a new session gets an answer to a question."""
    try:
        with psycopg.connect(url, connect_timeout=_ANSWER_SECONDS, autocommit=True) as session:
            session.execute("select 1")
    except psycopg.Error as error:
        words = str(error)
        if "FATAL:" in words:
            # It has answered, though it takes nobody in: it starts up, recovers, or has no session left.
            return Look(False, True, words.rsplit("FATAL:", 1)[1].strip())
        return Look(False, False, f"no answer on port {port}")
    return Look(True, True)
