"""Signs of life are counted, and whoever counts them never waits."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable

import psycopg
import pytest

from services.local import watch as module
from services.local.watch import Asking, Listening, Look, ask_http, ask_postgres


def until(condition: Callable[[], object], limit: float = 10.0) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_each_answer_is_a_sign_and_the_newest_look_counts() -> None:
    looks = [Look(False, False, "nothing"), Look(False, True, "it starts"), Look(True, True)]

    def ask() -> Look:
        if len(looks) == 2 and not raised:
            raised.append(True)
            raise MemoryError
        return looks.pop(0) if len(looks) > 1 else looks[0]

    raised: list[bool] = []
    watch = Asking(ask, every=0.01)
    until(lambda: watch.signs > 3)
    assert watch.ready
    assert watch.why == ""
    watch.close()


def test_a_question_without_answer_holds_up_nobody() -> None:
    answer = threading.Event()

    def ask() -> Look:
        answer.wait()
        return Look(True, True)

    watch = Asking(ask, every=0.01)
    assert (watch.signs, watch.ready) == (0, False)
    watch.close()
    answer.set()


def test_what_a_child_writes_is_a_sign_until_it_ends() -> None:
    read, write = os.pipe()
    watch = Listening(os.fdopen(read, "rb"))
    assert (watch.ready, watch.signs) == (False, 0)
    os.write(write, b"\n")
    until(lambda: watch.signs == 1)
    until(lambda: watch.ready)
    os.write(write, b"\n")
    until(lambda: watch.signs == 2)
    os.close(write)
    watch.close()


def test_any_answer_over_http_is_one_and_each_port_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as mute:
        ports = server.getsockname()[1], mute.getsockname()[1]

        def answer() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

        serving = threading.Thread(target=answer)
        serving.start()
        assert ask_http(ports[:1]) == Look(True, True)
        # One that takes the connection and says nothing is frozen.
        patch = pytest.MonkeyPatch()
        patch.setattr(module, "_ANSWER_SECONDS", 0.1)
        assert ask_http(ports) == Look(False, False, f"no answer on port {ports[1]}")
        patch.undo()
        serving.join()


@pytest.mark.parametrize(
    ("said", "look"),
    [
        ("connection failed: FATAL:  it is starting up", Look(False, True, "it is starting up")),
        ("connection failed: Connection refused", Look(False, False, "no answer on port 5")),
    ],
)
def test_a_server_that_takes_nobody_in_yet_has_answered(said: str, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise psycopg.OperationalError(said)

    monkeypatch.setattr(psycopg, "connect", refuse)
    assert ask_postgres("postgresql://x", 5) == look
