"""The runs made on this machine, kept on its disk with all that they told."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from app import tasks
from app.actions.run_state import RunState
from services import artifacts
from services.domain.errors import ConsoleError, Refused
from services.domain.paths import inside, path_part
from services.domain.pictures import OF_STAFF, picture_name
from services.domain.redaction import redact_value
from services.domain.text import storable
from services.domain.typed import MASK
from services.ports.views import TraceView
from services.ports.wishes import PictureStore

_log = logging.getLogger(__name__)
_LARGEST: Final = 32 * 1024 * 1024
_VERSION: Final = 1
_SHARE_SECONDS: Final = 5.0


class _Record(msgspec.Struct, frozen=True):
    """The file `run.json` of a run. Its pictures are named as they lie beside it."""

    version: int
    state: RunState


class KeptRuns:
    """Below `root`, at most about `most_bytes`. `version` grows when `shown` is another."""

    def __init__(
        self, root: Path, most_bytes: int, *, viewer: TraceView | None = None, store: PictureStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._root = root
        self.most_bytes = most_bytes
        self._viewer = viewer
        self._store = store
        self._clock = clock
        self._wanted = ("", "")
        self.version = 0
        self.shown: RunState | None = None
        """The newest kept run of the job's directory that is wanted, once it was read; None where there is none."""

    def folder(self, job_id: str, directory: str, run_id: str) -> Path:
        """Where a run keeps its files."""
        return artifacts.folder_of(self._root, path_part(job_id), path_part(directory), path_part(run_id))

    def trace_address(self, path: str) -> str:
        """Where a browser of this machine sees a trace. Raises Refused where it can't be shown."""
        file = inside(self._root, path)
        if file is None or self._viewer is None:
            raise Refused("This trace can't be shown here.")
        return self._viewer.show(file)

    async def share(self, state: RunState) -> str:
        """Where others see the last picture of a run: in the project's storage, else where it lies here; "" for none.

        An outcome waits for this: it takes 5 s at the most.
        """
        file = inside(self._root, state.picture) if state.picture else None
        if file is None or self._store is None:
            return state.picture
        name = picture_name(OF_STAFF, state.job_id, state.directory, state.run_id)
        try:
            async with asyncio.timeout(_SHARE_SECONDS):
                data = await asyncio.to_thread(file.read_bytes)
                return await self._store.put(name, data)
        except (OSError, TimeoutError, ConsoleError) as error:
            _log.info("The picture of a run stays on this machine: %s", error)
            return state.picture

    async def keep(self, state: RunState) -> None:
        """Write down a run that ended. Where the disk doesn't take it, the run is what it was all the same."""
        try:
            await asyncio.to_thread(self._write, state)
        except (OSError, ValueError) as error:
            _log.error("The record of a run could not be written: %s", error)
        if self._wanted == (state.job_id, state.directory):
            self._show(state)
        await self.tidy({state.run_id})

    async def tidy(self, keep: Collection[str] = ()) -> None:
        """Make room. Never the run that is shown."""
        shown = [self.shown.run_id] if self.shown is not None else []
        await asyncio.to_thread(artifacts.tidy, self._root, self.most_bytes, self._clock(), {*keep, *shown})

    def want(self, job_id: str, directory: str) -> None:
        """Read the newest kept run of a directory, unless it is the one that was wanted before."""
        if (job_id, directory) != self._wanted:
            self._wanted = (job_id, directory)
            if self.shown is not None:
                self._show(None)
            if job_id and directory:
                tasks.supersede("kept run", self._read(job_id, directory))

    def newest(self, job_id: str, directory: str) -> RunState | None:
        """The newest kept run of a directory; blocks the thread. None when there is none that can be read."""
        return next(self.all_of(job_id, directory), None)

    def all_of(self, job_id: str, directory: str) -> Iterator[RunState]:
        """Every kept run of a directory that can be read, newest first; blocks the thread."""
        folder = self.folder(job_id, directory, "x").parent
        try:
            files = sorted(folder.glob(f"*/{artifacts.RECORD}"), key=lambda file: -file.stat().st_mtime)
        except OSError:
            return
        yield from (state for file in files if (state := _read_record(file)) is not None)

    def recover(self, state: RunState) -> None:
        """Write down a run that an earlier start was cut off in, with the pictures that it left; blocks the thread."""
        folder = self.folder(state.job_id, state.directory, state.run_id)
        if not folder.is_dir() or (folder / artifacts.RECORD).exists():
            return
        pictures = sorted(folder.glob("*.jpg"), key=lambda file: (file.name == "final.jpg", file.name))
        self._write(msgspec.structs.replace(state, picture=str(pictures[-1]) if pictures else ""))

    async def _read(self, job_id: str, directory: str) -> None:
        found = await asyncio.to_thread(self.newest, job_id, directory)
        if found is not None:
            self._show(found)

    def _show(self, state: RunState | None) -> None:
        self.shown = state
        self.version += 1

    def _write(self, state: RunState) -> None:
        folder = self.folder(state.job_id, state.directory, state.run_id)
        plain = storable(redact_value(msgspec.to_builtins(_Record(_VERSION, _unseen_masked(_named(state))))))
        artifacts.write_whole(folder / artifacts.RECORD, msgspec.json.encode(plain))


def _read_record(file: Path) -> RunState | None:
    """A kept run; None where the file is damaged, or another program's."""
    try:
        if file.stat().st_size > _LARGEST:
            return None
        record = msgspec.json.decode(file.read_bytes(), type=_Record)
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("The record of a run can't be read: %s", error)
        return None
    folder = file.parent.resolve()

    def placed(name: str) -> str:
        return str(found) if name and (found := inside(folder, str(folder / name))) is not None else ""

    return _with_paths(record.state, placed) if record.version == _VERSION else None


def _named(state: RunState) -> RunState:
    return _with_paths(state, lambda path: Path(path).name)


def _unseen_masked(state: RunState) -> RunState:
    """Of a step that was not done nobody saw the field: what would have gone in may be a password."""
    steps: Any = tuple(
        msgspec.structs.replace(line, value=MASK) if line.value and line.status != "done" else line
        for line in state.steps
    )
    return msgspec.structs.replace(state, steps=steps)


def _with_paths(state: RunState, change: Callable[[str], str]) -> RunState:
    steps: Any = tuple(msgspec.structs.replace(line, picture=change(line.picture)) for line in state.steps)
    return msgspec.structs.replace(state, steps=steps, picture=change(state.picture), trace=change(state.trace))
