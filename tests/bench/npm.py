"""Packages for the peers that are written in JavaScript."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def install(folder: Path, *packages: str) -> bool:
    """Install packages into `folder`; False where that can't be done."""
    npm = shutil.which("npm")
    if npm is None:
        return False
    (folder / "package.json").write_text('{"name": "peer", "private": true}')
    # Where the registry doesn't answer, that is soon known; npm itself would try for minutes.
    patience = ["--prefer-offline", "--fetch-retries=1", "--fetch-timeout=20000"]
    command = [npm, "install", "--no-audit", "--no-fund", *patience, *packages]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=90, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
