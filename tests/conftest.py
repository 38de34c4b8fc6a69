"""What every test may use: an offscreen Qt application, made once."""

from __future__ import annotations

import os
from collections.abc import Generator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

import pytest
from hypothesis import HealthCheck, settings
from PySide6.QtWidgets import QApplication

from services.domain import redaction

pytest_plugins = ["tests.leaks.plugin"]

# A busy machine is no fault of the code under test.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


LONGEST_FIRST = ("tests/e2e/", "tests/contract/test_", "tests/stack/", "tests/unit/app/sync/", "tests/contract/")
"""Those of the browsers between those of whole stacks, which would slow each other down."""


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


@pytest.fixture(scope="session")
def qt_app() -> QApplication:
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication([])
