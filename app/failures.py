"""What nobody caught: a redacted report in the data folder, then a word to the screen."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

from app import tasks
from services.domain.errors import ConsoleError
from services.domain.redaction import redact
from services.domain.text import slug

KEPT: Final = 20
WINDOW: Final = "window"
Say = Callable[[str, str, str], None]
"""Takes the name of what failed, why in one sentence, and the name of the report's file ("" without one)."""

_log = logging.getLogger(__name__)


class Failures:
    """Reports what failed into `folder`, at most KEPT files, and tells `say`; the same failure once a start."""

    def __init__(self, folder: Path, say: Say) -> None:
        self._folder = folder
        self._say = say
        self._seen: set[tuple[str, str, str]] = set()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Take what fails in tasks, and in what Qt calls, for as long as this lasts."""
        before = sys.excepthook

        def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            if issubclass(kind, Exception):
                tasks.failed(WINDOW, error)
            else:
                before(kind, error, trace)

        sys.excepthook = uncaught
        tasks.report_failures(self.take)
        try:
            yield
        finally:
            tasks.report_failures(None)
            sys.excepthook = before

    def take(self, name: str, error: BaseException) -> None:
        """Report one failure. A ConsoleError says what is wrong by itself: it needs no report."""
        where = traceback.extract_tb(error.__traceback__)[-1:]
        key = (name, type(error).__name__, f"{where[0].filename}:{where[0].lineno}" if where else str(error))
        if key in self._seen:
            return
        self._seen.add(key)
        name = redact(name)
        if isinstance(error, ConsoleError):
            self._say(name, redact(f"{error} {error.hint}".strip()), "")
        else:
            self._say(name, "", self._write(name, error))

    def _write(self, name: str, error: BaseException) -> str:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        file = self._folder / f"{stamp}-{slug(name)}-{len(self._seen)}.txt"
        text = redact(f"{stamp} UTC, {name}\n\n{''.join(traceback.format_exception(error))}")
        fresh = file.with_suffix(".new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
                out.write(text.encode(errors="replace"))
            fresh.replace(file)
            for old in sorted(self._folder.glob("*.txt"))[:-KEPT]:
                old.unlink()
        except OSError as why:
            # A full disk must not hide the failure itself.
            _log.warning("no report could be written: %s", why)
            return ""
        return file.name
