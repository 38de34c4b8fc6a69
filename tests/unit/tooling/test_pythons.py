"""`main.py soak pythons` counts only a Python that really runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.soak import pythons

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stands in for a Python with a shell script")


def test_a_shim_that_fails_or_is_another_python_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = sys.version_info[1]
    for minor in (11, 12, 13):
        script = f'exec {sys.executable} "$@"' if minor != 12 else "echo not chosen >&2; exit 127"
        (tmp_path / f"python3.{minor}").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / f"python3.{minor}").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    expected = {f"python3.{mine}": str(tmp_path / f"python3.{mine}")} if mine != 12 else {}
    assert dict(pythons._pythons()) == expected


def test_without_any_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match="no Python"):
        pythons.run(1.0, 0)
