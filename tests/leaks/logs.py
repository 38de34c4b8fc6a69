"""Warnings in the log that no test asked for, and exceptions that Qt would swallow."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType


class Logged(logging.Handler):
    """Keeps each record of WARNING or worse until a test takes it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._records: list[logging.LogRecord] = []
        self._allowed: list[tuple[str, ...]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def allow(self, *words: str) -> None:
        """Records that hold `words` may come in this test, or not: what happens beside what it does."""
        self._allowed.append(words)

    def take(self, *words: str) -> logging.LogRecord:
        """The oldest record that holds all `words` in its logger's name or text; it is expected, and gone from here.

        AssertionError when there is none.
        """
        for record in self._records:
            if _holds(record, words):
                self._records.remove(record)
                return record
        raise AssertionError(f"not logged: {words}; logged: {[say(record) for record in self._records]}")

    def take_every(self, *words: str) -> list[logging.LogRecord]:
        """All records that hold `words`, maybe none."""
        taken: list[logging.LogRecord] = []
        for record in list(self._records):
            if _holds(record, words):
                self._records.remove(record)
                taken.append(record)
        return taken

    def take_rest(self) -> list[logging.LogRecord]:
        """All that the test neither took nor allowed. Ends what it allowed."""
        rest = [record for record in self._records if not any(_holds(record, words) for words in self._allowed)]
        self._records.clear()
        self._allowed.clear()
        return rest


def _holds(record: logging.LogRecord, words: tuple[str, ...]) -> bool:
    line = f"{record.name}: {record.getMessage()}"
    return all(word in line for word in words)


def say(record: logging.LogRecord) -> str:
    """Level, logger, text, and the last line of the exception."""
    error = "".join(traceback.format_exception_only(record.exc_info[1])) if record.exc_info else ""
    return f"log: {record.levelname} {record.name}: {record.getMessage()} {error}".rstrip()


class Swallowed:
    """Exceptions that left a slot or a paint event: Qt prints them and goes on."""

    def __init__(self) -> None:
        self._seen: list[str] = []

    def watch(self) -> None:
        """Collect what reaches `sys.excepthook` from now on."""
        sys.excepthook = self._hook

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._seen.append("exception that nobody caught:\n" + "".join(traceback.format_exception(kind, error, trace)))

    def take(self) -> list[str]:
        """What was seen since the last call."""
        taken = list(self._seen)
        self._seen.clear()
        return taken
