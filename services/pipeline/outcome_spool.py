"""Outcomes that are known here and not yet in the database, as files that outlive this process."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import Final

import msgspec

from services.domain.text import one_line
from services.submission.outcome import Outcome

log = logging.getLogger(__name__)

_ASIDE: Final = ".refused"


class KnownOutcome(msgspec.Struct, frozen=True):
    """How a directory that `owner` had claimed with `key` ended."""

    job_id: str
    host: str
    key: str
    owner: str
    outcome: Outcome

    def in_words(self) -> dict[str, object]:
        """Everything that a person needs to declare it, as fields of a log line."""
        found = self.outcome
        return {
            "job_id": self.job_id,
            "directory": self.host,
            "outcome": found.status,
            "reasons": found.reasons,
            "listing_url": found.listing_url,
            "screenshot_url": found.screenshot,
            "idem": self.key,
        }


class OutcomeSpool:
    """A folder with one file for each outcome. Several workers may share it: to deliver one twice changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, known: KnownOutcome) -> None:
        """On the disk when this returns. A disk that takes no more is said in the log: the outcome goes on without."""
        file = self._file(known)
        fresh = file.with_suffix(f".{os.getpid()}.new")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(fresh, "wb") as out:
                out.write(msgspec.json.encode(known))
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(file)
        except OSError as error:
            log.error("An outcome could not be kept here", extra={**known.in_words(), "reason": one_line(error)})

    def drop(self, known: KnownOutcome) -> None:
        """It is in the database, or no longer ours to write."""
        try:
            self._file(known).unlink(missing_ok=True)
        except OSError as error:
            log.warning("An outcome that is written could not be dropped", extra={"reason": one_line(error)})

    def put_aside(self, known: KnownOutcome) -> None:
        """The database refuses it: kept for a person, and not offered again."""
        file = self._file(known)
        try:
            file.replace(file.with_suffix(_ASIDE))
        except OSError as error:
            log.warning("An outcome could not be put aside", extra={"reason": one_line(error)})

    def left(self) -> list[KnownOutcome]:
        """What an earlier process, or a database that was away, has left. Files that can't be read are put aside."""
        found = []
        for file in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            try:
                found.append(msgspec.json.decode(file.read_bytes(), type=KnownOutcome))
            except FileNotFoundError:
                continue
            except (OSError, msgspec.DecodeError) as error:
                log.error(
                    "An outcome that was kept can't be read", extra={"file": file.name, "reason": one_line(error)}
                )
                file.replace(file.with_suffix(_ASIDE))
        return found

    def _file(self, known: KnownOutcome) -> Path:
        name = hashlib.sha256(f"{known.owner}\n{known.key}".encode(errors="surrogatepass")).hexdigest()
        return self._folder / f"{name[:32]}.json"
