"""The window itself: a frame in the environment's colour, on screen before anything else is loaded.

frame = Frame("local", state_file=file); frame.show()
frame.hold(ConsoleWindow("local", kept=frame.kept))
frame.closing.connect(...)   # the person closed the window: it is hidden, the loop shuts down
"""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QPaintEvent, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.look import metrics, theme

_FIRST: Final = 0.1
"""For so long the first picture waits for what the last window left. A slow disk is not waited for."""


class Frame(QWidget):
    """The top-level window. Light on purpose: what it imports delays the first picture of the program.

    Qt's namespace of enums alone would cost 20 ms, so neither it nor a call that takes one of them is used here:
    the colours are filled in by Qt, from palettes.
    """

    closing = Signal()

    def __init__(
        self,
        environment: str,
        *,
        title: str = "Directory-Bolt",
        state_file: Path | None = None,
        may_be_another: bool = False,
    ) -> None:
        """`state_file` keeps size, place, environment and `kept` between starts; None forgets them.

        `may_be_another`: until it is known better, the environment of the last time counts.
        """
        super().__init__()
        self._may_be_another = may_be_another
        self._title = title
        self._state_file = state_file
        self._closing = False
        self._maximized = False
        self._remembering: threading.Thread | None = None
        self.painted = False
        """True once something of this window is on the screen."""
        self.kept: dict[str, Any] = {}
        """What the content wants to find again at the next start, as JSON can say it."""
        self.setMinimumSize(QSize(metrics.px(1024), metrics.px(640)))
        self.resize(metrics.px(1440), metrics.px(900))
        self._blank = QWidget()
        self._whole = QVBoxLayout(self)
        self._whole.setContentsMargins(metrics.FRAME, metrics.FRAME, metrics.FRAME, metrics.FRAME)
        self._whole.addWidget(self._blank)
        for part in (self, self._blank):
            part.setAutoFillBackground(True)
        self.show_environment(environment)
        theme.switch.changed.connect(self._colour)
        self._found = ""
        self._reading = threading.Thread(target=self._read, name="window state", daemon=True)
        if state_file is not None:
            self._reading.start()
        self.read_through(_FIRST)
        self.restore()

    def read_through(self, seconds: float = 5.0) -> None:
        """Wait until what the last window left is read, for so long. Any thread may call it."""
        if self._state_file is not None:
            self._reading.join(seconds)

    def restore(self) -> None:
        """Be as the last window was, as far as that is read by now; what comes too late is taken by a second call."""
        found, self._found = self._found, ""
        if found:
            self._take(found)
            if self._maximized and self.isVisible():
                self.showMaximized()

    def appear(self) -> None:
        """Show the window as it was when it was closed."""
        if self._maximized:
            self.showMaximized()
        else:
            self.show()

    def show_environment(self, environment: str) -> None:
        """Wear the colour of an environment, and name it in the title."""
        self.environment = environment
        self._token = theme.environment_token(environment)
        self.setWindowTitle(f"{self._title} — {environment.upper()}")
        self._colour()

    def hold(self, content: QWidget) -> None:
        """Fill the window with `content`."""
        self._whole.addWidget(content)
        self._blank.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted = True

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing:
            event.accept()
            return
        self._closing = True
        self._remember()
        event.ignore()
        self.hide()
        self.closing.emit()

    def settle(self, seconds: float = 2.0) -> None:
        """Wait until what the next start is to find is on the disk, for so long: the end of the program calls it."""
        if self._remembering is not None:
            self._remembering.join(seconds)

    @property
    def closed(self) -> bool:
        """True once the person closed the window."""
        return self._closing

    def _colour(self) -> None:
        for part, token in ((self, self._token), (self._blank, "surface.page")):
            palette = QPalette()
            palette.setColor(QPalette.ColorRole.Window, theme.current().colour(token))
            part.setPalette(palette)

    def _remember(self) -> None:
        if self._state_file is None or self._reading.is_alive() or self._found:
            return  # what was not read must not be written over
        place = self.normalGeometry() if self.isMaximized() else self.geometry()
        state = {
            **self.kept,
            "place": [place.x(), place.y(), place.width(), place.height()],
            "maximized": self.isMaximized(),
            "environment": self.environment,
        }
        # A slow disk must not hold the window that the person has closed.
        whole = (self._state_file, json.dumps(state))
        self._remembering = threading.Thread(target=_write, args=whole, name="window state", daemon=True)
        self._remembering.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._state_file is not None:
                self._found = self._state_file.read_text(encoding="utf-8")

    def _take(self, found: str) -> None:
        try:
            state = json.loads(found)
            left, top, width, height = (int(number) for number in state.pop("place"))
            self._maximized = bool(state.pop("maximized"))
            last = str(state.pop("environment", self.environment))
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        self.kept = state
        if self._may_be_another:
            self.show_environment(last)
        self.resize(max(width, self.minimumWidth()), max(height, self.minimumHeight()))
        if any(screen.availableGeometry().contains(left + 40, top + 20) for screen in QGuiApplication.screens()):
            self.move(left, top)


def _write(file: Path, state: str) -> None:
    # A full disk is no reason not to close.
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(state, encoding="utf-8")
        fresh.replace(file)
