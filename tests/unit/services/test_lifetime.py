"""A role ends on a signal, and with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.lifetime import WatchedStop
from tests.local_stack import alive, wait_until

ROOT = Path(__file__).resolve().parents[3]
CODE = """
import sys
from services.lifetime import stop_event
stop = stop_event(end_with_parent={with_parent})
print("ready", flush=True)
print("stopped" if stop.wait({limit}) else "still here", flush=True)
"""
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {code!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""
BEATS = """
import threading
import services.lifetime
services.lifetime._BEAT_SECONDS = 0.2
plain = threading.Event()
stop = services.lifetime.WatchedStop(plain, patience=0.6)
stop.beat()
"""


@contextmanager
def role(*, with_parent: bool, limit: float = 20.0) -> Iterator[subprocess.Popen[str]]:
    """A process that waits for its end; it has said "ready"."""
    process = subprocess.Popen(
        [sys.executable, "-c", CODE.format(with_parent=with_parent, limit=limit)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def last_words(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    words = process.stdout.readline().strip()
    assert process.wait(10) == 0
    return words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(number: signal.Signals) -> None:
    with role(with_parent=False) as process:
        process.send_signal(number)
        assert last_words(process) == "stopped"


def test_the_end_of_its_input_ends_it() -> None:
    with role(with_parent=True) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert last_words(process) == "stopped"


def test_what_is_written_to_it_does_not_end_it() -> None:
    with role(with_parent=True, limit=0.2) as process:
        assert process.stdin is not None
        process.stdin.write("x" * 10_000)
        process.stdin.flush()
        assert last_words(process) == "still here"


def test_on_its_own_it_outlives_the_end_of_its_input() -> None:
    with role(with_parent=False, limit=0.2) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert last_words(process) == "still here"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_a_killed_parent_takes_it_along() -> None:
    parent_code = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {CODE.format(with_parent=True, limit=20)!r}],"
        " stdin=subprocess.PIPE)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    os.kill(parent.pid, signal.SIGKILL)
    out, _ = parent.communicate(timeout=10)
    assert out == "stopped\n", "the child holds the same output: it ends when the child has ended"


def test_a_frozen_role_wakes_to_see_that_its_parent_is_gone() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(code=CODE.format(with_parent=True, limit=60))],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGSTOP)
        parent.kill()
        parent.wait()
        wait_until(lambda: not alive(child), 30, "the frozen child's end")
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


@contextmanager
def beating(body: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", BEATS + body], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_main_loop_that_goes_round_beats_and_one_that_is_stuck_does_not() -> None:
    # A pause of an hour is no silence; a loop that never asks again is, when its patience is over.
    with beating("plain.wait()") as stuck, beating("stop.wait(3600)") as sound:
        assert sound.stdout is not None
        for _ in range(20):
            assert sound.stdout.readline() == "\n"
        stuck.kill()
        beats, _ = stuck.communicate()
        assert len(beats) <= 4


def test_the_watched_stop_is_the_plain_one() -> None:
    plain = threading.Event()
    watched = WatchedStop(plain, patience=1.0)
    assert not watched.wait(0.01)
    assert not watched.is_set()
    watched.set()
    assert plain.is_set()
    assert watched.wait()
    assert watched.wait(0)
