"""What every test may use: an offscreen Qt application, made once."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings
from PySide6.QtWidgets import QApplication

from services.domain import redaction

pytest_plugins = ["tests.leaks.plugin"]

# A busy machine is no fault of the code under test.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


LONGEST_FIRST = ("tests/e2e/", "tests/contract/test_", "tests/stack/", "tests/unit/app/sync/", "tests/contract/")
"""Those of the browsers between those of whole stacks, which would slow each other down."""


COMPILE_LIMIT = 120.0
"""Seconds that one process may take to compile everything, on a busy machine."""


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """One of several processes compiles the tests, and what they import, for all: it takes longer than all the rest."""
    worker, folder = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("COLLECTED_IN")
    if worker is None or folder is None:
        return (yield)
    compiled = Path(folder, "collected")
    deadline = time.monotonic() + COMPILE_LIMIT
    while worker != "gw0" and not compiled.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        return (yield)
    finally:
        compiled.touch()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On several processes the long files start first, so that none of them ends alone."""
    if hasattr(config, "workerinput"):
        rank = {folder: place for place, folder in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: next((rank[f] for f in LONGEST_FIRST if item.nodeid.startswith(f)), len(rank)))


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests() -> Generator[None, None, None]:
    """What a test had kept out of texts is no secret in the next."""
    before = set(redaction._known)
    yield
    if redaction._known != before:
        redaction._known.clear()
        redaction._known.update(before)
        redaction._learn()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Coverage rests while a test runs that is marked so."""
    measuring = Coverage.current() if item.get_closest_marker("unmeasured") else None
    if measuring is None:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes that is slow to end is killed: it writes what it reached before it says it is done."""
    measuring = Coverage.current() if hasattr(session.config, "workerinput") else None
    if measuring is not None:
        measuring.stop()
        measuring.save()


@pytest.fixture(scope="session")
def qt_app() -> QApplication:
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication([])
