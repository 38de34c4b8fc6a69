"""Which browser runs are made with, and whether its sandbox can be on."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from services.settings import has_screen

_NAMES: Final = (
    "google-chrome-stable", "google-chrome", "chrome", "chromium", "chromium-browser", "microsoft-edge-stable",
    "microsoft-edge", "msedge",
)  # fmt: skip
_SHELLS: Final = ("chromium-headless-shell", "chrome-headless-shell", "headless_shell")
"""Browsers without any window of their own: they open a page in a fifth of the time."""
_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": (
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
        r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
    ),
}


_INSIDE: Final = (
    "chrome-linux*/chrome",
    "chrome-win*/chrome.exe",
    "chrome-mac*/*.app/Contents/MacOS/Google Chrome for Testing",
    "chrome-mac*/*.app/Contents/MacOS/Chromium",
)
"""Where the executable lies in what Playwright's download host has, by system."""


def browsers_below(data_dir: Path) -> Path:
    """The folder of the data folder into which browsers are fetched."""
    return data_dir / "browsers"


def fetched_browser(home: Path) -> str | None:
    """The browser that was fetched into a folder of browsers; None when there is none."""
    places = (place for inside in _INSIDE for place in sorted(home.glob(f"chromium-*/{inside}"), reverse=True))
    return next((str(place) for place in places if place.is_file()), None)


def find_browser(configured: str = "", *, headless: bool = True, data_dir: Path | None = None) -> str | None:
    """Path of the browser to use: the configured one, else an installed one, else the one that was fetched into the
    data folder, else None (Playwright's own, where that is installed). With a window, a configured one that has none is
    passed over."""
    if configured and (headless or Path(configured).stem not in _SHELLS):
        return configured
    names = (*_SHELLS, *_NAMES) if headless else _NAMES
    on_path = next((path for name in names if (path := shutil.which(name))), None)
    installed = on_path or next((place for place in _PLACES.get(sys.platform, ()) if Path(place).is_file()), None)
    return installed or (fetched_browser(browsers_below(data_dir)) if data_dir is not None else None)


def why_no_window(configured: str = "", *, data_dir: Path | None = None) -> str:
    """Why a run can't show its browser's window on this machine; "" when it can."""
    if not has_screen():
        return "This computer has no screen: neither DISPLAY nor WAYLAND_DISPLAY is set."
    if find_browser(configured, headless=False, data_dir=data_dir) is None and find_browser(configured) is not None:
        return "The only browser here has no window: install Chrome, Edge or Chromium."
    return ""


def may_sandbox() -> bool:
    """Whether the browser's sandbox can be on: always, except that Chromium refuses it to root."""
    return not (hasattr(os, "geteuid") and os.geteuid() == 0)
