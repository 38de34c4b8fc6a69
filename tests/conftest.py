"""What every test may use: an offscreen Qt application, made once."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

import pytest
from hypothesis import HealthCheck, settings
from PySide6.QtWidgets import QApplication

pytest_plugins = ["tests.leaks.plugin"]

# A busy machine is no fault of the code under test.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def qt_app() -> QApplication:
    existing = QApplication.instance()
    return existing if isinstance(existing, QApplication) else QApplication([])
