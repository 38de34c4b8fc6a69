"""What happens between the first picture and the loop, with real threads and a real window."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.first_paint import Imports, take_short_turns, wait_for_paint
from widgets.frame import Frame
from widgets.look import theme

ROOT = Path(__file__).resolve().parents[3]


class Unseen:
    """A window that never gets onto the screen."""

    painted = False


def test_returns_once_the_window_is_on_the_screen(qt_app: QApplication) -> None:
    frame = Frame("local")
    frame.appear()
    wait_for_paint(qt_app, frame)
    assert frame.painted
    frame.close()


def test_a_window_that_is_never_painted_holds_nothing_up(qt_app: QApplication) -> None:
    wait_for_paint(qt_app, Unseen(), limit=0.01)


def test_the_window_lives_while_imports_go_on(qt_app: QApplication) -> None:
    theme.apply("light", qt_app)
    beats: list[int] = []
    enough = threading.Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) >= 3:
            enough.set()

    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(1)
    imports = Imports(lambda: enough.wait(30))
    imports.start()
    assert not gc.isenabled()
    imports.wait(qt_app)
    assert len(beats) >= 3
    timer.stop()
    assert gc.isenabled()


def test_threads_take_shorter_turns_than_by_themselves() -> None:
    before = sys.getswitchinterval()
    try:
        take_short_turns()
        assert sys.getswitchinterval() < before / 4
    finally:
        sys.setswitchinterval(before)


def test_what_an_import_raises_is_raised_here(qt_app: QApplication) -> None:
    def broken() -> None:
        raise ImportError("no such module")

    for finish in (Imports.finish, lambda imports: imports.wait(qt_app)):
        imports = Imports(broken)
        imports.start()
        with pytest.raises(ImportError, match="no such module"):
            finish(imports)


def test_nothing_heavy_comes_before_the_first_picture() -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from app import first_paint
def leave(application, window):
    heavy = ("asyncio", "msgspec", "numpy", "pyqtgraph", "supabase", "boto3", "qasync")
    print([name for name in heavy if name in sys.modules])
    raise SystemExit
first_paint.wait_for_paint = leave
import main
main._window("system")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "-platform", "offscreen"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "[]\n", done.stderr


def test_all_that_the_window_needs_comes_from_the_thread_without_what_only_a_terminal_needs() -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import main
main._import_screen()
main._import_console()
wanted = ("app.loop", "qasync", "widgets.console_window", "app.sitting", "app.console", "supabase", "pyqtgraph")
print([name for name in wanted if name not in sys.modules])
print([name for name in ("rich", "pygments", "click") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "[]\n[]\n", done.stderr


def test_modules_are_imported_without_a_search_in_their_source() -> None:
    """The workaround's target is still there, and still what costs."""
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from PySide6.QtWidgets import QApplication
import linecache
from app.first_paint import import_plainly
before = len(linecache.cache)
import decimal, sqlite3
searched = len(linecache.cache)
import_plainly()
import tomllib, statistics
print(searched > before, len(linecache.cache) == searched)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "True True\n", done.stderr
