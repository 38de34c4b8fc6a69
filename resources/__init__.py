"""Files that ship with the program; the code here gives paths only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent


def schema_files(*, local: bool = True) -> list[Path]:
    """SQL files in the order to apply; `local` adds what a hosted project already has."""
    schema = sorted((ROOT / "schema").glob("*.sql"))
    return [ROOT / "local" / "platform.sql", ROOT / "local" / "queue.sql", *schema] if local else schema
