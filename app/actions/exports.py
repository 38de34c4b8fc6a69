"""Lists written to a file of the data folder, as CSV or JSON, whole or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeVar

from app import tasks
from app.actions.operations import Operation, Operations
from app.actions.registry import EXPORT, why_not
from services.domain.csv_guard import guarded
from services.domain.redaction import redact
from services.domain.text import slug, storable
from services.to_the_end import to_the_end

Kind = Literal["csv", "json"]
Row = Mapping[str, Any]
"""Columns in their order: text, numbers, true and false, or None for nothing."""
Line = TypeVar("Line")

PART: Final = 300
"""Rows that are made and written in one go."""
PAUSE: Final = 0.002
"""Seconds of rest after them, in which the window has its turn."""
_GIVEN_UP: Final = "It was given up: no file was written."


class Exports:
    """Writes into `folder`. Each export is a row of the Operations list, which names the file."""

    def __init__(
        self, folder: Path, operations: Operations, *, actor: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._operations = operations
        self._actor = actor
        self._clock = clock

    async def settle(self) -> None:
        """At a start, before anything is exported: what an earlier one left half written goes."""
        for wish in self._operations.left_behind(EXPORT.name):
            file = Path(wish.target)
            await asyncio.to_thread(_drop, file, _part(file))
            await self._move(wish, "failed", "The program ended before the file was written.")

    def why_not(self, count: int, role: str | None) -> str:
        """Why a list of so many can't be exported, "" when it can."""
        return why_not(EXPORT, role) or ("" if count else "There is nothing to export.")

    def start(self, what: str, about: str, kind: Kind, lines: Sequence[Line], row_of: Callable[[Line], Row]) -> None:
        """`write` as a task of its own."""
        tasks.spawn(f"export of {what}", self.write(what, about, kind, lines, row_of))

    async def write(
        self, what: str, about: str, kind: Kind, lines: Sequence[Line], row_of: Callable[[Line], Row]
    ) -> Operation:
        """Write the rows of `lines`: `what` they are ("jobs") and what they are `about` ("" or a name).

        Returns the operation as it stands at the end; its target is the file. Raises Refused when the wish can't be
        written down.
        """
        held, about = tuple(lines), redact(about)
        label = f"Export {len(held):,} {what}" + (f" of {about}" if about else "")
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock()))
        stem = "-".join([what.replace(" ", "-"), *([slug(about)] if about else []), stamp])
        stop = threading.Event()
        return await to_the_end(
            self._whole(stem, kind, label, lambda file: _fill(file, kind, held, row_of, stop), len(held), stop),
            hurry=stop.set,
        )

    async def write_made(self, what: str, about: str, suffix: str, make: Callable[[], bytes]) -> Operation:
        """Write what `make` gives, in a thread, to a file of this suffix, as `write` writes rows."""
        about = redact(about)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock()))
        stem, label = f"{what}-{slug(about)}-{stamp}", f"Export the {what} of {about}"
        stop = threading.Event()
        whole = self._whole(stem, suffix, label, lambda file: _put(file, make, stop), 1, stop)
        return await to_the_end(whole, hurry=stop.set)

    async def _whole(
        self, stem: str, suffix: str, label: str, fill: Callable[[Path], None], count: int, stop: threading.Event
    ) -> Operation:
        """The row and the file, which `fill` writes in a thread until `stop` is set. What the row says at the end is
        so: who gives up waiting must not cut it off before."""
        file, wrong = self._folder / f"{stem}.{suffix}", ""
        try:
            file = await asyncio.to_thread(_reserve, self._folder, stem, suffix)
        except OSError as error:
            wrong = _words(file, error)
        try:
            wish = await asyncio.to_thread(
                self._operations.plan, EXPORT.name, label, str(file), actor=self._actor, total=count
            )
        except BaseException:
            if not wrong:
                _drop(file)
            raise
        if wrong:
            return await self._move(wish, "failed", wrong)
        try:
            await asyncio.to_thread(fill, file)
        except OSError as error:
            return await self._move(wish, "failed", _GIVEN_UP if stop.is_set() else _words(file, error))
        except BaseException:
            await self._move(wish, "failed", _GIVEN_UP)
            raise
        return await self._move(wish, "done", f"Saved as {file}", done=count)

    async def _move(self, wish: Operation, state: Literal["done", "failed"], words: str, *, done: int = 0) -> Operation:
        return await asyncio.to_thread(self._operations.move, wish.id, state, words, done=done)


def as_csv(values: Iterable[Any]) -> str:
    """One line of the file: numbers stay numbers, the rest is text, guarded."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_NONNUMERIC).writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: Any) -> Any:
    """What the CSV writer is given: text goes in quotes, a number doesn't."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int | float) else guarded(_plain(value))


def _plain(value: Any) -> str:
    """Text without secrets, and without what no UTF-8 file can hold."""
    return str(storable(redact(str(value))))


def _value(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else _plain(value)


def _fill(file: Path, kind: Kind, lines: Sequence[Any], row_of: Callable[[Any], Row], stop: threading.Event) -> None:
    """Put the whole in the place of the empty file, or take that away. For a thread; `stop` ends it."""
    part = _part(file)
    try:
        with _open_anew(part) as out:
            for at in range(0, len(lines), PART):
                _add(out, kind, lines[at : at + PART], row_of, first=at == 0)
                # The window has its turn.
                if stop.wait(PAUSE):
                    raise InterruptedError("it was given up")
            _finish(out, kind)
        os.replace(part, file)
    except BaseException:
        _drop(part, file)
        raise


def _put(file: Path, make: Callable[[], bytes], stop: threading.Event) -> None:
    part = _part(file)
    try:
        with _open_anew(part) as out:
            out.write(make())
            if stop.is_set():
                raise InterruptedError("it was given up")
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, file)
    except BaseException:
        _drop(part, file)
        raise


def _add(out: IO[bytes], kind: Kind, lines: Sequence[Any], row_of: Callable[[Any], Row], *, first: bool) -> None:
    rows = [row_of(line) for line in lines]
    if kind == "csv":
        # The mark tells spreadsheets that this is UTF-8.
        text = "\ufeff" + as_csv(rows[0]) if first else ""
        text += "".join(as_csv(row.values()) for row in rows)
    else:
        text = "[\n" if first else ",\n"
        text += ",\n".join(
            json.dumps({name: _value(value) for name, value in row.items()}, ensure_ascii=False) for row in rows
        )
    out.write(text.encode())


def _finish(out: IO[bytes], kind: Kind) -> None:
    if kind == "json":
        out.write(b"\n]\n")
    out.flush()
    os.fsync(out.fileno())


def _words(file: Path, error: OSError) -> str:
    return (
        f"{file} can't be written: {error.strerror or error}. "
        "The folder must be one that this account may write to, on a disk with space left."
    )


def _part(file: Path) -> Path:
    """Where it is written before it is whole."""
    return file.with_name(file.name + ".part")


def _drop(*files: Path) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            file.unlink()


def _reserve(folder: Path, stem: str, kind: str) -> Path:
    """An empty file of a name that nobody has: what an earlier export left is never written over."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = 1
    while True:
        file = folder / f"{stem}{f'-{number}' if number > 1 else ''}.{kind}"
        try:
            _open_anew(file).close()
        except FileExistsError:
            number += 1
        else:
            return file


def _open_anew(file: Path) -> IO[bytes]:
    """A new file that only this account reads: what customers have given is nobody else's."""
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
