"""Finding the browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.submission.choice import find_browser, may_sandbox, why_no_window


def test_the_configured_browser_comes_first() -> None:
    assert find_browser("/opt/some/browser") == "/opt/some/browser"


def test_an_installed_browser_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chromium").write_text("#!/bin/sh\n")
    (tmp_path / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() == str(tmp_path / "chromium")


def test_without_any_it_is_left_to_playwright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert find_browser() is None


def test_a_run_without_a_window_prefers_the_headless_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("chromium", "chromium-headless-shell"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() == str(tmp_path / "chromium-headless-shell")
    assert find_browser(headless=False) == str(tmp_path / "chromium")
    # One that was chosen and has no window can't show one.
    assert find_browser("/opt/headless_shell") == "/opt/headless_shell"
    assert find_browser("/opt/headless_shell", headless=False) == str(tmp_path / "chromium")


def test_it_is_told_why_no_run_can_show_its_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert why_no_window() == "This computer has no screen: neither DISPLAY nor WAYLAND_DISPLAY is set."
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert why_no_window(data_dir=tmp_path) == ""
    shell = tmp_path / "chromium-headless-shell"
    shell.write_text("#!/bin/sh\n")
    shell.chmod(0o755)
    assert why_no_window() == "The only browser here has no window: install Chrome, Edge or Chromium."
    assert why_no_window("/opt/chromium") == ""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there is no root here")
@pytest.mark.parametrize("user", [0, 1000])
def test_the_sandbox_is_on_except_as_root(user: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert may_sandbox() is (user != 0)
