"""Has each of pytest's processes write what it reached before it says that it is done: a slow one is killed then."""

from __future__ import annotations

import sys

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    save = getattr(sys, "save_what_was_reached", None)
    if save is not None and hasattr(session.config, "workerinput"):
        save()
