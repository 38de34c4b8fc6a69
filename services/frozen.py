"""What the frozen program needs of the machine that it runs on."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import sys
from pathlib import Path

from services import program, setup
from services.settings import SettingsError, has_display, read_settings


def enter() -> None:
    """Make this process and its children ready, before the role is imported."""
    import multiprocessing

    multiprocessing.freeze_support()
    # The start of a frozen program puts its own libraries before the system's. Browsers, node and
    # PostgreSQL must not load those. Our own roles, started as children, shall start from the beginning
    # and get them again; otherwise they would take themselves for started already.
    os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if before:
        os.environ["LD_LIBRARY_PATH"] = before
    driver = _inside() / "playwright" / "driver"
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(driver / ("node.exe" if os.name == "nt" else "node"))
    # Playwright would look inside a frozen program, where no browser is.
    os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(_browsers_folder()))


def check(*, browser: bool) -> None:
    """End the program with one sentence when this machine lacks what the window needs.

    `browser`: one is needed as well. Otherwise a missing one is only told of.
    """
    lacking = _missing_libraries()
    seeking = not _has_browser()
    if not lacking and not seeking:
        return
    if setup.has_apt():
        names = list(lacking)
        if seeking and setup.has_debian_chromium():
            # Without the helper a browser of an ordinary user starts only where the kernel grants it a sandbox.
            whole, helper = setup.CHROMIUM_PACKAGES
            names += [*setup.HEADLESS_PACKAGES, helper, *([whole] if has_display() else [])]
        how = f"run this line, then start again: {setup.line_for_people(names)}"
    else:
        names = list(lacking.values())
        how = "install that, then start again."
    missing = " ".join(names)
    if seeking and not (setup.has_apt() and setup.has_debian_chromium()):
        missing = " and ".join(filter(None, [missing, "a Chrome, Edge or Chromium"]))
    told = f"This computer lacks {missing}; {how}"
    if lacking or browser:
        sys.exit(told)
    print(told, file=sys.stderr, flush=True)


def _missing_libraries() -> dict[str, str]:
    """Debian packages whose library can't be loaded, with that library."""
    missing = {}
    for package, library in setup.LIBRARIES.items() if sys.platform == "linux" else ():
        if (_inside() / library).exists():
            continue  # ours; what it is linked with comes with the others
        try:
            ctypes.CDLL(library)
        except OSError:
            missing[package] = library
    return missing


def _has_browser() -> bool:
    with contextlib.suppress(SettingsError):  # which the window tells of
        if read_settings(dotenv=program.home() / ".env").browser_path:
            return True
    shells = (setup.HEADLESS_PACKAGES[0], "chrome-headless-shell")
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or _browsers_folder())
    return bool(setup.find_browser() or any(map(shutil.which, shells)) or any(own.glob("chromium*")))


def _inside() -> Path:
    """The folder of libraries and data inside the frozen program."""
    return Path(getattr(sys, "_MEIPASS", "/nowhere"))


def _browsers_folder() -> Path:
    """Where Playwright keeps browsers on each system."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "ms-playwright"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"
