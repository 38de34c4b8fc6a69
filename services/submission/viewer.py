"""Finds the trace viewer that comes with Playwright, without importing it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def viewer_folder() -> Path:
    """The viewer that comes with Playwright: a web page and its scripts. Raises OSError where it isn't there."""
    spec = find_spec("playwright")
    folder = Path(spec.origin or "").parent / "driver/package/lib/vite/traceViewer" if spec is not None else Path()
    if not (folder / "index.html").is_file():
        raise FileNotFoundError("Playwright's trace viewer is not installed.")
    return folder
