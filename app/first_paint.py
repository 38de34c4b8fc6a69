"""The time between the first picture of the window and the loop: heavy imports, while the window stays alive.

Knows no asyncio: importing it alone would delay the first picture by a fifth.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtWidgets import QApplication
from PySide6.support import feature  # type: ignore[attr-defined]

PAINT_LIMIT: Final = 2.0
_LOOK_SECONDS: Final = 0.004
_SWITCH_SECONDS: Final = 0.0005


class Paints(Protocol):
    """A window that tells whether it was painted."""

    painted: bool


def import_plainly() -> None:
    """Import as Python does, without PySide's search for its own name in the source of everything.

    WORKAROUND for PYSIDE-2029: after each import PySide reads and splits the source of the new module, to see whether
    its switchable features concern it. They concern nothing here, and the search costs a quarter of all the time
    that imports take, and 28 MiB.
    """
    feature._mod_uses_pyside = _never


def take_short_turns() -> None:
    """Let threads take turns ten times as often as Python does by itself, for as long as there is a window.

    Each call into Qt lets other threads have Python. While one of them works, such as boto3 when it reads its
    descriptions, the window would wait 5 ms after each call to get Python back, and stand still for 70 ms and more.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)


def _never(module: object) -> bool:
    return False


def wait_for_paint(application: QApplication, window: Paints, limit: float = PAINT_LIMIT) -> None:
    """Return once `window` is on the screen; after `limit` seconds anyway, as for one that starts minimised."""
    deadline, pause = time.monotonic() + limit, threading.Event()
    application.processEvents()
    while not window.painted and time.monotonic() < deadline:
        pause.wait(0.001)
        application.processEvents()


class Imports:
    """Runs a function with import statements in a thread of its own."""

    def __init__(self, imports: Callable[[], object]) -> None:
        self._imports = imports
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)

    def start(self) -> None:
        """Begin. Until it ends, no garbage is collected: to walk through all that is being imported would hold the
        window for longer than a frame."""
        gc.disable()
        self._thread.start()

    def wait(self, application: QApplication) -> None:
        """Keep the window alive until it ends. Raises what an import raised."""
        while self._thread.is_alive():
            application.processEvents()
            self._thread.join(_LOOK_SECONDS)
        self._raise()

    def finish(self) -> None:
        """Wait for its end, blocking. Raises what an import raised."""
        self._thread.join()
        self._raise()

    def _run(self) -> None:
        try:
            self._imports()
        except BaseException as error:
            self._error = error
        finally:
            # What was imported stays for good: no collection needs to look at it again.
            gc.freeze()
            gc.enable()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
