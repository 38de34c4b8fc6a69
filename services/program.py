"""How this program starts itself again."""

from __future__ import annotations

import sys
from pathlib import Path


def role_command(role: str, *arguments: str) -> list[str]:
    """The command for another role of this program: the frozen executable, or Python with main.py."""
    if getattr(sys, "frozen", False):
        return [sys.executable, role, *arguments]
    return [sys.executable, str(Path(__file__).resolve().parents[1] / "main.py"), role, *arguments]
