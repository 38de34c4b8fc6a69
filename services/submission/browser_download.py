"""Playwright's own browser, fetched whole into a folder of ours."""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import shutil
import ssl
import stat
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from playwright._impl._driver import compute_driver_executable, get_driver_env
from playwright.async_api import Error

from services.submission.choice import fetched_browser

Report = Callable[[int, int], None]
"""Told how many bytes of how many have come; 0 for a total that nobody knows."""

_ASK_SECONDS: Final = 60
_SILENCE_SECONDS: Final = 30
_PIECE: Final = 256 * 1024
_EVERY_SECONDS: Final = 0.2
_PART: Final = ".part-"
_UNPACKED: Final = 3.5
"""A browser is so many times as large as its archive, archive included."""
_MEGABYTE: Final = 1024 * 1024


class NotFetched(Exception):
    """No browser could be fetched; the text says why, and what to do."""


def fetch(home: Path, report: Report) -> str:
    """The browser's executable, below `home`, where it is put in place whole or not at all. Blocks the thread.

    Raises NotFetched. The download host is Playwright's, or PLAYWRIGHT_DOWNLOAD_HOST of the environment.
    """
    name, addresses = _asked()
    with _said(home):
        home.mkdir(parents=True, exist_ok=True)
        for left in home.glob(f"{_PART}*"):
            shutil.rmtree(left, ignore_errors=True)
        part = Path(tempfile.mkdtemp(prefix=_PART, dir=home))
        try:
            archive = part / "archive.zip"
            _download(addresses, archive, report)
            _unpack(archive, part / name)
            if fetched_browser(part) is None:
                raise NotFetched("What came holds no browser. Try again later, or install Chrome, Edge or Chromium.")
            for old in home.glob("chromium-*"):
                shutil.rmtree(old, ignore_errors=old.name != name)
            (part / name).rename(home / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    found = fetched_browser(home)
    assert found is not None
    return found


def _asked() -> tuple[str, list[str]]:
    """The name of the browser's folder, such as chromium-1255, and where it can be had; the driver knows."""
    try:
        driver = [*compute_driver_executable(), "install", "--dry-run", "--no-shell", "chromium"]
        told = subprocess.run(
            driver, env=get_driver_env(), capture_output=True, text=True, timeout=_ASK_SECONDS, check=True
        )
    except (OSError, Error, subprocess.SubprocessError) as error:
        raise NotFetched(f"Playwright doesn't say where its browser is to be had: {_line(error)}") from error
    block = told.stdout.split("\n\n")[0]
    facts = [(key.strip(), value.strip()) for key, _, value in (line.partition(": ") for line in block.splitlines())]
    places = [Path(value).name for key, value in facts if key == "Install location"]
    addresses = [value for key, value in facts if key.startswith("Download ") and value.startswith("http")]
    if not places or not addresses:
        raise NotFetched("Playwright has no browser for this system. Install Chrome, Edge or Chromium.")
    return places[0], addresses


def _download(addresses: list[str], archive: Path, report: Report) -> None:
    """From the first of the hosts that has it whole."""
    for number, address in enumerate(addresses, start=1):
        try:
            _read(address, archive, report)
        except NotFetched:
            if number == len(addresses):
                raise
        else:
            return


def _read(address: str, archive: Path, report: Report) -> None:
    host = address.split("/")[2]
    try:
        with urllib.request.urlopen(address, timeout=_SILENCE_SECONDS) as answer:  # noqa: S310 - the driver's own
            total = int(answer.headers.get("Content-Length") or 0)
            _room(archive.parent, total)
            done, told = 0, 0.0
            with archive.open("wb") as file:
                while piece := answer.read(_PIECE):
                    file.write(piece)
                    done += len(piece)
                    if (now := time.monotonic()) - told >= _EVERY_SECONDS:
                        told = now
                        report(done, total)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotFetched(f"{host} doesn't have the browser: it answered {error.code}.") from error
    except urllib.error.URLError as error:
        secure = isinstance(error.reason, ssl.SSLError)
        why = "its certificate isn't trusted here" if secure else _line(error.reason)
        raise NotFetched(f"{host} can't be reached: {why}.") from error
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise NotFetched(f"The download from {host} broke off. Try again.") from error
    if total and done != total:
        raise NotFetched(f"The download from {host} broke off after {_mb(done)} of {_mb(total)}. Try again.")
    report(done, total)


def _room(folder: Path, size: int) -> None:
    needed = int(size * _UNPACKED)
    if shutil.disk_usage(folder).free < needed:
        raise NotFetched(f"The disk has too little space: {_mb(needed)} are needed in {folder.parent}.")


def _unpack(archive: Path, folder: Path) -> None:
    """Every file with its rights; what is damaged, or leads out of the folder, is refused."""
    try:
        with zipfile.ZipFile(archive) as pack:
            for entry in pack.infolist():
                mode = entry.external_attr >> 16
                if stat.S_ISLNK(mode):
                    _link(folder, entry.filename, pack.read(entry).decode())
                    continue
                placed = Path(pack.extract(entry, folder))
                if mode & 0o777 and placed.is_file():
                    placed.chmod(mode & 0o755)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise NotFetched(f"What came is damaged ({_line(error)}). Try again.") from error
    archive.unlink()


def _link(folder: Path, name: str, leads_to: str) -> None:
    """A link as the packages for macOS have them."""
    place = folder / name
    if not (place.parent / leads_to).resolve().is_relative_to(folder.resolve()) or ".." in Path(name).parts:
        raise NotFetched("What came leads out of its own folder; it was not kept.")
    place.parent.mkdir(parents=True, exist_ok=True)
    os.symlink(leads_to, place)


@contextlib.contextmanager
def _said(home: Path) -> Iterator[None]:
    """What the disk refuses, in words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NotFetched(f"The disk is full: the browser doesn't fit into {home}.") from error
        raise NotFetched(f"{home} can't be written to: {error.strerror or error}.") from error


def _line(error: object) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__


def _mb(size: int) -> str:
    return f"{size / _MEGABYTE:,.1f} MB"
