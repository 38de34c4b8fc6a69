"""Has this process, whichever it is, run the marked sources: what it reaches is noted in a file that all share.

Every Python that a test starts loads it, so it loads little.
"""

from __future__ import annotations

import builtins
import marshal
import mmap
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Final

NAME: Final = "__reached__"
"""The builtin that the marks are written to."""
ROOMS: Final = ("app", "widgets", "services", "resources")


def watch(folder: str) -> None:
    """Load the marked sources from now on, as `sources.prepare` left them in `folder`."""
    with open(os.path.join(folder, "reached"), "r+b") as file:
        setattr(builtins, NAME, mmap.mmap(file.fileno(), 0))
    with open(os.path.join(folder, "root"), encoding="utf-8") as file:
        sys.meta_path.insert(0, _Finder(os.path.join(folder, "code"), file.read()))


class _Finder:
    def __init__(self, folder: str, root: str) -> None:
        self._folder = folder
        self._root = root

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] not in ROOMS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        # A test may run a copy of the checkout, which is none of ours.
        if spec is not None and spec.origin and spec.origin.startswith(self._root + os.sep):
            code = self._folder + spec.origin.removeprefix(self._root)
            if os.path.exists(code):
                spec.loader = _Loader(name, spec.origin, code)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        with open(self._code, "rb") as file:
            code: CodeType = marshal.load(file)
        return code
