"""A test that leaves something behind fails, and is told what it was and who started it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import getCppPointer, isValid

from tests.leaks import windows

ROOT = Path(__file__).resolve().parents[3]

PLANTED = """
import asyncio, logging, os, signal, subprocess, sys, threading, warnings
import pytest
from tests.leaks import plugin

plugin.LIMIT = 1.0
release = threading.Event()
SLEEPER = [sys.executable, "-c", "import sys; sys.stdin.read()"]

def test_a_thread():
    threading.Thread(target=release.wait, name="left-thread", daemon=True).start()

def test_a_task_that_outlives_its_loop():
    async def forget():
        loop = asyncio.get_running_loop()
        loop.held = loop.create_task(asyncio.Event().wait(), name="left-task")
        await asyncio.sleep(0)
    asyncio.run(forget())

def test_a_task_on_a_loop_that_stays():
    async def forget():
        global kept
        kept = asyncio.get_running_loop().create_task(asyncio.Event().wait(), name="task-on-open-loop")
    loop = asyncio.new_event_loop()
    globals()["open_loop"] = loop
    loop.run_until_complete(forget())

def test_a_process():
    globals()["child"] = subprocess.Popen(SLEEPER, stdin=subprocess.PIPE)

def test_a_process_that_nobody_waited_for():
    globals()["ended"] = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is still to be waited for

def test_a_grandchild():
    code = f"import subprocess; p = subprocess.Popen({SLEEPER!r}); p.returncode = 0"
    read, globals()["pipe_end"] = os.pipe()
    subprocess.run([sys.executable, "-c", code], stdin=read, check=True)
    os.close(read)

def test_a_warning_in_the_log():
    logging.getLogger("some.part").warning("the cable is loose")

def test_an_exception_that_qt_swallows():
    try:
        raise ValueError("in a slot")
    except ValueError:
        sys.excepthook(*sys.exc_info())

def test_an_open_file():
    open(__file__)

def test_an_exception_in_a_thread():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()

def test_a_deprecated_call():
    warnings.warn("old", DeprecationWarning)

def test_an_expected_warning_is_none(logged):
    logging.getLogger("some.part").warning("the cable is loose")
    assert logged.take("some.part", "cable").levelname == "WARNING"

def test_a_warning_that_did_not_come_is_missed(logged):
    with pytest.raises(AssertionError, match="not logged"):
        logged.take("cable")

def test_what_ends_in_time_is_no_leak():
    threading.Thread(target=lambda: release.wait(0.05)).start()

@pytest.fixture(scope="module")
def holder():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield
    stop.set()
    thread.join()

def test_what_a_module_holds_is_no_leak(holder):
    pass
"""
LEAKS = {
    "test_a_thread": "thread left-thread, started by .*planted.py",
    "test_a_task_that_outlives_its_loop": r"task left-task \(Event.wait\), started by .*forget.*, outlived its loop",
    "test_a_task_on_a_loop_that_stays": r"task task-on-open-loop \(Event.wait\), started by .*forget",
    "test_a_process": r"process \d+ \(.*sys.stdin.read\(\)\), started by .*test_a_process",
    "test_a_process_that_nobody_waited_for": r"process \d+ \(ended, nobody waited for it\), started by .*nobody_waited",
    "test_a_grandchild": r"process \d+ \(.*sys.stdin.read\(\)\), started by a child",
    "test_a_warning_in_the_log": "WARNING some.part: the cable is loose",
    "test_an_exception_that_qt_swallows": "ValueError: in a slot",
    "test_an_open_file": "ResourceWarning: unclosed file",
    "test_an_exception_in_a_thread": "ZeroDivisionError",
    "test_a_deprecated_call": "DeprecationWarning: old",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """For each planted test what went wrong, "" for those that passed."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.py").write_text(PLANTED)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    options = ["-q", "-p", "no:cacheprovider", "-p", "tests.leaks.plugin", "--rootdir", str(ROOT)]
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", *options, "-c", str(folder / "pytest.ini"), f"--junitxml={report}"]
    done = subprocess.run([*command, str(folder / "planted.py")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        words = [f"{part.get('message')}\n{part.text}" for part in case if part.tag in ("failure", "error")]
        name = case.get("name", "")
        found[name] = found.get(name, "") + "\n".join(words)
    return found


@pytest.mark.parametrize(("name", "words"), LEAKS.items())
def test_a_leak_fails_its_test(name: str, words: str, told: dict[str, str]) -> None:
    assert re.search(words, told[name]), told[name]


def test_nothing_else_fails(told: dict[str, str]) -> None:
    assert len(told) > len(LEAKS)
    session = {name for name, words in told.items() if "The session left behind" in words}
    assert not {name: words for name, words in told.items() if words and name not in LEAKS and name not in session}


def test_a_window_that_a_test_leaves_is_put_away(qt_app: QApplication) -> None:
    kept, left = QWidget(), QWidget()
    inside = QWidget(left)
    before = {getCppPointer(kept)[0]}
    left.show()
    windows.put_away(before)
    assert [isValid(one) for one in (kept, left, inside)] == [True, False, False]
