"""The sources of a checkout with their marks, and the folder that they run from."""

from __future__ import annotations

import marshal
import os
from pathlib import Path
from typing import Final

from tests.reach.marks import Marked
from tests.reach.watch import ROOMS

WHOLE: Final = ("services/domain", "app/store", "app/sync", "app/replay")
"""Rooms in which every branch must be taken."""
START: Final = Path(__file__).resolve().parent / "start"


def marked_sources(root: Path) -> list[tuple[Path, Marked]]:
    """Each source of the rooms of the checkout `root`; no two marks have the same number."""
    found: list[tuple[Path, Marked]] = []
    end = 0
    for file in sorted(file for room in ROOMS for file in (root / room).rglob("*.py")):
        whole = any(file.is_relative_to(root / room) for room in WHOLE)
        found.append((file, Marked(file.read_text(encoding="utf-8"), end, whole=whole)))
        end = found[-1][1].end
    return found


def prepare(folder: Path, root: Path) -> dict[str, str]:
    """Compile the marked sources of `root` into `folder`; what every Python has to be told to run them."""
    size = 1
    for file, marked in marked_sources(root):
        kept = folder / "code" / file.relative_to(root)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(marshal.dumps(compile(marked.tree, str(file), "exec", dont_inherit=True)))
        size = max(size, marked.end)
    (folder / "root").write_text(str(root), encoding="utf-8")
    (folder / "reached").write_bytes(bytes(size))
    path = [str(START), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"REACH_FOLDER": str(folder), "PYTHONPATH": os.pathsep.join(path)}


def reached(folder: Path) -> bytes:
    """A byte for each mark: 1 for one that was reached, else 0."""
    return (folder / "reached").read_bytes()
