"""What the frozen program needs of the machine that it runs on."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services import frozen, setup

linux = pytest.mark.skipif(sys.platform != "linux", reason="libraries are looked for by the names of Linux")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes this look like a Linux with `programs`, and with libraries all there but `without`."""

    def make(*programs: str, without: tuple[str, ...] = (), ubuntu: bool = False) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in programs:
            (folder / name).write_text("#!/bin/sh\n")
            (folder / name).chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        monkeypatch.setattr(setup, "BROWSER_PLACES", ())
        monkeypatch.setattr(setup, "has_debian_chromium", lambda: not ubuntu)
        libraries = dict.fromkeys(setup.LIBRARIES, "libc.so.6")
        monkeypatch.setattr(setup, "LIBRARIES", {**libraries, **{name: f"{name}.not-here" for name in without}})
        monkeypatch.setattr(os, "geteuid", lambda: 1000)

    return make


APT = ("apt-get", "dpkg-query")
LINE = "su -c 'apt-get update && apt-get install --yes --no-install-recommends {}'"


def told_by_check(**arguments: bool) -> str:
    with pytest.raises(SystemExit) as ended:
        frozen.check(browser=arguments["browser"])
    return str(ended.value)


@linux
def test_all_there_is_silence(machine: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    machine(*APT, "chromium-headless-shell")
    frozen.check(browser=True)
    assert capsys.readouterr() == ("", "")


@linux
@pytest.mark.parametrize("browser", [True, False])
def test_what_is_missing_is_named_in_one_sentence_with_the_line_to_run(
    browser: bool, machine: Callable[..., None]
) -> None:
    machine(*APT, without=("libegl1", "libgl1"))
    names = "libegl1 libgl1 chromium-headless-shell fonts-liberation chromium-sandbox"
    assert told_by_check(browser=browser) == (
        f"This computer lacks {names}; run this line, then start again: {LINE.format(names)}"
    )


@linux
def test_root_gets_the_line_as_root_runs_it(machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    machine(*APT, "chromium", without=("libegl1",))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert told_by_check(browser=True).endswith(
        "start again: apt-get update && apt-get install --yes --no-install-recommends libegl1"
    )


@linux
def test_a_console_starts_without_a_browser_and_says_so(
    machine: Callable[..., None], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(*APT)
    frozen.check(browser=False)
    assert (
        "This computer lacks chromium-headless-shell fonts-liberation chromium-sandbox; run" in capsys.readouterr().err
    )
    monkeypatch.setenv("BROWSER_PATH", "/opt/chrome")
    frozen.check(browser=True)
    assert capsys.readouterr().err == ""


@linux
def test_with_a_display_the_whole_browser_is_named(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(*APT)
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    assert "lacks chromium-headless-shell fonts-liberation chromium-sandbox chromium;" in told_by_check(browser=True)


@linux
def test_where_apt_has_no_browser_it_is_named_in_words(machine: Callable[..., None]) -> None:
    machine(*APT, without=("libgl1",), ubuntu=True)
    told = told_by_check(browser=True)
    assert told.startswith("This computer lacks libgl1 and a Chrome, Edge or Chromium; run this line")
    assert told.endswith("libgl1'")


@linux
def test_without_apt_the_libraries_are_named(machine: Callable[..., None]) -> None:
    machine(without=("libgl1",))
    assert told_by_check(browser=True) == (
        "This computer lacks libgl1.not-here and a Chrome, Edge or Chromium; install that, then start again."
    )


@linux
def test_a_library_that_comes_with_the_program_is_not_asked_for(
    machine: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(*APT, "chromium", without=("libegl1", "libxcb-cursor0"))
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    (tmp_path / "libxcb-cursor0.not-here").touch()  # it can't be loaded as long as libegl1 isn't there
    assert told_by_check(browser=True).startswith("This computer lacks libegl1; run")


@linux
def test_a_browser_of_playwright_counts(machine: Callable[..., None], tmp_path: Path) -> None:
    machine(*APT)
    (tmp_path / "browsers" / "chromium_headless_shell-1200").mkdir(parents=True)
    frozen.check(browser=True)


@pytest.mark.parametrize("before", ["/opt/lib", None])
def test_children_get_the_libraries_of_the_system(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/directory-bolt/_internal:/opt/lib")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "")
    monkeypatch.setenv("PYINSTALLER_RESET_ENVIRONMENT", "")
    if before is None:
        monkeypatch.delenv("LD_LIBRARY_PATH_ORIG")
    else:
        monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", before)
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "/somebody's/node")
    monkeypatch.setattr(sys, "_MEIPASS", "/opt/directory-bolt/_internal", raising=False)
    frozen.enter()
    assert os.environ.get("LD_LIBRARY_PATH") == before
    assert "LD_LIBRARY_PATH_ORIG" not in os.environ
    assert os.environ["PYINSTALLER_RESET_ENVIRONMENT"] == "1"
    node = Path(os.environ["PLAYWRIGHT_NODEJS_PATH"])
    assert node.parent == Path("/opt/directory-bolt/_internal/playwright/driver")
    assert os.environ["PLAYWRIGHT_BROWSERS_PATH"].endswith("ms-playwright")


def test_a_folder_of_browsers_that_somebody_set_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/srv/browsers")
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", "")
    monkeypatch.setenv("PYINSTALLER_RESET_ENVIRONMENT", "")
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    frozen.enter()
    assert os.environ["PLAYWRIGHT_BROWSERS_PATH"] == "/srv/browsers"


@pytest.mark.parametrize(
    ("platform", "end"),
    [("linux", ".cache/ms-playwright"), ("darwin", "Library/Caches/ms-playwright"), ("win32", "Local/ms-playwright")],
)
def test_browsers_are_where_playwright_keeps_them(platform: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert str(frozen._browsers_folder()).replace(os.sep, "/").endswith(end)
