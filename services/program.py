"""How this program is called, and how it starts itself again."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def is_frozen() -> bool:
    """Whether this is the frozen program, which needs no Python and can't be changed, and no checkout."""
    return bool(getattr(sys, "frozen", False))


def home() -> Path:
    """The folder of the program: the frozen executable's, or the checkout."""
    return Path(sys.executable).resolve().parent if is_frozen() else _ROOT


def usage_name(role: str) -> str:
    """How a person calls a role, for its help: `directory-bolt ROLE`, or `main.py ROLE` in a checkout."""
    return f"{Path(sys.executable).stem} {role}" if is_frozen() else f"main.py {role}"


def role_command(role: str, *arguments: str) -> list[str]:
    """The command for another role of this program: the frozen executable, or Python with main.py."""
    if is_frozen():
        return [sys.executable, role, *arguments]
    return [sys.executable, str(_ROOT / "main.py"), role, *arguments]


def version() -> str:
    """The version that pyproject.toml gives; the frozen program carries a copy of that part."""
    import tomllib

    with open(_ROOT / "pyproject.toml", "rb") as file:
        return str(tomllib.load(file)["project"]["version"])
