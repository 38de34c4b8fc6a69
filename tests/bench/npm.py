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
    command = [npm, "install", "--no-audit", "--no-fund", *packages]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    return done.returncode == 0
