"""PostgreSQL as a part: made ready, launched, filled once; every way in which that fails is said."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import psycopg
import pytest

from services.local.postgres import Postgres, PostgresFailed
from services.local.postgres_process import PostgresProcess
from services.local.watch import Look


class Server:
    """A server that does what the test says, in place of a process."""

    home = Path("/nowhere")
    server_url = "postgresql://x"

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.cannot_prepare: Exception | None = None
        self.cannot_launch: Exception | None = None
        self.code: int | None = None
        self.words = ""
        self.launches = 0
        self.pid = 7

    def prepare(self) -> None:
        if self.cannot_prepare:
            raise self.cannot_prepare

    def launch(self) -> None:
        if self.cannot_launch:
            raise self.cannot_launch
        self.launches += 1
        self.code = None

    def exited(self) -> int | None:
        return self.code

    def last_words(self) -> str:
        return self.words

    def kill(self) -> None:
        self.code = -9

    def ask_to_end(self) -> None:
        self.code = 0

    def stop(self, *, limit: float) -> None:
        self.code = 0


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = Server()
        self.look = Look(True, True)
        self.fills: list[Exception | None] = [None]
        self.filled = 0
        monkeypatch.setattr("services.local.postgres_process.ask_postgres", lambda url, port: self.look)
        self.part = PostgresProcess(cast(Postgres, self.server), self._fill)

    def _fill(self) -> None:
        self.filled += 1
        error = self.fills.pop(0)
        if error:
            raise error

    def until(self, condition: Callable[[], object]) -> str:
        deadline = time.monotonic() + 20
        while True:
            gone = self.part.follow()
            if gone or condition():
                return gone
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def begun(self) -> str:
        self.part.begin()
        return self.until(lambda: self.part.ready)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(monkeypatch)
    yield made
    made.part.kill()


def test_it_is_ready_when_it_answers_and_is_filled(world: World) -> None:
    assert (world.part.pid, world.part.signs, world.part.why) == (None, 0, "its files are being made ready")
    assert world.begun() == ""
    assert world.part.pid == 7
    assert world.part.signs
    world.part.ask_to_end()
    world.part.wait_for_end(1.0)
    assert world.server.code == 0
    assert not world.part.ready


def test_one_that_is_started_again_is_not_filled_again(world: World) -> None:
    assert world.begun() == ""
    world.server.code = -signal.SIGKILL
    assert world.part.follow() == "was ended by SIGKILL"
    assert world.begun() == ""
    assert (world.filled, world.server.launches) == (1, 2)
    world.part.kill()
    assert world.server.code == -9


def test_what_keeps_it_from_starting_is_said(world: World) -> None:
    world.server.cannot_prepare = PostgresFailed("PostgreSQL could not be set up: no space")
    assert world.begun() == "could not be started: PostgreSQL could not be set up: no space"
    world.server.cannot_prepare = None
    world.server.cannot_launch = OSError("no such program")
    assert world.begun() == "could not be started: no such program"
    world.server.cannot_launch = None
    with socket.socket() as other:
        other.bind(("127.0.0.1", world.server.port))
        other.listen()
        assert world.begun() == f"could not be started: port {world.server.port} is taken by another program"
    assert world.begun() == ""


def test_its_last_words_say_why_it_ended(world: World) -> None:
    assert world.begun() == ""
    world.server.words = "LOG:  x\nPANIC:  could not write to file: No space left on device\nLOG:  y"
    world.server.code = 1
    assert world.part.follow() == "ended with exit code 1: could not write to file: No space left on device"


def test_a_filling_that_was_broken_off_is_done_again(world: World) -> None:
    world.fills = [psycopg.OperationalError("the server closed the connection"), None]
    assert world.begun() == ""
    assert world.filled == 2
    assert world.part.failure is None


def test_a_filling_that_makes_no_sense_is_a_failure(world: World) -> None:
    world.fills = [psycopg.errors.SyntaxError("at or near"), None]
    world.part.begin()
    assert world.until(lambda: world.part.failure) == ""
    assert "at or near" in str(world.part.failure)
    assert not world.part.ready
