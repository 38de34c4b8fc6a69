"""The port through which a trace is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class TraceView(Protocol):
    """Playwright's viewer, on this machine."""

    def show(self, file: Path) -> str:
        """The address that shows this trace, for a browser of this machine. Raises Refused where it can't be shown."""
        ...
