"""A package for a peer that is written in Python, in a folder of its own: this program never imports it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def install(folder: Path, package: str) -> str:
    """Install `package` (name==version), without what it needs, into `folder`; why that can't be done, "" when it was.

    What it needs it finds among this program's own packages.
    """
    # Where the index doesn't answer, that is soon known; pip itself would try for minutes.
    patience = ["--retries=1", "--timeout=20", "--no-input", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", *patience, "--target", str(folder)]
    try:
        done = subprocess.run([*command, package], capture_output=True, text=True, timeout=90, check=False)
    except subprocess.TimeoutExpired:
        return "the index did not give it within 90 s"
    if not done.returncode:
        return ""
    if "Retrying" in done.stderr:
        return "the index does not answer"
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    return (said or [f"ERROR: pip ended with {done.returncode}"])[-1].removeprefix("ERROR: ")


def command(folder: Path, module: str) -> list[str]:
    """Runs `main` of a module of that folder; arguments may follow."""
    start = f"import sys; sys.path.insert(0, {str(folder)!r}); from {module} import main; sys.exit(main())"
    return [sys.executable, "-c", start]
