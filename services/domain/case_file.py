"""A case file: what is known of a job in one file that any console opens, without secrets.

A zip with `case.json` and `pictures/001.jpg` and so on. A file comes from anybody: it is read with bounds on all that
it says of itself, in memory, and nothing of it is ever written to the disk.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from services.domain.redaction import redact_value
from services.domain.text import storable

SUFFIX: Final = "case.zip"
FORMAT: Final = "directory-bolt case"
VERSION: Final = 1
MOST_PICTURES: Final = 200
LARGEST_PICTURE: Final = 5 * 1024 * 1024
LARGEST_FILE: Final = 200 * 1024 * 1024
LARGEST_TEXT: Final = 32 * 1024 * 1024
_MANIFEST: Final = "case.json"
_PICTURE: Final = re.compile(r"pictures/[0-9]{3}\.(?:jpg|png)")
_IMAGE_STARTS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_PARTS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class NoCase(Exception):
    """The file is no case that can be shown; the text is a sentence that says why."""


class Moment(msgspec.Struct, frozen=True):
    """Something that happened, or that somebody decided. `at`: unix seconds."""

    at: float | None
    what: str
    directory: str = ""
    who: str = ""
    words: str = ""


class CaseStep(msgspec.Struct, frozen=True):
    """A step of a run. `picture`: its name in the file, "" for none."""

    words: str
    detail: str = ""
    status: str = ""
    ms: int | None = None
    error: str = ""
    picture: str = ""


class CaseRun(msgspec.Struct, frozen=True):
    """A run. `by`: who made it, "" for the machine that wrote the file. `requests`, `console`, `network`: rows as the
    Runs page has them; `plan`: its steps as Brain answers them."""

    run_id: str
    directory: str
    dry: bool
    started_at: float | None = None
    ended_at: float | None = None
    browser: str = ""
    verdict: str = ""
    words: str = ""
    reasons: tuple[str, ...] = ()
    steps: tuple[CaseStep, ...] = ()
    picture: str = ""
    requests: tuple[dict[str, Any], ...] = ()
    console: tuple[dict[str, Any], ...] = ()
    network: tuple[dict[str, Any], ...] = ()
    by: str = ""
    plan: tuple[Any, ...] = ()


class CaseDirectory(msgspec.Struct, frozen=True):
    """A directory of the job: how it ended and why; `record`: payload with the plan, and the response."""

    host: str
    outcome: str = ""
    words: str = ""
    error: str = ""
    url: str = ""
    listing_url: str = ""
    picture: str = ""
    attempts: tuple[Moment, ...] = ()
    record: dict[str, Any] = {}


class Case(msgspec.Struct, frozen=True):
    """Everything in the file but the pictures. `left_out`: sentences on what isn't in it."""

    business: str
    job_id: str = ""
    status: str = ""
    environment: str = ""
    made_at: float = 0.0
    made_by: str = ""
    facts: dict[str, str] = {}
    timeline: tuple[Moment, ...] = ()
    directories: tuple[CaseDirectory, ...] = ()
    runs: tuple[CaseRun, ...] = ()
    decisions: tuple[Moment, ...] = ()
    left_out: tuple[str, ...] = ()


class _Manifest(msgspec.Struct, frozen=True):
    format: str
    version: int
    case: Case
    pictures: dict[str, str]
    """Name in the file -> SHA-256 as hex."""


class _Head(msgspec.Struct, frozen=True):
    format: str = ""
    version: int = 0


def pack(case: Case, pictures: Mapping[str, bytes]) -> bytes:
    """The file. What looks like a secret, or has the name of one, isn't in it; `pictures` by their names in the file.

    Raises ValueError for more than a reader takes.
    """
    if len(pictures) > MOST_PICTURES or any(len(data) > LARGEST_PICTURE for data in pictures.values()):
        raise ValueError("too many pictures, or too large ones")
    plain = storable(redact_value(msgspec.to_builtins(case)))
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in pictures.items()}
    manifest = msgspec.json.encode({"format": FORMAT, "version": VERSION, "case": plain, "pictures": sums})
    if len(manifest) > LARGEST_TEXT:
        raise ValueError("the text is too long")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr(zipfile.ZipInfo(_MANIFEST), msgspec.json.format(manifest, indent=1), zipfile.ZIP_DEFLATED)
        for name, data in pictures.items():
            out.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_STORED)
    return made.getvalue()


def unpack(file: Path) -> tuple[Case, dict[str, bytes]]:
    """What is in a file of anybody's, pictures by name. Blocks the thread. Raises NoCase."""
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise NoCase("The file is too large for a case.")
        with zipfile.ZipFile(file) as given:
            return _read(given)
    except NoCase:
        raise
    except OSError as error:
        raise NoCase(f"The file can't be read: {error.strerror or 'the disk says no'}.") from error
    except Exception as error:  # a damaged zip shows in many ways: each is the same to whoever opens it
        raise NoCase("This is no case file, or it is damaged.") from error


def _read(given: zipfile.ZipFile) -> tuple[Case, dict[str, bytes]]:
    entries = given.infolist()
    if len(entries) > MOST_PICTURES + 1:
        raise NoCase("The file has more parts than a case has.")
    names = [entry.filename for entry in entries]
    if _MANIFEST not in names or len(set(names)) != len(names):
        raise NoCase("This is no case file, or it is damaged.")
    for entry in entries:
        if entry.filename != _MANIFEST and _PICTURE.fullmatch(entry.filename) is None:
            raise NoCase("The file has parts that no case has.")
        if entry.flag_bits & 1 or entry.compress_type not in _PARTS:
            raise NoCase("The file is packed in a way that no case is.")
    manifest = _decoded(_bounded(given, _MANIFEST, LARGEST_TEXT))
    pictures = {}
    for name in names:
        if name == _MANIFEST:
            continue
        data = _bounded(given, name, LARGEST_PICTURE)
        if hashlib.sha256(data).hexdigest() != manifest.pictures.get(name) or not data.startswith(_IMAGE_STARTS):
            raise NoCase("A picture of this case is damaged.")
        pictures[name] = data
    if len(pictures) < len(manifest.pictures):
        raise NoCase("A picture of this case is missing.")
    return manifest.case, pictures


def _bounded(given: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Never more than `most` bytes in memory, whatever the file says of its size."""
    with given.open(name) as part:
        data = part.read(most + 1)
    if len(data) > most:
        raise NoCase("The file would unpack to more than a case holds.")
    return data


def _decoded(data: bytes) -> _Manifest:
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:
            raise NoCase("This is no case file, or it is damaged.")
        if head.version != VERSION:
            raise NoCase("This case was made by a newer console: update this one.")
        return msgspec.json.decode(data, type=_Manifest)
    except (ValueError, RecursionError) as error:
        raise NoCase("This is no case file, or it is damaged.") from error
