"""The folder of what runs leave behind (pictures, logs, traces), kept below a size: the oldest run goes first."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from services.domain.paths import path_part
from services.domain.text import slug

RUNS: Final = "runs"
"""Below it: one folder for each job, in it one for each directory, in it one for each run made on this machine."""
RECORD: Final = "run.json"
"""Written last: a run's folder without it belongs to a run that goes on, or to one that was cut off."""
LOG: Final = ".log.json"
TRACE: Final = ".trace.zip"
"""Suffixes of what a worker kept, beside its picture's."""
_GONE: Final = ".gone-"
_PART: Final = ".part"
_RECENT_SECONDS: Final = 3600.0


def folder_of(root: Path, job: str, directory: str, run_id: str) -> Path:
    """Where a run made here keeps its files. The names are parts of a path already."""
    return root / RUNS / job / directory / run_id


def place_of_worker(root: Path, job_id: str, directory: str) -> Path:
    """Beside this path, by suffixes, lies what a worker here kept of its newest run of a directory."""
    return root / path_part(job_id) / slug(directory)


def write_whole(file: Path, data: bytes) -> None:
    """Put `data` in the file's place, whole or not at all, for nobody else to read. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}{_PART}")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def tidy(root: Path, most_bytes: int, now: float, keep: Collection[str] = ()) -> int:
    """Remove what is half written, then the oldest runs until the rest fits; gives the bytes that are left.

    Never one whose folder has a name in `keep`, nor one that changed within the hour before `now` (unix seconds) and
    isn't complete: a worker on this machine may be at it. Blocks the thread; what can't be removed stays.
    """
    units = []
    for place in _units(root):
        size, changed = _measure(place)
        recent = changed > now - _RECENT_SECONDS
        if place.name.startswith(_GONE) or (_is_half(place) and not recent and place.name not in keep):
            _remove(place)
            continue
        units.append((changed, size, place, (recent and not _is_whole(place)) or place.name in keep))
    left = sum(size for _, size, _, _ in units)
    for _, size, place, kept in sorted(units, key=lambda unit: unit[0]):
        if left <= most_bytes:
            break
        if not kept and _remove(place):
            left -= size
    return left


def _units(root: Path) -> Iterator[Path]:
    """Whatever is kept or removed as one: a run's folder, or a worker's picture of a directory."""
    for job in _within(root):
        if job.name == RUNS:
            for directories in _within(job):
                for runs in _within(directories):
                    yield from _within(runs)
        elif job.is_dir():
            yield from _within(job)


def _within(folder: Path) -> list[Path]:
    try:
        return [] if folder.is_symlink() else list(folder.iterdir())
    except OSError:
        return []


def _is_whole(place: Path) -> bool:
    return not place.is_dir() or (place / RECORD).is_file()


def _is_half(place: Path) -> bool:
    return not _is_whole(place) or place.suffix == _PART


def _measure(place: Path) -> tuple[int, float]:
    """Bytes, and when something in it was last written."""
    size, changed = 0, 0.0
    for path in (place, *(_all_below(place) if place.is_dir() and not place.is_symlink() else ())):
        try:
            found = path.lstat()
        except OSError:
            continue
        size += found.st_size
        changed = max(changed, found.st_mtime)
    return size, changed


def _all_below(folder: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(folder):
        yield from (Path(name) / each for each in (*folders, *files))


def _remove(place: Path) -> bool:
    """Whether it is gone: out of sight at once, so that nobody finds half of it."""
    try:
        if place.is_symlink() or not place.is_dir():
            place.unlink()
        else:
            hidden = place if place.name.startswith(_GONE) else place.with_name(f"{_GONE}{uuid.uuid4().hex}")
            place.rename(hidden)
            shutil.rmtree(hidden)
        for folder in list(place.parents)[:2]:
            folder.rmdir()  # the last one of its directory, or of its job
    except OSError:
        pass
    return not place.exists()
