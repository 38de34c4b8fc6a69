"""Which browser runs are made with, and whether its sandbox can be on."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

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


def find_browser(configured: str = "", *, headless: bool = True) -> str | None:
    """Path of the browser to use: the configured one, else an installed one, else None (Playwright's own)."""
    if configured:
        return configured
    names = (*_SHELLS, *_NAMES) if headless else _NAMES
    on_path = next((path for name in names if (path := shutil.which(name))), None)
    return on_path or next((place for place in _PLACES.get(sys.platform, ()) if Path(place).is_file()), None)


def may_sandbox() -> bool:
    """Whether the browser's sandbox can be on: always, except that Chromium refuses it to root."""
    return not (hasattr(os, "geteuid") and os.geteuid() == 0)
