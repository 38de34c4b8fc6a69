"""`main.py soak pythons` counts only a Python that really runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.soak import pythons

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stands in for a Python with a shell script")


def test_a_shim_that_fails_or_is_another_python_is_named_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = sys.version_info[1]
    shim = "echo 'pyenv: not chosen' >&2; echo more >&2; exit 127"
    others = [minor for minor in (11, 12, 13) if minor != mine]
    for minor, script in zip(
        (mine, *others), (f'exec {sys.executable} "$@"', shim, f'exec {sys.executable} "$@"'), strict=True
    ):
        (tmp_path / f"python3.{minor}").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / f"python3.{minor}").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pythons, "_tested", lambda python, seconds: f"passed with {Path(python).name}")
    ran = f"python3.{mine}"
    with pytest.raises(AssertionError, match=f"{ran}': 'passed with {ran}'"):
        pythons.run(1.0, 0)
    monkeypatch.setattr(pythons, "_tested", lambda python, seconds: "passed")
    assert pythons.run(1.0, 0) == {
        ran: "passed",
        f"{ran}_seconds": 0,
        f"python3.{others[0]}": "on PATH, but can't run: pyenv: not chosen",
        f"python3.{others[1]}": f"on PATH, but can't run: it is Python 3.{mine}",
    }


def test_without_any_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match="no Python"):
        pythons.run(1.0, 0)
