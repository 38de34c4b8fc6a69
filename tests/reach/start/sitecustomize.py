"""Read by each Python that starts with this folder on its path: it notes what it reaches of the checkout's rooms."""

from __future__ import annotations

import atexit
import json
import os
import sys
import time


def watch(folder: str, rooms: list[str]) -> None:
    """Have what is imported of `rooms` from now on say what of it was reached: into `folder`, at its end."""
    try:
        from slipcover import FileMatcher, ImportManager, Slipcover
    except ImportError:
        return  # a Python that isn't ours
    # -1: none of its code is exchanged while it runs, which takes long and races with imports in other threads.
    seen = Slipcover(branch=True, d_miss_threshold=-1, exclude_lines=["if TYPE_CHECKING:"])
    ImportManager(seen, FileMatcher(sources=rooms)).__enter__()

    def save() -> None:
        # Files in the current folder, which may be gone, would be named from there.
        os.chdir(folder)
        name = f"{os.getpid()}-{time.monotonic_ns()}"
        with open(f"{name}.part", "w", encoding="utf-8") as file:
            json.dump(seen.get_coverage(), file)
        os.replace(f"{name}.part", f"{name}.json")

    def end(code: int) -> None:
        try:
            save()
        finally:
            really_end(code)

    atexit.register(save)
    really_end = os._exit
    setattr(os, "_exit", end)  # noqa: B010
    # For tests/reach/plugin.py: this file is sitecustomize only to Python itself.
    setattr(sys, "save_what_was_reached", save)  # noqa: B010


if "REACH_FOLDER" in os.environ:
    watch(os.environ["REACH_FOLDER"], os.environ["REACH_ROOMS"].split(os.pathsep))
