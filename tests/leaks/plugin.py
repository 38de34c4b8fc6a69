"""Fails a test that leaves something behind: a thread, a task, a process, a warning that it didn't expect, or a window
in which the keyboard gets to what has no name.

What a module's or the session's fixtures hold is compared away; at the end of the session nothing may be left at all.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import pytest

from tests.leaks import processes, tasks, threads, windows
from tests.leaks.logs import Logged, Swallowed, say
from tests.leaks.names import Sheets, nameless

LIMIT: Final = 5.0
"""Seconds for what was told to end to do so."""

EXPECTED: Final = {
    "(TestRunner._run_tests_and_fixtures)": "anyio's own way to run a test; it ends it when it closes its loop",
    "(RequestHandler.": "aiohttp leaves a request whose client went away to the end of the loop",
    "(AsyncPush.start_timeout.<locals>.timeout)": "the stock realtime client forgets its timers; ours ends them",
}
"""What may be left behind: a part of its description, and why. Only ever shorter."""

_logged = Logged()
_swallowed = Swallowed()
_sheets = Sheets()


class _Kind(NamedTuple):
    living: Callable[[], set[Any]]
    describe: Callable[[Any], str]
    added: Callable[[set[Any], set[Any]], set[Any]] = lambda before, now: now - before


_KINDS: Final = (
    _Kind(threads.living, threads.describe),
    _Kind(tasks.pending, tasks.describe, tasks.added),
    _Kind(processes.living, processes.describe, processes.added),
)


def pytest_configure(config: pytest.Config) -> None:
    """Start to watch."""
    threads.watch()
    tasks.watch()
    processes.watch()
    _swallowed.watch()


@pytest.fixture(scope="session")
def logged() -> Logged:
    """The warnings of this test: `logged.take("words")` asserts that one came, and makes it an expected one.

    Of the session, so that fixtures which several tests share may take what they cause.
    """
    return _logged


@pytest.fixture(scope="session", autouse=True)
def nothing_left_at_the_end() -> Iterator[None]:
    """Fail the session when something outlives all fixtures."""
    before = _living()
    yield
    _fail_for(_left(before), "The session")


@pytest.fixture(autouse=True)
def nothing_left_behind(nothing_left_at_the_end: None) -> Iterator[None]:
    """Fail the test when something outlives it that wasn't there before."""
    # A test that runs a role may have taken the root logger for it: its handlers, and what it lets through.
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    if _logged not in root.handlers:
        root.addHandler(_logged)
    before = _living()
    shown = set(windows.living())
    _sheets.watch()
    yield
    unnamed = [one for address, window in windows.living().items() if address not in shown for one in nameless(window)]
    unnamed += _sheets.take()
    windows.put_away(shown)
    _fail_for(_left(before), "This test")
    if unnamed:
        pytest.fail("The keyboard gets to what has no name for a reader of the screen:\n  " + "\n  ".join(unnamed))


def _living() -> list[set[Any]]:
    return [kind.living() for kind in _KINDS]


def _left(before: list[set[Any]]) -> list[str]:
    deadline = time.monotonic() + LIMIT
    while True:
        new = [(kind, kind.added(old, kind.living())) for kind, old in zip(_KINDS, before, strict=True)]
        if not any(found for _, found in new) or time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return [kind.describe(one) for kind, found in new for one in found]


def _fail_for(left: list[str], whose: str) -> None:
    told = [*left, *(f"{one}, outlived its loop" for one in tasks.take_outlived())]
    told = [one for one in told if not any(part in one for part in EXPECTED)]
    told += [say(record) for record in _logged.take_rest()]
    told += _swallowed.take()
    if told:
        pytest.fail(f"{whose} left behind:\n  " + "\n  ".join(told), pytrace=False)
