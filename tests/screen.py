"""A screen of its own for programs with a window, with somebody's mouse and keyboard on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services import setup

PROGRAMS: Final = ("Xvfb", "xdotool")
"""What it is made of; their Debian packages are called the same, in lower case."""
_SIZE: Final = "1400x1000x24"


def have_programs() -> None:
    """Install them where they are missing: no desk needs them, so the self-setup doesn't bring them."""
    missing = [program.lower() for program in PROGRAMS if shutil.which(program) is None]
    if missing and sys.platform == "linux":
        try:
            setup.need(str(Path(__file__).resolve().parents[1]), missing)
        except setup.SetupFailed as why:
            print(why, flush=True)  # what needs them fails, the rest is worth running


class Screen:
    """`display`: its name, as DISPLAY has it."""

    def __init__(self, display: str) -> None:
        self.display = display

    def click(self, x: float, y: float) -> None:
        """Press the left button of the mouse there."""
        self._do("mousemove", str(round(x)), str(round(y)), "click", "1")

    def type(self, text: str) -> None:
        """Type on the keyboard, into whatever has it."""
        self._do("type", "--delay", "2", text)

    def key(self, name: str) -> None:
        """Press one key, such as Return or ctrl+w."""
        self._do("key", name)

    def _do(self, *command: str) -> None:
        subprocess.run(
            ["xdotool", *command], env={**os.environ, "DISPLAY": self.display}, check=True, timeout=30,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip


@contextmanager
def screen() -> Iterator[Screen]:
    """Of this process alone; DISPLAY is not set to it."""
    told, tell = os.pipe()
    with tempfile.TemporaryFile() as words:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(tell), "-screen", "0", _SIZE, "-nolisten", "tcp", "-noreset"],
            pass_fds=[tell], stdout=words, stderr=words,
        )  # fmt: skip
        try:
            os.close(tell)
            number = b""
            while not number.endswith(b"\n"):
                came = os.read(told, 16)
                if not came:
                    words.seek(0)
                    raise RuntimeError(f"Xvfb did not start: {words.read().decode(errors='replace')}")
                number += came
            yield Screen(f":{number.decode().strip()}")
        finally:
            os.close(told)
            server.terminate()
            server.wait()
